#!/bin/sh
# A script improved in ten edits, by the system's shell and by `varve sh`; everything it prints and leaves is compared.
. "$(dirname "$0")/common.sh"
heading "A person edits a script"
rm -rf "$VARVE_HOME"
python3 "$bench/edits.py" "$varve" "$BENCH_SCRATCH/edits"
