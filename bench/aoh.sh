#!/bin/sh
# The area-of-habitat example under plain sh, Snakemake and Varve: first run, nothing to do, one species changed.
# BENCH_REPEAT sets the rounds (3).
BENCH_REPEAT=${BENCH_REPEAT:-3}
. "$(dirname "$0")/common.sh"
need gdalwarp=gdal-bin gdal_calc.py=python3-gdal snakemake=snakemake
example=$root/examples/area-of-habitat
work=$BENCH_SCRATCH/aoh
rm -rf "$work"
mkdir -p "$work"

# fresh NAME: the example in a folder of its own, with no results in it.
for name in plain snakemake varve; do
    cat >"$work/fresh-$name" <<END
rm -rf "$work/$name" "$VARVE_HOME" && mkdir "$work/$name" && cd "$example" &&
cp -r data ranges scripts species.csv pipeline.md "$bench/snakemake/Snakefile" "$work/$name"
END
done

plain="cd $work/plain && python3 $bench/plain.py -j 2"
snakemake="cd $work/snakemake && snakemake --quiet all --cores 2"
varve_run="cd $work/varve && $varve run --quiet -j 2 pipeline.md"
summary() { sha256sum "$work/$1/results/"* | sed "s, .*/,  ,"; }

heading "Area of habitat: first run"
measure --repeat "$repeat" --warm 0 \
    --case "plain sh" "$plain" "sh $work/fresh-plain" \
    --case "Snakemake" "$snakemake" "sh $work/fresh-snakemake" \
    --case "varve run" "$varve_run" "sh $work/fresh-varve"
summary plain >"$work/expected"
for name in snakemake varve; do
    summary $name | cmp - "$work/expected" || { echo "$0: $name made other bytes than plain sh" >&2; exit 1; }
done
echo
echo "All three made the same bytes."

heading "Area of habitat: nothing to do"
measure --repeat 9 \
    --case "Snakemake" "$snakemake" \
    --case "varve run" "$varve_run"

# Each round moves the upper limit of syn10 by one metre to a value never seen before.
cat >"$work/edit" <<'END'
count=$(cat "$1/../count" 2>/dev/null || echo 0)
awk -F, -v OFS=, -v add="$count" '$1 == "syn10" { $4 = 1871 + add } 1' "$1/species.csv" >"$1/edited"
mv "$1/edited" "$1/species.csv"
[ "$2" != last ] || echo $((count + 1)) >"$1/../count"
END
heading "Area of habitat: one species' elevation limit changed"
measure --repeat 5 \
    --case "plain sh, all again" "$plain" "sh $work/edit $work/plain -" \
    --case "Snakemake" "$snakemake" "sh $work/edit $work/snakemake -" \
    --case "varve run" "$varve_run" "sh $work/edit $work/varve last"
cmp "$work/plain/results/summary.csv" "$work/varve/results/summary.csv"
cmp "$work/snakemake/results/summary.csv" "$work/varve/results/summary.csv"
