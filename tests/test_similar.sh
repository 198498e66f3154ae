#!/bin/sh
# test_similar.sh - the application with an OpenCL of its own (samples/opencl/similar.c) finds the two figures that are
# dressed alike, and what it includes suits it: clreid_opencl.h beside OpenCL's header, before it and after it, in C and
# in C++.
set -u
source=${SOURCE_FOLDER:?is set by ctest} build=${BUILD_FOLDER:?is set by ctest}
command=${CLREID_COMMAND:?is set by ctest}
. "$source/tests/check.sh"

finds() # finds FIGURE OTHER: each is most like the other
{
  grep -q "figure $1 is most like figure $2\$" "$folder/out" && grep -q "figure $2 is most like figure $1\$" "$folder/out" ||
    { cat "$folder/out"; return 1; }
}

"$command" weights --network han-small --seed 1 --out "$folder/w.safetensors" || exit 1
check "runs" sh -c "'$build/samples/clreid-similar' '$folder/w.safetensors' > '$folder/out'"
cat "$folder/out"
check "figures 1 and 4 are dressed alike" finds 1 4
check "a missing file is one line and exit 1" sh -c \
  "'$build/samples/clreid-similar' '$folder/none' 2> '$folder/err'; [ \$? -eq 1 ] && [ \$(wc -l < '$folder/err') -eq 1 ]"

includes() # includes COMPILER STANDARD HEADER...: a file that includes them in this order
{
  compiler=$1 standard=$2
  shift 2
  for header; do echo "#include <$header>"; done > "$folder/order.${standard%%[0-9]*}"
  echo 'static cl_mem memory; cl_mem *use(void); cl_mem *use(void) { return &memory; }' >> "$folder/order.${standard%%[0-9]*}"
  "$compiler" "-std=$standard" -DCL_TARGET_OPENCL_VERSION=120 -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
    -I "$source/include" "$folder/order.${standard%%[0-9]*}"
}

for language in "cc c11" "c++ c++11"; do
  # shellcheck disable=SC2086 # two words
  set -- $language
  if ! command -v "$1" > /dev/null; then
    echo "SKIP  clreid_opencl.h as $2: no $1 here"
    continue
  fi
  check "clreid_opencl.h alone, $2" includes "$1" "$2" clreid/clreid_opencl.h
  check "clreid_opencl.h after CL/cl.h, $2" includes "$1" "$2" CL/cl.h clreid/clreid_opencl.h
  check "clreid_opencl.h before CL/cl.h, $2" includes "$1" "$2" clreid/clreid_opencl.h CL/cl.h
done

echo "$failures failed"
[ "$failures" -eq 0 ]
