#!/bin/sh
# The open questions of storage, answered by a command: bench/storage/questions.sh [--small] [POOL|DATASET|FOLDER]...
# questions/ has one file a question; --help says the options. Writes one page with plots and a plain recommendation.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
for pair in python3=python3 btrfs=btrfs-progs; do
    command -v "${pair%=*}" > /dev/null || { echo "$0: ${pair%=*} is missing; install with: apt-get install -y --no-install-recommends ${pair#*=}" >&2; exit 4; }
done
case " $* " in
    *" --help "* | *" -h "*) ;;
    *) [ "$(id -u)" = 0 ] || { echo "$0: only root can make snapshots, mount file systems and put files out of memory; use sudo" >&2; exit 4; } ;;
esac
if [ -z "${VARVE_PROGRAM:-}" ]; then
    "$here/../../varve" --version > /dev/null
    VARVE_PROGRAM=$(cd "$here/../.." && pwd -P)/artifacts/varve
fi
export VARVE_PROGRAM PYTHONDONTWRITEBYTECODE=1
exec python3 "$here/questions" "$@"
