#!/bin/sh
# Steps that compute for seconds and look up few files: a GDAL warp and numpy. BENCH_REPEAT sets the rounds (7).
. "$(dirname "$0")/common.sh"
need gdalwarp=gdal-bin gdal_calc.py=python3-gdal
work=$BENCH_SCRATCH/compute
rm -rf "$work"
mkdir -p "$work"
cp "$root/examples/area-of-habitat/data/srtm.tif" "$work"
cat >"$work/model.py" <<'END'
import numpy
from osgeo import gdal
gdal.UseExceptions()
field = gdal.Open("srtm.tif").ReadAsArray().astype(numpy.float64)
for _ in range(2000):
    flow = numpy.gradient(field)
    field += 0.05 * (numpy.roll(field, 1, 0) + numpy.roll(field, -1, 0) + numpy.roll(field, 1, 1)
                     + numpy.roll(field, -1, 1) - 4 * field) - 1e-3 * numpy.hypot(*flow)
numpy.save("field.npy", field)
END
compare() {
    heading "$1"
    measure --repeat "$repeat" --dir "$work" \
        --case "plain" "$2" "rm -f out.tif field.npy" \
        --case "varve exec" "$varve exec --quiet --again -- $2" "rm -f out.tif field.npy" \
        --case "strace -f -e trace=%file" "strace -f -o /dev/null -e trace=%file $2" "rm -f out.tif field.npy"
}
compare "GDAL: a Lanczos warp to cells of 6 m" \
    "gdalwarp -q -t_srs EPSG:26912 -tr 6 6 -r lanczos -co COMPRESS=DEFLATE srtm.tif out.tif"
compare "numpy: 2,000 steps of a diffusion" "/usr/bin/python3 model.py"
