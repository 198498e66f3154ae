#!/bin/sh
# test_help.sh - what the command says of itself: help for each subcommand, defaults in it, suggestions for what is
# mistyped, and manual pages that say the same.
set -u
source=${SOURCE_FOLDER:?is set by ctest} build=${BUILD_FOLDER:?is set by ctest}
command=${CLREID_COMMAND:?is set by ctest}
. "$source/tests/check.sh"

same() { diff "$1" "$2"; }

# complains LINE ARGUMENT...: exit 2, nothing on stdout, and this line alone on stderr.
complains()
{
  line=$1
  shift
  "$command" "$@" > "$folder/out" 2> "$folder/err"
  code=$?
  echo "$line" | diff - "$folder/err" && [ "$code" -eq 2 ] && [ ! -s "$folder/out" ]
}

subcommands() { "$command" --help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p' | grep -v '^clreid$'; }

# Options that take a number or a word say what they are without it, unless they are needed.
without_default()
{
  "$command" "$1" --help | sed -e ':join' -e '/^  --[^ ]* [^ ]*$/{N;s/\n */ /;b' -e '}' |
    grep -E '^  --[a-z0-9-]+ ([NKS]|SHARE|[^ ]*\|[^ ]*) ' | grep -vE '\([^()]+\)$'
}
nothing() { [ -z "$("$@" | tee /dev/stderr)" ]; }

"$command" --help > "$folder/help"
"$command" help > "$folder/help2"
check "help is --help" same "$folder/help" "$folder/help2"
check "there are at least nine subcommands" [ "$(subcommands | wc -l)" -ge 9 ]
for name in $(subcommands); do
  "$command" "$name" --help > "$folder/one"
  "$command" help "$name" > "$folder/two"
  check "help $name is $name --help" same "$folder/one" "$folder/two"
  check "$name says its defaults" nothing without_default "$name"
done

check "a mistyped command" complains "clreid: there is no command 'emebd', perhaps embed: see clreid --help" emebd
check "a mistyped command of help" complains "clreid: there is no command 'mtach', perhaps match: see clreid --help" help mtach
check "a command like no other" complains "clreid: there is no command 'xyzzy': see clreid --help" xyzzy
check "a mistyped option before a command" \
  complains "clreid: there is no option '--versoin', perhaps --version: see clreid --help" --versoin
check "help takes one command" complains "clreid: help takes one command, not 'match' too: see clreid --help" help embed match
check "a mistyped option" \
  complains "clreid: embed: there is no option --bach=4, perhaps --batch: see clreid embed --help" embed --bach=4 x
check "a mistyped flag" complains "clreid: embed: there is no option --filp, perhaps --flip: see clreid embed --help" embed --filp
check "a mistyped --device" \
  complains "clreid: selftest: there is no option --devise, perhaps --device: see clreid selftest --help" selftest --devise 0
check "an option like no other" complains "clreid: embed: there is no option --zzz: see clreid embed --help" embed --zzz

# ---- Manual pages
page="$build/samples/clreid.1"
for name in $(subcommands); do
  check "clreid(1) names $name" grep -qx ".B $name" "$page"
  check "clreid-$name(1) has all options" sh -c "
    '$command' $name --help | grep -oE '^  --[a-z0-9-]+' | sed 's/^  --//' | while read -r option; do
      sed 's/\\\\-/-/g' '$build/samples/man/clreid-$name.1' | grep -qE \"^.B \\\"--\$option[ \\\"]\" || { echo \"no \$option\"; exit 1; }
    done"
  pages="${pages:-$page} $build/samples/man/clreid-$name.1"
done
if command -v man > /dev/null && man --warnings --help > /dev/null 2>&1; then
  for file in $pages; do
    check "$(basename "$file") is clean" nothing sh -c "LC_ALL=C man --warnings -E UTF-8 -l -Tutf8 -Z '$file' 2>&1 > /dev/null"
  done
else
  echo "SKIP  what troff says of the pages: no man with --warnings here"
fi

echo "$failures failed"
[ "$failures" -eq 0 ]
