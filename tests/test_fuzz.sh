#!/bin/sh
# test_fuzz.sh - hostile files, new ones: every fuzz target tries some inputs from its seeds (.ci/fuzz), in a build of its
# own. The same each time (CLREID_FUZZ_SEED, 1 if not set): what a search at random would find is not a fault
# of the change that happens to be tested, so that search is a command of its own. CLREID_FUZZ_INPUTS and
# CLREID_FUZZ_SECONDS: the most of each target, 100000 and 60 if not set. Files that were found once are fed again by
# test_found_*.
set -u
cd "${SOURCE_FOLDER:-$(dirname "$0")/..}" || exit 1
if ! command -v clang-14 > /dev/null && ! command -v clang > /dev/null; then
  echo "SKIPPED: no clang"
  exit 77
fi
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long s) { return d == 0 && s; }' > "$folder/try.c"
if ! $(command -v clang-14 || command -v clang) -fsanitize=fuzzer,address,undefined "$folder/try.c" -o "$folder/try" 2> /dev/null; then
  echo "SKIPPED: clang without libFuzzer and sanitizers"
  exit 77
fi

CLREID_FUZZ_BUILD=${BUILD_FOLDER:-build}/fuzz
CLREID_FUZZ_SEED=${CLREID_FUZZ_SEED:-1}
CLREID_FUZZ_INPUTS=${CLREID_FUZZ_INPUTS:-100000}
export CLREID_FUZZ_BUILD CLREID_FUZZ_SEED CLREID_FUZZ_INPUTS
echo "seed $CLREID_FUZZ_SEED"
if sh .ci/fuzz "${CLREID_FUZZ_SECONDS:-60}"; then
  echo "ok    nothing found"
else
  echo "FAIL  something was found; logs and inputs are in $CLREID_FUZZ_BUILD/found"
  for log in "$CLREID_FUZZ_BUILD"/found/*.log; do
    grep -E -A 12 'ERROR:|runtime error|not as expected' "$log"
  done
  exit 1
fi
