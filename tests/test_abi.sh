#!/bin/sh
# test_abi.sh - programs built with the last release go on with this library: no function of include/clreid.abi has gone or
# changed, nor a type that it takes. New functions are welcome. That the comparison sees what it is for is tested by
# libraries that are changed on purpose.
#
# A change that is meant belongs to a new soname, with a new include/clreid.abi: sh .ci/abi build/abi include/clreid.abi
set -u
source=${SOURCE_FOLDER:?is set by ctest} build=${BUILD_FOLDER:?is set by ctest}
for tool in abidw abidiff; do
  command -v "$tool" > /dev/null && continue
  echo "SKIPPED: no $tool here (Debian: abigail-tools)"
  exit 77
done
# Types have the sizes of the machine that the file was made on.
if [ "$(uname -sm)" != "Linux x86_64" ]; then
  echo "SKIPPED: include/clreid.abi is that of Linux on x86_64; this is $(uname -sm)"
  exit 77
fi
. "$source/tests/check.sh"
fails() { ! "$@"; }
compare() { abidiff --no-added-syms --no-show-locs "$1" "$2"; }

check "builds, and its interface is read" sh "$source/.ci/abi" "$build/abi" "$folder/now.abi"
check "types are there: it was built with debug information" grep -q "name='clreid_session_config'" "$folder/now.abi"
check "nothing of the last release has gone or changed" compare "$source/include/clreid.abi" "$folder/now.abi"

# ---- Libraries changed on purpose
small() # small NAME TEXT: libNAME.so of a C text
{
  echo "$2" | cc -x c -g -shared -fPIC -o "$folder/$1.so" -
}
small old 'typedef struct config { int batch; } config; int f(const config *c) { return c->batch; } int g(int x) { return x; }'
small more 'typedef struct config { int batch; } config; int f(const config *c) { return c->batch; } int g(int x) { return x; } int h(void) { return 1; }'
small fewer 'typedef struct config { int batch; } config; int f(const config *c) { return c->batch; }'
small other 'typedef struct config { int batch; } config; int f(const config *c) { return c->batch; } int g(double x) { return (int)x; }'
small wider 'typedef struct config { int batch; int more; } config; int f(const config *c) { return c->batch; } int g(int x) { return x; }'
check "an added function passes" compare "$folder/old.so" "$folder/more.so"
check "a function that has gone is seen" fails compare "$folder/old.so" "$folder/fewer.so"
check "a function that takes something else is seen" fails compare "$folder/old.so" "$folder/other.so"
check "a struct that has grown is seen" fails compare "$folder/old.so" "$folder/wider.so"

echo "$failures failed"
[ "$failures" -eq 0 ]
