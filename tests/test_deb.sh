#!/bin/sh
# test_deb.sh - the Debian packages (.ci/deb): they can be built, lintian finds no error in them, and what they hold runs
# and serves an application. Unpacked, not installed: the machine stays as it is.
set -u
source=${SOURCE_FOLDER:?is set by ctest}
for tool in dpkg-buildpackage dh; do
  command -v "$tool" > /dev/null && continue
  echo "SKIPPED: no $tool here (Debian: dpkg-dev, debhelper)"
  exit 77
done
. "$source/tests/check.sh"

nothing() { [ -z "$("$@" | tee /dev/stderr)" ]; }

# .ci/deb writes into build/ beside the sources: of a copy.
mkdir "$folder/copy"
for name in "$source"/* "$source/.ci"; do
  [ "$name" = "$source/build" ] || cp -R "$name" "$folder/copy/"
done
check "builds" sh "$folder/copy/.ci/deb"
deb=$folder/copy/build/deb
for name in libclreid0 libclreid-dev clreid clreid-demo python3-clreid; do
  check "$name is there, and unpacks" sh -c "dpkg-deb -x '$deb'/${name}_*.deb '$folder/unpacked'"
done
if command -v lintian > /dev/null; then
  errors() { lintian --allow-root "$deb"/*.changes 2>&1 | grep '^E:'; }
  check "lintian finds no error" nothing errors
else
  echo "SKIP  lintian: not here"
fi
depends() { dpkg-deb -f "$deb/$1"_*.deb Depends | tee /dev/stderr | grep -q "$2"; }
check "the library needs the OpenCL loader" depends libclreid0 'libopencl1'
check "the command needs the library" depends clreid 'libclreid0 (>= 0'
check "the module needs the library" depends python3-clreid 'libclreid0 (>= 0'
check "the module needs NumPy" depends python3-clreid 'python3-numpy'
check "the headers need the library" depends libclreid-dev 'libclreid0 (= 0'
libraries=$(dirname "$(find "$folder/unpacked/usr/lib" -name 'libclreid.so')")
check "the command runs" env "LD_LIBRARY_PATH=$libraries" "$folder/unpacked/usr/bin/clreid" networks
version=$(sed -n 's/^project(clreid VERSION \([0-9.]*\).*/\1/p' "$source/CMakeLists.txt")
check "the version is the library's" grep -q "^clreid ($version-" "$source/.ci/debian/changelog"
check "the command has its manual pages" ls "$folder/unpacked/usr/share/man/man1/clreid.1.gz" \
  "$folder/unpacked/usr/share/man/man1/clreid-embed.1.gz"
check "the demo runs" env "LD_LIBRARY_PATH=$libraries" "$folder/unpacked/usr/bin/clreid-street" --help
check "the demo has its weights" ls "$folder/unpacked/usr/share/clreid/han-small-street.safetensors"
check "the demo has its manual pages" ls "$folder/unpacked/usr/share/man/man1/clreid-street.1.gz" \
  "$folder/unpacked/usr/share/man/man1/clreid-video.1.gz"
only_one_has() { [ "$(for deb in "$deb"/*.deb; do dpkg-deb -c "$deb"; done | grep -c "/$1\$")" -eq 1 ]; }
for file in clreid-video clreid-match.1.gz clreid-selftest.1.gz clreid-video.1.gz libclreid.a; do
  check "one package has $file" only_one_has "$file"
done
# The module of the package with the library of the other, by the system's Python.
by_module()
{
  env -u CLREID_LIBRARY "PYTHONPATH=$folder/unpacked/usr/lib/python3/dist-packages" "LD_LIBRARY_PATH=$libraries" \
    /usr/bin/python3 -c 'import clreid; print(clreid.version(), len(clreid.networks()))'
}
if /usr/bin/python3 -c 'import numpy' 2> /dev/null; then
  check "the module runs" by_module
else
  echo "SKIP  the module: no /usr/bin/python3 with NumPy here"
fi
with_pkg_config()
{
  flags=$(PKG_CONFIG_PATH=$libraries/pkgconfig pkg-config --cflags --libs clreid) || return 1
  # shellcheck disable=SC2086 # a list of flags
  cc -std=c11 "$source/samples/app/app.c" $flags -lm -o "$folder/app" &&
    env "LD_LIBRARY_PATH=$libraries" "$folder/app" "$folder/none" 2>&1 | tee /dev/stderr | grep -q '^app: .*none'
}
check "an application builds on it and runs" with_pkg_config

echo "$failures failed"
[ "$failures" -eq 0 ]
