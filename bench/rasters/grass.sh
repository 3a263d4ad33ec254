#!/bin/sh
# The same with GRASS, in a location of its own that goes when it ends: grass.sh LAYOUT OUTPUT.
layout=$1 output=$2
exec grass --tmp-location "h.$layout.tif" --exec sh -c "
    r.external --quiet input=h.$layout.tif output=h &&
    r.external --quiet input=e.$layout.tif output=e &&
    g.region raster=h &&
    r.mapcalc --quiet expression='s = (h == 3 || h == 5 || h == 8 || h == 13) && e > 600 && e < 2200' &&
    r.out.gdal --quiet --overwrite -c input=s output=$output type=Byte createopt=TILED=YES,COMPRESS=DEFLATE"
