#!/bin/sh
# test_cross.sh - the library builds for other machines without a warning, and what needs no device runs there: .ci/cross,
# which says more. Skipped where a compiler or Debian's archive cannot be had.
set -u
source=${SOURCE_FOLDER:?is set by ctest} build=${BUILD_FOLDER:?is set by ctest}
sh "$source/.ci/cross" "$build/cross"
