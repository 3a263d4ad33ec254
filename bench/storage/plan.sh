#!/bin/sh
# How long a plan over a million snapshots takes: 1,000 datasets of 1,000, listed by a zfs that is a file.
# bench/storage/plan.sh [SNAPSHOTS]
set -eu
varve=${VARVE_PROGRAM:-$(cd "$(dirname "$0")/../.." && pwd)/artifacts/varve}
count=${1:-1000000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
now=$(date +%s)
awk -v n="$count" -v now="$now" 'BEGIN { for (i = 0; i < n; i++) { d = int(i / 1000); k = i % 1000; t = now - (1000 - k) * 3600
    printf "tank/d%d@varve_%d\t%d\t%d\t%d\t0\t-\t0\t-\tpolicy\n", d, t, i + 1, t, k + 1 } }' > "$work/snapshots"
awk -v n="$count" 'BEGIN { print "tank\ttype\tfilesystem\t-"; for (d = 0; d < n / 1000; d++) printf "tank/d%d\ttype\tfilesystem\t-\n", d }' > "$work/datasets"
cat > "$work/zfs" <<END
#!/bin/sh
case "\$*" in *snapshot*) exec cat "$work/snapshots" ;; *) exec cat "$work/datasets" ;; esac
END
printf '#!/bin/sh\necho 50\n' > "$work/zpool"
chmod +x "$work/zfs" "$work/zpool"
printf '[snapshots.tank]\nkeep = "48h hourly, 14d daily, 8w weekly"\nrecursive = true\n' > "$work/own.toml"
printf '[tank]\nrecursive = yes\nhourly = 48\ndaily = 14\nweekly = 8\n' > "$work/sanoid.conf"
for config in own.toml sanoid.conf; do
    for action in "--prune --dry-run --yes --quiet" plan; do
        # shellcheck disable=SC2086 # words
        PATH="$work:$PATH" /usr/bin/time -f "$config, snap $action: %e s, %U s user, %M KiB" "$varve" snap $action --config "$work/$config" > "$work/out"
    done
done
