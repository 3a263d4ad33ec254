#!/bin/sh
# Whole builds of Lua and zlib from Debian's sources: plain, under Varve, a bare supervisor (bare.c), strace and ReproZip.
# Needs root only where apt-get does not work without it. BENCH_REPEAT sets the rounds (7).
. "$(dirname "$0")/common.sh"
need make=make gcc=gcc dpkg-source=dpkg-dev strace=strace reprozip=reprozip

# Debian's sources through an apt configuration of our own: the system's lists stay as they are.
sources=$BENCH_SCRATCH/sources
if [ ! -d "$sources/lua" ]; then
    mkdir -p "$sources/lists/partial" "$sources/cache/archives/partial"
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main" \
        >"$sources/sources.list"
    apt="apt-get -q -o Dir::Etc::sourcelist=$sources/sources.list -o Dir::Etc::sourceparts=- \
        -o Dir::State::lists=$sources/lists -o Dir::Cache=$sources/cache -o APT::Sandbox::User=$(id -un)"
    (cd "$sources" && $apt update && $apt source --download-only lua5.4 zlib) >"$BENCH_SCRATCH/apt.log" 2>&1 || {
        tail -n 5 "$BENCH_SCRATCH/apt.log" >&2
        exit 4
    }
    # Without Debian's patches, whose makefile of Lua asks for libtool.
    (cd "$sources" && dpkg-source --skip-patches -x lua5.4_*.dsc lua && dpkg-source --skip-patches -x zlib_*.dsc zlib) \
        >>"$BENCH_SCRATCH/apt.log" 2>&1
    (cd "$sources/zlib" && ./configure >/dev/null)
fi

gcc -O2 "$bench/bare.c" -o "$BENCH_SCRATCH/bare" -lpthread

compare() {
    heading "$1"
    shift
    directory=$1
    clean=$2
    build=$3
    $varve --version >/dev/null
    measure --repeat "$repeat" --dir "$directory" \
        --case "plain" "$build" "$clean" \
        --case "varve exec" "$varve exec --quiet --again -- $build" "$clean" \
        --case "varve exec, nothing known before" "$varve exec --quiet --again -- $build" "$clean; rm -rf '$VARVE_HOME'" \
        --case "a bare supervisor in C that keeps nothing" "$BENCH_SCRATCH/bare $build" "$clean" \
        --case "strace -f -e trace=%file" "strace -f -o /dev/null -e trace=%file $build" "$clean" \
        --optional "reprozip trace" "HOME='$BENCH_SCRATCH' timeout -s KILL 120 reprozip trace --overwrite -d '$BENCH_SCRATCH/reprozip' $build" \
            "$clean; rm -rf '$BENCH_SCRATCH/reprozip'"
}

compare "zlib: make" "$sources/zlib" "make clean" "make"
compare "Lua: make" "$sources/lua/src" "make clean" "make linux"
