#!/bin/sh
# Area of habitat: suitable pixels of habitat and elevation in a range that covers half of them, as sums and as a file, from
# four layouts of files (BENCH_LAYOUTS), BENCH_SIDE pixels a side. gdal_calc.py, GRASS and numpy know no polygons without more
# ado: theirs are all pixels. YIRGACHEFFE names a checkout of Yirgacheffe, which is measured too, with what it imports in
# PYTHONPATH; r.mapcalc is, where GRASS is installed.
. "$(dirname "$0")/common.sh"
need gdal_calc.py="python3-gdal gdal-bin"
side=${BENCH_SIDE:-20000}
folder=$BENCH_SCRATCH/rasters
mkdir -p "$folder"
[ -e "$folder/e.zstd.tif" ] || /usr/bin/python3 "$bench/rasters/data.py" "$side" "$folder"
[ -e "$folder/range.geojson" ] || /usr/bin/python3 "$bench/rasters/range.py" "$side" "$folder"
suits='isin(h, [3, 5, 8, 13]) & (e > 600) & (e < 2200)'
numpy='isin(h,[3,5,8,13]) & (e > 600) & (e < 2200)'
python=/usr/bin/python3

for layout in ${BENCH_LAYOUTS:-raw lzw deflate zstd}; do
    layers="-l h=h.$layout.tif -l e=e.$layout.tif -p range=range.geojson --all-touched"
    # Every case finds the files in the host's memory.
    cat "$folder/h.$layout.tif" "$folder/e.$layout.tif" >/dev/null

    heading "Sums, $layout, $side x $side"
    set -- --repeat "$repeat" --dir "$folder"
    set -- "$@" --case "Varve, decoding alone" "$varve raster sum '(ismissing(h) | ismissing(e)) & range' $layers"
    set -- "$@" --case "Varve, pixels" "$varve raster sum '$suits & range' $layers"
    set -- "$@" --case "Varve, areas" "$varve raster sum 'where($suits & range, area(h), 0)' $layers"
    set -- "$@" --case "Varve, six totals" "$varve raster sum 'where($suits & range, area(h), 0)' 'where(range & (e > 600) & (e < 2200), area(h), 0)' 'where(isin(h, [3, 5, 8, 13]) & range, area(h), 0)' 'where(range, area(h), 0)' '$suits & range' 'isin(h, [3, 5, 8, 13]) & range' $layers"
    set -- "$@" --case "numpy, pixels of all" "$python $bench/rasters/whole.py $layout sum"
    [ -z "${YIRGACHEFFE:-}" ] || set -- "$@" --optional "Yirgacheffe, pixels" "$python $bench/rasters/yirgacheffe.py $layout sum"
    [ -z "${YIRGACHEFFE:-}" ] || set -- "$@" --optional "Yirgacheffe, areas" "$python $bench/rasters/yirgacheffe.py $layout areas"
    measure "$@"

    heading "File, $layout, $side x $side"
    set -- --repeat "$repeat" --dir "$folder"
    set -- "$@" --case "Varve" "$varve raster calc '$suits & range' $layers -o varve.tif"
    [ -z "${YIRGACHEFFE:-}" ] || set -- "$@" --optional "Yirgacheffe" "$python $bench/rasters/yirgacheffe.py $layout yirgacheffe.tif"
    set -- "$@" --case "Varve, all" "$varve raster calc '$suits' $layers -o all.tif"
    set -- "$@" --case "numpy, all" "$python $bench/rasters/whole.py $layout numpy.tif"
    set -- "$@" --case "gdal_calc.py, all" "gdal_calc.py --quiet --overwrite -h h.$layout.tif -e e.$layout.tif --calc '$numpy' --type Byte --hideNoData --co COMPRESS=DEFLATE --outfile calc.tif"
    ! command -v grass >/dev/null || set -- "$@" --optional "GRASS r.mapcalc, all" "$bench/rasters/grass.sh $layout grass.tif"
    measure "$@"
    "$varve" raster diff "$folder/all.tif" "$folder/numpy.tif"
    [ ! -e "$folder/yirgacheffe.tif" ] || "$varve" raster diff "$folder/varve.tif" "$folder/yirgacheffe.tif"
done
