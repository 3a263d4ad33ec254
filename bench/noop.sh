#!/bin/sh
# A document of 1,000 steps over 1,000 files with nothing to do, beside make and Snakemake; then maps of 1,000 and of
# 10,000 trivial elements: first run, time for each step, memory, and nothing to do. BENCH_REPEAT sets the rounds (9).
# BENCH_NO_MAPS=1 leaves the maps out, which take minutes.
BENCH_REPEAT=${BENCH_REPEAT:-9}
. "$(dirname "$0")/common.sh"
need make=make snakemake=snakemake
work=$BENCH_SCRATCH/noop
rm -rf "$work" "$VARVE_HOME"
mkdir -p "$work/make/in" "$work/make/out"

numbers=$(seq -f %04g 1 1000)
for number in $numbers; do
    echo "content $number" >"$work/make/in/$number.txt"
done
cp -r "$work/make" "$work/snakemake"
cp -r "$work/make" "$work/varve"
{
    printf 'all: %s\n' "$(for number in $numbers; do printf 'out/%s.txt ' "$number"; done)"
    for number in $numbers; do
        printf 'out/%s.txt: in/%s.txt\n\ttr a-z A-Z <in/%s.txt >out/%s.txt\n' $number $number $number $number
    done
} >"$work/make/Makefile"
cat >"$work/snakemake/Snakefile" <<'END'
NUMBERS = [f"{number:04d}" for number in range(1, 1001)]
rule all:
    input: expand("out/{number}.txt", number=NUMBERS)
rule one:
    input: "in/{number}.txt"
    output: "out/{number}.txt"
    shell: "tr a-z A-Z <{input} >{output}"
END
for number in $numbers; do
    printf '```sh name=s%s\ntr a-z A-Z <in/%s.txt >out/%s.txt\n```\n\n' $number $number $number
done >"$work/varve/steps.md"

make="make --silent -j 2 -C $work/make"
snakemake="cd $work/snakemake && snakemake --quiet all --cores 2"
varve_run="cd $work/varve && $varve run --quiet -j 2 steps.md"
heading "1,000 steps on 1,000 files: first run"
measure --repeat 1 --warm 0 --case "make -j 2" "$make" --case "Snakemake" "$snakemake" --case "varve run" "$varve_run"
heading "1,000 steps on 1,000 files: nothing to do"
measure --repeat "$repeat" --case "make -j 2" "$make" --case "Snakemake" "$snakemake" --case "varve run" "$varve_run"

for count in 1000 10000; do
    mkdir -p "$work/map$count/in"
    (cd "$work/map$count/in" && seq -f %05g 1 $count | while read -r number; do echo "$number" >"$number.txt"; done)
    printf '```sh name=upper map="file=in/*.txt"\nmkdir -p out\ntr 0-9 a-j <"$file" >"out/$file_stem.txt"\n```\n' \
        >"$work/map$count/map.md"
done
[ -z "${BENCH_NO_MAPS:-}" ] || exit 0
heading "A map of trivial elements: first run"
measure --repeat 1 --warm 0 \
    --case "varve run, 1,000 elements" "cd $work/map1000 && $varve run --quiet -j 2 map.md" \
    --case "varve run, 10,000 elements" "cd $work/map10000 && $varve run --quiet -j 2 map.md"
heading "A map of trivial elements: nothing to do"
measure --repeat 5 \
    --case "varve run, 1,000 elements" "cd $work/map1000 && $varve run --quiet -j 2 map.md" \
    --case "varve run, 10,000 elements" "cd $work/map10000 && $varve run --quiet -j 2 map.md"
