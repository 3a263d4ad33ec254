#!/bin/sh
# What one trivial step costs. BENCH_REPEAT sets the rounds (50).
BENCH_REPEAT=${BENCH_REPEAT:-50}
. "$(dirname "$0")/common.sh"
need bwrap=bubblewrap strace=strace
work=$BENCH_SCRATCH/small
mkdir -p "$work"
home=$VARVE_HOME
(cd "$work" && "$varve" exec --quiet -- /bin/true)
heading "One trivial step"
measure --repeat "$repeat" --unit ms --dir "$work" \
    --case "/bin/true" "exec /bin/true" \
    --case "varve --version" "exec $varve --version" \
    --case "bwrap, namespaces and nothing else" "exec bwrap --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp --unshare-all /bin/true" \
    --case "strace -f -e trace=%file" "exec strace -f -o /dev/null -e trace=%file /bin/true" \
    --case "varve exec, a new home" "VARVE_HOME=$home-new exec $varve exec --quiet -- /bin/true" "rm -rf '$home-new'" \
    --case "varve exec --again" "exec $varve exec --quiet --again -- /bin/true" \
    --case "varve exec, reused" "exec $varve exec --quiet -- /bin/true"
