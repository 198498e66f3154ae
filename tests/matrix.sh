#!/bin/sh
# matrix.sh - one suite on several implementations of OpenCL, as a Markdown table.
#
#   sh tests/matrix.sh              after a build; BUILD_FOLDER names it (build)
#   MATRIX="pocl oclgrind"          which: pocl rusticl oclgrind, in this order if it is not set
#   MATRIX_VENDORS=FOLDER           where their .icd files lie (/etc/OpenCL/vendors); MATRIX_SECONDS of a test (600)
#   MATRIX_TESTS="gemm han-small"   which tests; MATRIX_WORK=N cases of more multiply-adds are not simulated (1000000)
#
# Each runs the tests of kernels and han-small over a picture, whose feature must be within DISTANCE of PoCL's (vectors
# of length 1). Oclgrind simulates: with its memory check and its check of data races, a report of either fails the test;
# cases that it would not get through are left out (CLREID_TEST_WORK).
set -u
source=${SOURCE_FOLDER:-$(dirname "$0")/..}
build=${BUILD_FOLDER:-$source/build}
vendors=${MATRIX_VENDORS:-/etc/OpenCL/vendors}
tests=${MATRIX_TESTS:-attend attention conv crop depthwise gemm grouped harmony mask normalise pack pool scale separable
  softmax winograd deliver search resize han-small}
seconds=${MATRIX_SECONDS:-600}
clreid=${CLREID_COMMAND:-$build/samples/clreid}
weights=$source/samples/street/han-small-street.safetensors
picture=$source/samples/demo/street.png
DISTANCE=1e-4
[ -x "$clreid" ] && [ -x "$build/tests/test_conv" ] || { echo "SKIPPED: nothing is built in $build"; exit 77; }

scratch=$(mktemp -d "${TMPDIR:-/tmp}/clreid-matrix.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
failures=0
unset CLREID_PRETEND

# Lets the OpenCL loader see one driver.
use() # NAME: false if it is not installed
{
  rm -rf "$scratch/vendors"
  mkdir "$scratch/vendors"
  case $1 in
  pocl | rusticl) [ -e "$vendors/$1.icd" ] && cp "$vendors/$1.icd" "$scratch/vendors/" ;;
  oclgrind) command -v oclgrind >/dev/null ;;
  *) false ;;
  esac
}

run() # NAME COMMAND...: in the implementation of that name
{
  case $1 in
  oclgrind)
    shift
    # The checks of Oclgrind are those of its plugins; what they find goes to the log.
    timeout "$seconds" env OCL_ICD_VENDORS="$scratch/vendors" CLREID_TEST_DEVICE=0 CLREID_TEST_WORK="${MATRIX_WORK:-1000000}" \
      oclgrind --data-races --max-errors 20 --log "$scratch/oclgrind" "$@"
    ;;
  *)
    shift
    timeout "$seconds" env OCL_ICD_VENDORS="$scratch/vendors" RUSTICL_ENABLE=llvmpipe CLREID_TEST_DEVICE=0 "$@"
    ;;
  esac
}

embed() # IMPLEMENTATION
{
  run "$1" "$clreid" embed --device 0 --weights "$weights" --out "$scratch/$1.npy" --l2 "$picture"
}

# Floats follow a head whose length stands in bytes 8 and 9 of the file.
near() # A B
{
  for name in "$1" "$2"; do
    head=$(od -An -tu2 -j8 -N2 "$scratch/$name.npy" | tr -d ' ')
    od -An -v -tf4 -w4 -j$((head + 10)) "$scratch/$name.npy" >"$scratch/$name.txt"
  done
  paste "$scratch/$1.txt" "$scratch/$2.txt" |
    awk -v most=$DISTANCE '{ d += ($1 - $2) ^ 2; l += $1 ^ 2 } END { exit !(NR > 1 && l > 0.99 && sqrt(d) <= most) }'
}

one() # IMPLEMENTATION TEST: its output in log; 0 passed, 77 left out, else failed
{
  : >"$scratch/oclgrind"
  if [ "$2" = han-small ]; then
    embed "$1" && [ ! -s "$scratch/oclgrind" ] || return
    [ -e "$scratch/pocl.npy" ] || (use pocl && embed pocl) || { echo "SKIPPED: no PoCL to compare with" && return 77; }
    near pocl "$1"
    return
  fi
  run "$1" "$build/tests/test_$2" || return
  [ ! -s "$scratch/oclgrind" ]
}

echo "| device | driver | date | test | seconds | result |"
echo "|---|---|---|---|---:|---|"
for name in ${MATRIX:-pocl rusticl oclgrind}; do
  if ! use "$name"; then
    echo "| $name | | $(date +%Y-%m-%d) | all | | SKIPPED: it is not installed |"
    continue
  fi
  facts=$(run "$name" "$clreid" devices --json 2>"$scratch/log" | awk -F'"' '
    $2 == "name" && !n { n = $4 } $2 == "platform" && !p { p = $4 } $2 == "driver" && !d { d = $4 }
    END { print n ", " p " | " d }')
  for test in $tests; do
    use "$name"
    begun=$(date +%s)
    one "$name" "$test" >"$scratch/log" 2>&1
    case $? in
    0) result="passed" ;;
    77) result=$(grep SKIPPED "$scratch/log" | head -n 1) ;;
    124) result="SKIPPED: not done in $seconds s" ;;
    *) result=FAILED failures=$((failures + 1)) ;;
    esac
    left=$(sed -n 's/^\([0-9]* cases are left out\).*/\1/p' "$scratch/log" | awk '{ n += $1 } END { if (n) print n " cases are left out: too large" }')
    said=$(sed -n 's/^.*\(SKIPPED: .*\)$/\1/p' "$scratch/log" | sort -u | head -n 1)
    [ "$result" != passed ] || result="passed${left:+; $left}${said:+; $said}"
    echo "| $facts | $(date +%Y-%m-%d) | $test | $(($(date +%s) - begun)) | $result |"
    if [ "$result" = FAILED ]; then
      grep -hE 'FAILED|ERROR|clreid:|error|Race|Invalid' "$scratch/log" "$scratch/oclgrind" | head -n 8 | sed 's/^/    /'
    fi
  done
done
[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
