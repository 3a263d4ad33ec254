# Sourced by every benchmark: finds Varve, checks what is needed, makes a scratch folder.
set -eu
bench=$(cd "$(dirname "$0")" && pwd -P)
root=${bench%/*}

# need COMMAND=PACKAGE...: ends with the line that installs what is missing.
need() {
    absent=
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null 2>&1 || absent="$absent ${pair#*=}"
    done
    [ -z "$absent" ] || {
        echo "$0: missing; install with: apt-get install -y --no-install-recommends$absent" >&2
        exit 4
    }
}

need python3=python3
"$root/varve" --version >/dev/null
varve=$root/artifacts/varve

made=
if [ -z "${BENCH_SCRATCH:-}" ]; then
    BENCH_SCRATCH=$(mktemp -d "${TMPDIR:-/var/tmp}/varve-bench.XXXXXX")
    made=$BENCH_SCRATCH
fi
mkdir -p "$BENCH_SCRATCH"
export BENCH_SCRATCH
trap '[ -z "$made" ] || { chmod -R u+w "$made" 2>/dev/null; rm -rf "$made"; }' EXIT
export VARVE_HOME="$BENCH_SCRATCH/home"
export REPROZIP_USAGE_STATS=off
repeat=${BENCH_REPEAT:-7}

measure() {
    python3 "$bench/measure.py" "$@"
}

# heading TITLE: a title and the host in one line, so that a pasted table says where it is from.
heading() {
    printf '\n### %s\n\n' "$1"
    printf '%s, %s CPUs, Linux %s, %s; load at the start %s. Repeat: `bench/%s`\n\n' \
        "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(uname -r)" \
        "$(date -u +%Y-%m-%d)" "$(cut -d ' ' -f 1 /proc/loadavg)" "$(basename "$0")"
}
