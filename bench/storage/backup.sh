#!/bin/sh
# First copy, a day with nothing new, one percent changed, and restore of 10 GB of mixed data: Varve's encrypted repository beside Borg's and
# restic's, interleaved. bench/storage/backup.sh [MEGABYTES]. BENCH_REPEAT (2) says how many first copies and changed days.
# Needs seven times the size on disk. What is read is put out of the memory before each case; names and sizes of files stay in it.
set -eu
megabytes=${1:-10240}
repeat=${BENCH_REPEAT:-2}
bench=$(cd "$(dirname "$0")/.." && pwd -P)
for pair in borg=borgbackup restic=restic python3=python3; do
    command -v "${pair%=*}" > /dev/null || { echo "$0: ${pair%=*} is missing; install with: apt-get install -y --no-install-recommends ${pair#*=}" >&2; exit 4; }
done
"$bench/../varve" --version > /dev/null
varve=$bench/../artifacts/varve

work=${BENCH_SCRATCH:-}
made=
[ -n "$work" ] || { work=$(mktemp -d "${TMPDIR:-/var/tmp}/varve-bench.XXXXXX"); made=$work; }
trap '[ -z "$made" ] || { chmod -R u+w "$made"; rm -rf "$made"; }' EXIT
trap 'exit 130' INT TERM
export BENCH_SCRATCH="$work" XDG_CACHE_HOME="$work/cache" BORG_BASE_DIR="$work/borg-base" BORG_PASSPHRASE=measured RESTIC_PASSWORD=measured \
    BORG_RELOCATED_REPO_ACCESS_IS_OK=yes VARVE_KEY_FILE="$work/key" VARVE_HOME="$work/home"

source=$work/source
[ -d "$source" ] || { mkdir -p "$source"; python3 "$bench/mixed.py" "$source" "$megabytes"; }
evict() { echo "sync; python3 $bench/storage/evict.py $1"; }
size() { du -s --apparent-size --block-size=1 "$1" | cut -f 1; }
table() { printf '\n%s, load %s:\n\n' "$1" "$(cut -d ' ' -f 1-3 /proc/loadavg)"; }

echo "$(size "$source") bytes in $(find "$source" -type f | wc -l) files; $(nproc) CPUs, Linux $(uname -r), $(date -u +%Y-%m-%d). Repeat: \`bench/storage/backup.sh $megabytes\`"

backup_varve="$varve snap repo backup --quiet $work/varve $source"
backup_borg="borg create $work/borg::\$(date +%s%N) $source"
backup_restic="restic -q -r $work/restic backup $source"

table "First copy"
python3 "$bench/measure.py" --warm 0 --repeat "$repeat" \
    --case "Borg" "$backup_borg" "rm -rf $work/borg $work/borg-base; borg init -e repokey $work/borg; $(evict "$source")" \
    --case "restic" "$backup_restic" "rm -rf $work/restic $work/cache/restic; restic -q -r $work/restic init; $(evict "$source")" \
    --case "Varve" "$backup_varve" "rm -rf $work/varve $work/cache/varve; $varve snap repo init $work/varve --new-key-file $work/key; $(evict "$source")"
printf '\nSize: Borg %s, restic %s, Varve %s bytes\n' "$(size "$work/borg")" "$(size "$work/restic")" "$(size "$work/varve")"

table "Nothing changed"
python3 "$bench/measure.py" --warm 0 --repeat "$repeat" --case "Borg" "$backup_borg" --case "restic" "$backup_restic" --case "Varve" "$backup_varve"

for day in $(seq "$repeat"); do
    python3 "$bench/mixed.py" --change "$source" $((day + 1))
    table "One percent changed, day $day"
    python3 "$bench/measure.py" --warm 0 --repeat 1 --case "Borg" "$backup_borg" "$(evict "$source")" --case "restic" "$backup_restic" "$(evict "$source")" --case "Varve" "$backup_varve" "$(evict "$source")"
done
printf '\nSize: Borg %s, restic %s, Varve %s bytes\n' "$(size "$work/borg")" "$(size "$work/restic")" "$(size "$work/varve")"

# Each into a folder of its own: ext4 looks for long at what was deleted in the last minutes before it makes files again.
table "Restore of all"
python3 "$bench/measure.py" --warm 0 --repeat 1 \
    --case "cp -a and sync, as the speed of the disk" "cp -a $source $work/again-cp; sync -f $work/again-cp" "$(evict "$source")" \
    --case "Borg" "cd $work/again-borg && borg extract $work/borg::\$(borg list --short --last 1 $work/borg) && sync -f ." "mkdir $work/again-borg; $(evict "$work/borg")" \
    --case "restic" "restic -q -r $work/restic restore latest --target $work/again-restic; sync -f $work/again-restic" "$(evict "$work/restic")" \
    --case "Varve" "$varve snap repo restore --quiet $work/varve latest $work/again-varve; sync -f $work/again-varve" "$(evict "$work/varve")"
diff -r "$source" "$work/again-varve" && echo && echo "What Varve brought back is the source."
