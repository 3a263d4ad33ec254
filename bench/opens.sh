#!/bin/sh
# One step that opens 1,000,000 distinct files and looks for as many names that are not there: the trace must hold
# every one, in less than 500 MB of memory. BENCH_FILES sets the number.
. "$(dirname "$0")/common.sh"
need gcc=gcc
files=${BENCH_FILES:-1000000}
work=$BENCH_SCRATCH/opens
rm -rf "$work" "$VARVE_HOME"
mkdir -p "$work/files"
gcc -O2 -o "$work/opens" "$bench/opens.c"
"$work/opens" "$work/files" "$files" make >/dev/null
heading "One step that makes $files opens of distinct files, and as many of absent names"
measure --repeat 1 --warm 1 --dir "$work" --case "plain" "./opens files $files open"
echo
measure --repeat 1 --warm 0 --dir "$work" \
    --case "varve exec" "$varve exec --quiet --again -- ./opens files $files open" \
    --case "varve exec, digests known" "$varve exec --quiet --again -- ./opens files $files open"
echo
measure --repeat 1 --warm 0 --dir "$work" --case "varve exec, reused" "$varve exec --quiet -- ./opens files $files open"
echo
execution=$("$varve" -C "$work" log --json -n 1 | sed 's/.*"execution":"\([^"]*\)".*/\1/' | head -n 1)
"$varve" -C "$work" show "$execution" --json | python3 -c '
import json, sys
folder, files = sys.argv[1], int(sys.argv[2])
trace = json.load(sys.stdin)
reads = {read["path"] for read in trace["reads"] if read["path"].startswith(folder)}
absent = {path for path in trace["absent"] if path.startswith(folder)}
print(f"In the trace: {len(reads)} of {files} files read, {len(absent)} of {files} names absent.")
sys.exit(len(reads) != files or len(absent) != files)
' "$work/files/" "$files"
