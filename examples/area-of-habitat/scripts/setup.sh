# Sourced by every block that calls GDAL. A raster is its file and nothing else:
# no side-car .aux.xml is read or written, and opening a file lists no folder.
export GDAL_PAM_ENABLED=NO
export GDAL_DISABLE_READDIR_ON_OPEN=EMPTY_DIR
export PYTHONDONTWRITEBYTECODE=1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
