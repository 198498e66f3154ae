#!/bin/sh
# forced.sh - kernels and a network on devices that pretend to be small (CLREID_PRETEND, host/pretend.h), as a table.
#
#   sh tests/forced.sh [quick]      after a build; BUILD_FOLDER names it (build), FORCED_DEVICE the device (0)
#   sh tests/forced.sh only WORDS   one pretence: sh tests/forced.sh only gpu,work-group=64
#
# Each pretence runs the tests of kernels, and han-small over a picture, whose feature must be that of the device as it
# is within rounding: DISTANCE between vectors of length 1, a few times what float costs the network. `quick` is what
# CI runs: the least device of all, and of the tests those that compile little.
set -u
source=${SOURCE_FOLDER:-$(dirname "$0")/..}
build=${BUILD_FOLDER:-$source/build}
clreid=${CLREID_COMMAND:-$build/samples/clreid}
device=${FORCED_DEVICE:-0}
weights=$source/samples/street/han-small-street.safetensors
picture=$source/samples/demo/street.png
DISTANCE=1e-4
[ -x "$clreid" ] && [ -x "$build/tests/test_conv" ] || { echo "SKIPPED: nothing is built in $build"; exit 77; }

least=gpu,work-group=64,local=16K,buffer=128M,no-images,no-sub-groups,no-fma
all_pretences="gpu,work-group=64 gpu,work-group=128 gpu,work-group=256 gpu,local=16K gpu,local=32K gpu,no-local
  gpu,buffer=128M gpu,no-images gpu,no-sub-groups gpu,no-fma cpu,local=16K cpu,no-fma,width=4 cpu,turns=65535
  $least"
all_tests="attend attention conv crop deliver depthwise gemm grouped harmony mask normalise pack pool scale search
  separable softmax tile winograd resize selftest proof"

case ${1:-} in
quick) pretences="$least cpu,local=16K" tests="attend crop depthwise normalise separable tile" ;;
only) pretences=${2:?which pretence?} tests=$all_tests ;;
'') pretences=$all_pretences tests=$all_tests ;;
*) echo "usage: sh tests/forced.sh [quick|only WORDS]" >&2; exit 2 ;;
esac

scratch=$(mktemp -d "${TMPDIR:-/tmp}/clreid-forced.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
unset CLREID_PRETEND
failures=0

embed() # NAME: its feature, as NAME.npy
{
  "$clreid" embed --device "$device" --weights "$weights" --out "$scratch/$1.npy" --l2 "$picture" >"$scratch/log" 2>&1
}

# Floats follow a head whose length stands in its bytes 8 and 9: numpy is not needed to compare them.
far_apart() # A B
{
  for name in "$1" "$2"; do
    head=$(od -An -tu2 -j8 -N2 "$scratch/$name.npy" | tr -d ' ')
    od -An -v -tf4 -w4 -j$((head + 10)) "$scratch/$name.npy" >"$scratch/$name.txt"
  done
  paste "$scratch/$1.txt" "$scratch/$2.txt" |
    awk -v most=$DISTANCE '{ d += ($1 - $2) ^ 2; l += $1 ^ 2 } END { exit !(NR < 1 || l < 0.99 || !(sqrt(d) <= most)) }'
}

report() # WHAT CODE BEGUN
{
  case $2 in
  0) verdict=passed ;;
  77) verdict="SKIPPED: $(sed -n 's/^SKIPPED: //p' "$scratch/log" | head -n 1)" ;;
  *) verdict=FAILED failures=$((failures + 1)) ;;
  esac
  printf '| %-70s | %-14s | %4d s | %s |\n' "$pretence" "$1" "$(($(date +%s) - $3))" "$verdict"
  [ "$verdict" != FAILED ] || grep -E 'FAILED|ERROR|clreid:' "$scratch/log" | head -n 5 | sed 's/^/    /'
}

embed as-it-is || { cat "$scratch/log"; exit 1; }
printf '| %-70s | %-14s | %6s | %s |\n|---|---|---:|---|\n' pretence test time result
for pretence in $pretences; do
  export CLREID_PRETEND="$pretence" CLREID_TEST_DEVICE="$device"
  for name in $tests; do
    begun=$(date +%s)
    "$build/tests/test_$name" >"$scratch/log" 2>&1
    report "$name" $? "$begun"
  done
  begun=$(date +%s) code=0
  embed pretended && ! far_apart as-it-is pretended || code=1
  report han-small $code "$begun"
done
[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
