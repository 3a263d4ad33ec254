#!/bin/bash
# Replication over 50 ms there and back and 1 % loss between two network namespaces: varve sync beside `btrfs send | ssh ... btrfs receive`
# alone, interleaved, first a full stream and then an increment of a tenth. BENCH_MEGABYTES (32) says how much, BENCH_REPEAT (3) how often.
# Delay and loss are those of `tc netem`, or of link.c where the kernel has none; BENCH_LINK=plain leaves them out and shows the cost of the program.
set -eu
varve=${VARVE_PROGRAM:-$(cd "$(dirname "$0")/../.." && pwd)/artifacts/varve}
megabytes=${BENCH_MEGABYTES:-32}
for program in ip tc cc mkfs.btrfs ssh /usr/sbin/sshd; do
    command -v $program > /dev/null || { echo "$0: missing $program; install with: apt-get install -y --no-install-recommends iproute2 gcc libc6-dev btrfs-progs openssh-server openssh-client" >&2; exit 4; }
done
[ "$(id -u)" = 0 ] || { echo "$0: only root can make network namespaces and mount file systems" >&2; exit 4; }
work=$(mktemp -d)
a=varve-a-$$ b=varve-b-$$
finish() {
    kill $sshd $between 2> /dev/null || true
    ip netns del $a 2> /dev/null || true
    ip netns del $b 2> /dev/null || true
    umount -l "$work/here" "$work/there" 2> /dev/null || true
    rm -rf "$work"
}
sshd= between=
trap finish EXIT
trap 'exit 130' INT TERM

ip netns add $a
ip netns add $b
ip -n $a link set lo up
ip -n $b link set lo up
plug() { # two ends of one wire
    ip link add va$$ netns $a type veth peer name vb$$ netns $b
    for end in "$a va$$ 10.99.0.1" "$b vb$$ 10.99.0.2"; do
        set -- $end
        ip -n $1 addr add $3/24 dev $2
        ip -n $1 link set $2 up
    done
}
# There and back is 50 ms; what is sent loses 1 %.
if [ "${BENCH_LINK:-}" = plain ]; then
    plug
    link="a link as it is, which shows the cost of the program only"
elif plug && tc -n $a qdisc add dev va$$ root netem delay 25ms loss 1% limit 100000 2> /dev/null && tc -n $b qdisc add dev vb$$ root netem delay 25ms limit 100000; then
    link="50 ms there and back, 1 % loss, by netem"
else
    ip -n $a link del va$$
    cc -O2 -o "$work/link" "$(dirname "$0")/link.c"
    coproc wire { exec "$work/link" $a $b 10.99.0.1 10.99.0.2 25 1; }
    between=$wire_PID
    read -r _ <&"${wire[0]}"
    link="50 ms there and back, 1 % loss, by link.c"
fi
for disk in here there; do
    truncate -s 2G "$work/$disk.img"
    mkfs.btrfs -q "$work/$disk.img" > /dev/null
    mkdir "$work/$disk"
    mount -o loop "$work/$disk.img" "$work/$disk"
done
ssh-keygen -q -t ed25519 -N '' -f "$work/host"
ssh-keygen -q -t ed25519 -N '' -f "$work/id"
mkdir -p /run/sshd
ip netns exec $b /usr/sbin/sshd -D -f /dev/null -h "$work/host" -o UsePAM=no -o StrictModes=no -o PidFile=none -o PermitRootLogin=yes -o AuthorizedKeysFile="$work/id.pub" &
sshd=$!
sleep 1
options="-i $work/id -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"

seconds() {
    local begin end
    begin=$(date +%s%N)
    "$@" > "$work/out" 2>&1 || { cat "$work/out" >&2; exit 3; }
    end=$(date +%s%N)
    echo $(((end - begin) / 1000000))
}
pipe() { # NAME BASE
    # shellcheck disable=SC2086 # words
    btrfs send -q ${2:+-p "$snapshots/$2"} "$snapshots/$1" | ip netns exec $a ssh $options root@10.99.0.2 "mkdir -p $work/there/pipe$round && btrfs receive $work/there/pipe$round"
}
sync_() {
    # shellcheck disable=SC2086 # words
    ip netns exec $a "$varve" sync --no-sync-snap --include-snaps "$1" --compress none --sshkey "$work/id" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
        "$data" "root@10.99.0.2:$work/there/sync$round"
}

data=$work/here/data snapshots=$work/here/data/.varve-snapshots
btrfs subvolume create "$data" > /dev/null
mkdir "$snapshots"
head -c ${megabytes}M /dev/urandom > "$data/big"
btrfs subvolume snapshot -r "$data" "$snapshots/one" > /dev/null
head -c $((megabytes / 10 + 1))M /dev/urandom | dd of="$data/big" bs=1M seek=3 conv=notrunc 2> /dev/null
btrfs subvolume snapshot -r "$data" "$snapshots/two" > /dev/null

echo "Over $link."
echo
echo "| round | stream | btrfs send \\| ssh | varve sync | share of its speed |"
echo "|---|---|---|---|---|"
for round in $(seq "${BENCH_REPEAT:-3}"); do
    for stream in one two; do
        base=
        [ $stream = one ] || base=one
        alone=$(seconds pipe $stream $base)
        varves=$(seconds sync_ "^($stream${base:+|$base})\$")
        echo "| $round | $([ $stream = one ] && echo "full, $megabytes MB" || echo "increment, $((megabytes / 10 + 1)) MB") | $alone ms | $varves ms | $((alone * 100 / varves)) % |"
    done
done
