#!/bin/sh
# Areas of habitat of BENCH_SPECIES species in one run, and in a run for each, over BENCH_SIDE pixels a side.
# Ranges are drawn at random, BENCH_RANGE pixels across. AOH_CALCULATOR and YIRGACHEFFE name checkouts, whose one species is measured too.
. "$(dirname "$0")/common.sh"
need gdal_calc.py="python3-gdal gdal-bin"
side=${BENCH_SIDE:-20000}
species=${BENCH_SPECIES:-200}
across=${BENCH_RANGE:-1500}
folder=$BENCH_SCRATCH/rasters
mkdir -p "$folder"
[ -e "$folder/e.zstd.tif" ] || /usr/bin/python3 "$bench/rasters/data.py" "$side" "$folder"
rm -rf "$folder/species"
/usr/bin/python3 "$bench/rasters/species.py" "$side" "$species" "$across" "$folder"

for layout in ${BENCH_LAYOUTS:-deflate zstd}; do
    maps="--classified-habitat h.$layout.tif --elevation e.$layout.tif --crosswalk crosswalk.csv"
    for more in "" "--pixel-area"; do
        set -- --repeat "$repeat" --dir "$folder"
        set -- "$@" --case "varve aoh, $species species" "$varve aoh -q $maps --species species --output all $more" "rm -rf all one"
        set -- "$@" --case "varve aoh, a run for each" "for file in species/*.geojson; do $varve aoh -q $maps --species \$file --output one $more || exit 1; done" "rm -rf all one"
        [ -z "${AOH_CALCULATOR:-}" ] || set -- "$@" --optional "aoh-calc, one species" "PYTHONPATH=$AOH_CALCULATOR:$YIRGACHEFFE:${PYTHONPATH:-} /usr/bin/python3 $bench/rasters/calculator.py $layout '$more'"
        heading "$species species $across pixels across, $layout, $side x $side${more:+, areas}"
        measure "$@"
    done
done
