#!/bin/sh
# Suitable pixels of habitat and elevation, as a sum and as a file, from four layouts of files; BENCH_SIDE pixels a side.
# YIRGACHEFFE names a checkout of Yirgacheffe, which is measured too, with what it imports in PYTHONPATH; r.mapcalc is, where GRASS is installed.
. "$(dirname "$0")/common.sh"
need gdal_calc.py="python3-gdal gdal-bin"
side=${BENCH_SIDE:-10000}
folder=$BENCH_SCRATCH/rasters
mkdir -p "$folder"
[ -e "$folder/e.zstd.tif" ] || /usr/bin/python3 "$bench/rasters/data.py" "$side" "$folder"
expression='isin(h, [3, 5, 8, 13]) & (e > 600) & (e < 2200)'
numpy='isin(h,[3,5,8,13]) & (e > 600) & (e < 2200)'

for layout in raw lzw deflate zstd; do
    layers="-l h=h.$layout.tif -l e=e.$layout.tif"
    set -- --repeat "$repeat" --dir "$folder"
    set -- "$@" --case "varve, sum" "$varve raster sum '$expression' $layers"
    set -- "$@" --case "varve, decoding alone" "$varve raster sum 'ismissing(h) & ismissing(e)' 'h' 'e' $layers"
    set -- "$@" --case "numpy, sum" "/usr/bin/python3 $bench/rasters/whole.py $layout sum"
    [ -z "${YIRGACHEFFE:-}" ] || set -- "$@" --optional "Yirgacheffe, sum" "/usr/bin/python3 $bench/rasters/yirgacheffe.py $layout sum"
    heading "Sum, $layout, $side x $side"
    measure "$@"

    set -- --repeat "$repeat" --dir "$folder"
    set -- "$@" --case "varve, file" "$varve raster calc '$expression' $layers -o varve.tif"
    set -- "$@" --case "numpy, file" "/usr/bin/python3 $bench/rasters/whole.py $layout numpy.tif"
    set -- "$@" --case "gdal_calc.py, file" "gdal_calc.py --quiet --overwrite -h h.$layout.tif -e e.$layout.tif --calc '$numpy' --type Byte --hideNoData --co COMPRESS=DEFLATE --outfile calc.tif"
    [ -z "${YIRGACHEFFE:-}" ] || set -- "$@" --optional "Yirgacheffe, file" "/usr/bin/python3 $bench/rasters/yirgacheffe.py $layout yirgacheffe.tif"
    ! command -v grass >/dev/null || set -- "$@" --optional "GRASS r.mapcalc, file" "$bench/rasters/grass.sh $layout grass.tif"
    heading "File, $layout, $side x $side"
    measure "$@"

    set -- --repeat "$repeat" --dir "$folder"
    set -- "$@" --case "varve, one sum" "$varve raster sum '($expression)' $layers"
    set -- "$@" --case "varve, areas" "$varve raster sum 'where($expression, area(h), 0)' $layers"
    set -- "$@" --case "varve, areas and five more sums" "$varve raster sum 'where($expression, area(h), 0)' 'where(e > 600, area(h), 0)' 'where(isin(h, [3, 5]), area(h), 0)' 'area(h)' '$expression' 'isin(h, [3, 5])' $layers"
    set -- "$@" --case "varve, areas as a file" "$varve raster calc 'where($expression, area(h), 0)' $layers -o area.tif"
    heading "Areas, $layout, $side x $side"
    measure "$@"
    "$varve" raster diff "$folder/varve.tif" "$folder/numpy.tif"
done
