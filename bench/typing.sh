#!/bin/sh
# A person types into `varve sh`: from a key to its being shown, from Enter to the next prompt for a command already known.
. "$(dirname "$0")/common.sh"
need bash=bash
heading "Typing"
rm -rf "$BENCH_SCRATCH/typing"*
python3 "$bench/typing.py" "$varve" "$BENCH_SCRATCH/typing" "${BENCH_REPEAT:-20}"
