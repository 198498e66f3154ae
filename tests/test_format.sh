#!/bin/sh
# test_format.sh - every C file is formatted as .clang-format says. Versions of clang-format differ in details, so only
# the one that the file was written for is asked; without it the test is skipped.
set -u
cd "${SOURCE_FOLDER:-$(dirname "$0")/..}" || exit 1
wanted=14

for program in clang-format-$wanted clang-format; do
  version=$("$program" --version 2> /dev/null | sed -n 's/.*version \([0-9]*\)\..*/\1/p')
  [ "$version" != "$wanted" ] || break
done
if [ "$version" != "$wanted" ]; then
  echo "SKIPPED: no clang-format $wanted here (${version:-none} found)"
  exit 77
fi

bad=0
for file in $(find include lib host tests samples -name '*.[ch]' | sort); do
  "$program" --dry-run -Werror "$file" 2> /dev/null || { echo "not formatted: $file"; bad=$((bad + 1)); }
done
[ "$bad" -eq 0 ] || { echo "$bad files; run: $program -i FILE"; exit 1; }
