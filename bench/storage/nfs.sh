#!/bin/bash
# Against NFS: four hosts in network namespaces read one dataset of 2 GB (BENCH_MEGABYTES) of rasters, all over links of 1 Gbit/s (BENCH_MBIT):
# from one NFS server; and each by `varve data clone` from whoever holds it, where one that holds it is killed midway. In both the first host reads
# alone, then three others at once, and then these read it all once more. Time to the first byte and to all, and what it costs the first server.
#
# Where this host has no NFS client in its kernel, libnfs' nfs-cat is the client; the server is nfs-ganesha, which serves from user space as well.
set -eu
megabytes=${BENCH_MEGABYTES:-2048} mbit=${BENCH_MBIT:-1000}
root=$(cd "$(dirname "$0")/../.." && pwd -P)
varve=${VARVE_PROGRAM:-$root/artifacts/varve}
for pair in ip=iproute2 tc=iproute2 mkfs.btrfs=btrfs-progs ssh=openssh-client /usr/sbin/sshd=openssh-server ganesha.nfsd=nfs-ganesha nfs-cat=libnfs-utils python3=python3; do
    command -v "${pair%=*}" > /dev/null || { echo "$0: ${pair%=*} is missing; install with: apt-get install -y --no-install-recommends ${pair#*=}$([ "${pair#*=}" != nfs-ganesha ] || echo ' nfs-ganesha-vfs')" >&2; exit 4; }
done
[ "$(id -u)" = 0 ] || { echo "$0: only root can make network namespaces and mount file systems" >&2; exit 4; }

work=$(mktemp -d "${TMPDIR:-/var/tmp}/varve-nfs.XXXXXX")
tag=vn$$
finish() {
    # All of them end before any is waited for.
    { for host in s 1 2 3 4; do ip netns pids $tag$host | xargs -r kill -9; done; wait; } 2> /dev/null || true
    for host in s 1 2 3 4; do
        umount -l "$work/$host/nfs" 2> /dev/null || true
        umount -l "$work/$host/disk" 2> /dev/null || true
        ip netns del $tag$host 2> /dev/null || true
    done
    ip netns del ${tag}hub 2> /dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# A router in the middle; each host has a link to it, shaped at both ends.
ip netns add ${tag}hub
ip netns exec ${tag}hub sysctl -qw net.ipv4.ip_forward=1
shaped="links of $mbit Mbit/s"
number=0
ssh-keygen -q -t ed25519 -N '' -f "$work/id"
mkdir -p /run/sshd
for host in s 1 2 3 4; do
    number=$((number + 1))
    ns=$tag$host
    ip netns add $ns
    ip link add h$$$host netns ${tag}hub type veth peer name e$$ netns $ns
    ip -n ${tag}hub addr add 10.98.$number.1/24 dev h$$$host
    ip -n ${tag}hub link set h$$$host up
    ip -n $ns link set lo up
    ip -n $ns addr add 10.98.$number.2/24 dev e$$
    ip -n $ns link set e$$ up
    ip -n $ns route add default via 10.98.$number.1
    tc -n ${tag}hub qdisc add dev h$$$host root tbf rate ${mbit}mbit burst 512k latency 50ms 2> /dev/null && tc -n $ns qdisc add dev e$$ root tbf rate ${mbit}mbit burst 512k latency 50ms 2> /dev/null ||
        shaped="links as they are, for this kernel has no tbf"
    mkdir -p "$work/$host"/{disk,bin,nfs,run}
    truncate -s $((megabytes + megabytes / 2 + 1024))M "$work/$host/image"
    mkfs.btrfs -q "$work/$host/image" > /dev/null
    mount -o loop,noatime "$work/$host/image" "$work/$host/disk"
    printf '#!/bin/sh\nexec %s "$@"\n' "$varve" > "$work/$host/bin/varve"
    chmod +x "$work/$host/bin/varve"
    ssh-keygen -q -t ed25519 -N '' -f "$work/$host/key"
    cat > "$work/$host/sshd" << CONF
HostKey $work/$host/key
PidFile none
AuthorizedKeysFile $work/id.pub
StrictModes no
UsePAM no
PermitRootLogin yes
SetEnv VARVE_STATE=$work/$host/state XDG_CACHE_HOME=$work/$host/cache PATH=$work/$host/bin:/usr/sbin:/usr/bin:/sbin:/bin
CONF
    printf 'Host h%s\n    HostName 10.98.%s.2\n' $host $number >> "$work/ssh"
done
cat >> "$work/ssh" << CONF
Host *
    User root
    IdentityFile $work/id
    StrictHostKeyChecking no
    UserKnownHostsFile /dev/null
    LogLevel ERROR
CONF
server=10.98.1.2 data=$work/s/disk/data

on() { # HOST COMMAND... with a state of its own
    local host=$1
    shift
    ip netns exec $tag$host env VARVE_STATE="$work/$host/state" XDG_CACHE_HOME="$work/$host/cache" VARVE_SSH_CONFIG="$work/ssh" PATH="$work/$host/bin:$PATH" "$@"
}
milliseconds() { echo $(($(date +%s%N) / 1000000 - begun)); }
sent() { ip netns exec ${tag}s cat /sys/class/net/e$$/statistics/tx_bytes; }
# Seconds of processor of a server and of all its children that have ended.
processor() { awk -v tick="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%.1f", ($12 + $13 + $14 + $15) / tick }' "/proc/$1/stat"; }
difference() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f", b - a }'; }

btrfs -q subvolume create "$data"
python3 - "$data" "$megabytes" << 'END'
import random, sys
folder, left, number = sys.argv[1], int(sys.argv[2]), 0
chance = random.Random(1)
while left > 0:
    with open(f"{folder}/{number:03}.tif", "wb") as file:
        file.write(chance.randbytes(min(left, 32) << 20))
    left, number = left - 32, number + 1
END
files=$(find "$data" -maxdepth 1 -name '*.tif' | sort)
digest() { (cd "$1" && find . -maxdepth 1 -name '*.tif' | sort | xargs sha256sum | sha256sum); }
want=$(digest "$data")

echo "$(echo "$files" | wc -l) files, $megabytes MB; $shaped; $(nproc) CPUs, Linux $(uname -r), $(date -u +%Y-%m-%d); load $(cut -d ' ' -f 1 /proc/loadavg). Repeat: \`bench/storage/nfs.sh\`"

### One NFS server. What it exports must be mounted itself: ganesha takes a subvolume in a mount for another file system.
mount -o noatime,subvol=data "$(findmnt -nro SOURCE "$work/s/disk")" "$work/s/nfs"
cat > "$work/ganesha.conf" << CONF
NFS_Core_Param { Protocols = 4; NFS_Port = 2049; Enable_NLM = false; Enable_RQUOTA = false; }
NFSv4 { Grace_Period = 5; Lease_Lifetime = 10; RecoveryBackend = fs; RecoveryRoot = $work/s/run; }
EXPORT { Export_Id = 1; Path = $work/s/nfs; Pseudo = /data; Access_Type = RO; Squash = No_Root_Squash; SecType = sys; Protocols = 4; FSAL { Name = VFS; } }
CONF
ip netns exec ${tag}s ganesha.nfsd -F -L "$work/ganesha.log" -f "$work/ganesha.conf" -p "$work/s/run/ganesha.pid" -N EVENT &
ganesha=$!
one=$(basename "$(echo "$files" | head -n 1)")
url="nfs://$server/data"
for try in $(seq 120); do
    [ "$(ip netns exec ${tag}1 nfs-cat "$url/$one?version=4" 2> "$work/said" | head -c 1 | wc -c)" != 1 ] || break
    sleep 0.25
    [ "$try" != 120 ] || { echo "$0: the NFS server does not serve: $(tail -n 1 "$work/said") $(tail -n 1 "$work/ganesha.log")" >&2; exit 3; }
done
if { grep -qw nfs4 /proc/filesystems || modprobe nfsv4 2> /dev/null; } && ip netns exec ${tag}1 mount -t nfs4 -o ro $server:/data "$work/1/nfs" 2> /dev/null; then
    umount "$work/1/nfs"
    client="the kernel's client"
    read_nfs() {
        ip netns exec $tag$1 mount -t nfs4 -o ro $server:/data "$work/$1/nfs"
        head -c 1 "$work/$1/nfs/$one" > /dev/null
        milliseconds > "$work/$1/first"
        cat "$work/$1"/nfs/*.tif > /dev/null
        milliseconds > "$work/$1/all"
        umount "$work/$1/nfs"
    }
else
    client="libnfs' nfs-cat (this kernel has no NFS client)"
    read_nfs() {
        ip netns exec $tag$1 nfs-cat "$url/$one?version=4" 2> /dev/null | { head -c 1 > /dev/null; milliseconds > "$work/$1/first"; cat > /dev/null; }
        for file in $(echo "$files" | tail -n +2); do ip netns exec $tag$1 nfs-cat "$url/${file##*/}?version=4" > /dev/null; done
        milliseconds > "$work/$1/all"
    }
fi

rows=()
phase() { # NAME FUNCTION HOSTS...: begins all at once, and adds a row
    local name=$1 how=$2 host bytes cpu waits=() first=0 all=0
    shift 2
    bytes=$(sent) cpu=$(processor $serving) begun=$(($(date +%s%N) / 1000000))
    for host; do
        $how "$host" &
        waits+=($!)
    done
    [ "$how" != clone_killing ] || kill_midway
    for host in "${waits[@]}"; do wait "$host"; done
    for host; do
        [ "$(cat "$work/$host/first")" -le $first ] || first=$(cat "$work/$host/first")
        [ "$(cat "$work/$host/all")" -le $all ] || all=$(cat "$work/$host/all")
    done
    rows+=("| $name | $(awk -v n=$first 'BEGIN { printf "%.2f", n / 1000 }') s | $(awk -v n=$all 'BEGIN { printf "%.1f", n / 1000 }') s | $((($(sent) - bytes) / 1000000)) MB | $(difference "$cpu" "$(processor $serving)") s |")
    echo "${rows[-1]}" >&2
}
serving=$ganesha
phase "NFS: the first host" read_nfs 1
phase "NFS: three more at once" read_nfs 2 3 4
phase "NFS: the three once more" read_nfs 2 3 4
kill "$ganesha"
wait "$ganesha" 2> /dev/null || true

### Clones from whoever holds it.
declare -A daemon
for host in s 1 2 3 4; do
    ip netns exec $tag$host /usr/sbin/sshd -D -f "$work/$host/sshd" 2> /dev/null &
    daemon[$host]=$!
done
sleep 0.5
printf '[snapshots."%s"]\nkeep = "48h hourly"\n' "$data" > "$work/snap.toml"
for host in s 1 2 3 4; do on $host varve data host h$host > /dev/null; done
on s varve snap --take --quiet --config "$work/snap.toml"
on s varve data add land/cover "$data" --copies 2 --quiet
for host in 1 2 3 4; do on $host varve data join --quiet hs; done

clone() {
    local target=$work/$1/disk/data
    on "$1" varve data clone land/cover --to "$target" --wait > "$work/$1/log" 2>&1 &
    local cloning=$!
    until [ -n "$(find "$target" -maxdepth 1 -name '*.tif' -size +0 -print -quit 2> /dev/null)" ]; do kill -0 $cloning 2> /dev/null || break; sleep 0.005; done
    milliseconds > "$work/$1/first"
    wait $cloning || { cat "$work/$1/log" >&2; kill $$; }
    milliseconds > "$work/$1/all"
}
clone_killing() { clone "$1"; }
# The first host that read it dies, with all that runs on it and its link, when another has a third.
kill_midway() {
    local have=0
    until [ "$have" -ge $((megabytes / 3)) ]; do
        sleep 0.05
        have=$(du -sm "$work/2/disk" "$work/3/disk" "$work/4/disk" 2> /dev/null | sort -n | tail -n 1 | cut -f 1)
    done
    ip -n ${tag}1 link set e$$ down
    { ip netns pids ${tag}1 | xargs -r kill -9; } 2> /dev/null
    killed=$(milliseconds)
}
read_local() {
    head -c 1 "$work/$1/disk/data/$one" > /dev/null
    milliseconds > "$work/$1/first"
    cat "$work/$1"/disk/data/*.tif > /dev/null
    milliseconds > "$work/$1/all"
}
serving=${daemon[s]}
phase "Varve: the first host clones" clone 1
for host in 2 3 4; do on $host varve data join --quiet h1; done
phase "Varve: three more at once, the first clone killed midway" clone_killing 2 3 4
phase "Varve: the three once more, from their own disks" read_local 2 3 4
for host in 2 3 4; do
    [ "$(digest "$work/$host/disk/data")" = "$want" ] || { echo "$0: host $host has other bytes than the first server" >&2; exit 3; }
done

cat << END
NFS: nfs-ganesha as the server, $client. Varve: every byte compared at the end; the clone was killed $(awk -v n="$killed" 'BEGIN { printf "%.1f", n / 1000 }') s after the three began.
The first byte of a clone is there when its first file is, with its name.

| | first byte, of the last host | all, of the last host | sent by the first server | its processor |
|---|---:|---:|---:|---:|
END
printf '%s\n' "${rows[@]}"
for host in 2 3 4; do echo; echo "Host $host:"; sed 's/^/    /' "$work/$host/log"; done
