#!/bin/sh
# A build from nothing after an edit of one source: zlib (from Debian's sources) by make alone, with ccache, and under Varve,
# which reuses each compilation of the others at its exec. BENCH_REPEAT sets the rounds (7).
# RIKER=PATH adds Riker (rkr) where a built one is at hand.
. "$(dirname "$0")/common.sh"
need make=make gcc=gcc dpkg-source=dpkg-dev ccache=ccache

sources=$BENCH_SCRATCH/sources
if [ ! -d "$sources/zlib" ]; then
    mkdir -p "$sources/lists/partial" "$sources/cache/archives/partial"
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main" \
        >"$sources/sources.list"
    apt="apt-get -q -o Dir::Etc::sourcelist=$sources/sources.list -o Dir::Etc::sourceparts=- \
        -o Dir::State::lists=$sources/lists -o Dir::Cache=$sources/cache -o APT::Sandbox::User=$(id -un)"
    (cd "$sources" && $apt update && $apt source --download-only zlib && dpkg-source --skip-patches -x zlib_*.dsc zlib \
        && cd zlib && ./configure && cp adler32.c ../adler32.c) >"$BENCH_SCRATCH/apt.log" 2>&1 || {
        tail -n 5 "$BENCH_SCRATCH/apt.log" >&2
        exit 4
    }
fi
export CCACHE_DIR="$BENCH_SCRATCH/ccache"
edited="make clean; { cat ../adler32.c; date +'int edited_%s_%N;'; } >adler32.c"
# Each has seen the build once before.
for warm in "make" "make CC='ccache gcc'" "$varve exec --quiet -- make"; do
    (cd "$sources/zlib" && make clean && cp ../adler32.c adler32.c && sh -c "$warm") >/dev/null 2>&1
done
heading "zlib from nothing, one source edited"
set -- --case "make" "make" "$edited" --case "make with ccache" "make CC='ccache gcc'" "$edited" \
    --case "varve exec" "$varve exec --quiet -- make" "$edited"
[ -z "${RIKER:-}" ] || set -- "$@" --optional "Riker" "'$RIKER'" "$edited"
measure --repeat "$repeat" --dir "$sources/zlib" "$@"
