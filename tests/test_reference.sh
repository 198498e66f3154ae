#!/bin/sh
# test_reference.sh - every public function is documented: what it does to each of its parameters, from which threads it
# may be called, which errors it returns; and doxygen makes the reference of it without a warning.
#
#   tests/test_reference.sh [HEADER_FOLDER]     the comments of other headers, without doxygen
set -u
source=${SOURCE_FOLDER:-$(dirname "$0")/..}
headers=${1:-$source/include/clreid}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

# functions HEADER...: a line for each function, NAME; what its comment lacks follows as FILE: NAME: WHAT on stderr. Handles
# that a function works on, and error, are told once in the head of clreid.h.
functions()
{
  awk '
    function lacks(what) { print FILENAME ": " name ": " what | "cat >&2" }
    function check(declared, parameters, count, i, parameter)
    {
      name = declared
      sub(/\(.*/, "", name)
      sub(/.*[ *]/, "", name)
      print name
      if (comment == "") return lacks("no comment")
      if (comment !~ /@threads [a-z]/) lacks("no @threads: from which threads may it be called?")
      if (comment !~ /@errors [A-Za-z]/) lacks("no @errors: which, or none?")
      sub(/^[^(]*\(/, "", declared)
      sub(/\).*/, "", declared)
      count = split(declared, parameters, ",")
      for (i = 1; i <= count; i++) {
        parameter = parameters[i]
        if (parameter ~ /clreid_(device|model|session|gallery|group|error) *\*[a-z]+$/) continue
        sub(/.*[ *]/, "", parameter)
        if (parameter == "void") continue
        if (!match(comment, "(^|[^A-Za-z_])" parameter "([^A-Za-z_]|$)")) lacks("nothing of " parameter)
      }
    }
    FNR == 1 { comment = ""; inside = 0; declared = "" }
    /^\/\*\*/ { comment = ""; inside = 1 }
    inside { comment = comment " " $0; if ($0 ~ /\*\//) inside = 0; next }
    /^CLREID_API/ { declared = " " }
    declared != "" {
      declared = declared " " $0
      if ($0 ~ /;/) { check(declared); declared = ""; comment = "" }
      next
    }
    NF { comment = "" }' "$@"
}

failures=0
functions "$headers"/*.h > "$folder/documented" 2> "$folder/lacking"
if [ -s "$folder/lacking" ]; then
  sed "s|$source/||; s/^/FAIL  /" "$folder/lacking"
  failures=1
fi
echo "$(wc -l < "$folder/documented") functions in the headers"
[ -s "$folder/documented" ] || failures=1
[ $# -eq 0 ] || exit "$failures"

# What the library shows beyond its headers would be in no reference.
if [ -n "${CLREID_LIBRARY:-}" ] && command -v nm > /dev/null; then
  for name in $(nm -D --defined-only "$CLREID_LIBRARY" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }'); do
    grep -qx "$name" "$folder/documented" || { echo "FAIL  $name is exported, and in no header"; failures=1; }
  done
fi

if ! command -v doxygen > /dev/null; then
  [ "$failures" -eq 0 ] || exit 1
  echo "SKIPPED: no doxygen here, which says whether the comments are well-formed (the rest is checked)"
  exit 77
fi
{
  cat "${BUILD_FOLDER:?is set by ctest}/Doxyfile"
  echo "OUTPUT_DIRECTORY = $folder"
} > "$folder/Doxyfile"
if ! doxygen "$folder/Doxyfile" > "$folder/log" 2>&1 || [ -s "$folder/log" ]; then
  echo "FAIL  doxygen has warnings"
  sed "s|$source/||; s/^/        /" "$folder/log"
  failures=1
fi
[ -s "$folder/html/index.html" ] || { echo "FAIL  doxygen made no page"; failures=1; }
exit "$failures"
