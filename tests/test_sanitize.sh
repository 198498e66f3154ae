#!/bin/sh
# test_sanitize.sh - .ci/sanitize address on the tests that take little: what needs no device, and a few faults of each
# scene that does little on one (test_faults.c). First a program with an error, which must be told.
set -eu
cd "${SOURCE_FOLDER:-$(dirname "$0")/..}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
compiler=${CC:-cc}
printf '#include <stdlib.h>\nint main(int n, char **a) { char *p = malloc(4); free(p); return a[0][0] + p[n]; }\n' > "$scratch/wrong.c"
"$compiler" -fsanitize=address,undefined -w -o "$scratch/wrong" "$scratch/wrong.c" 2> /dev/null || {
  echo "SKIPPED: $compiler has no AddressSanitizer"
  exit 77
}
if "$scratch/wrong" > "$scratch/log" 2>&1 || ! grep -q heap-use-after-free "$scratch/log"; then
  echo "FAIL  a read of freed memory is not told"
  exit 1
fi
echo "ok    a read of freed memory is told"
sh .ci/sanitize address '^test_(arena|cache|graph|plan|preprocess|random|report|system|weights)$'
