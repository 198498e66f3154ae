#!/bin/sh
# test_house_red.sh - breaks each rule of test_house.sh on purpose in a copy of the folders and sees it go red: a rule
# that cannot fail proves nothing. At the end, what only looks like a violation must leave all rules as they were.
set -u
source=$(cd "${SOURCE_FOLDER:-$(dirname "$0")/..}" && pwd) || exit 1
copy=$(mktemp -d) || exit 1
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' INT TERM
failures=0
count=0

restore()
{
  rm -rf "$copy/tree" && mkdir "$copy/tree" || exit 1
  for name in include lib host cl tests samples docs cmake .ci CMakeLists.txt README.md; do
    [ ! -e "$source/$name" ] || cp -R "$source/$name" "$copy/tree/" || exit 1
  done
}

# red [RULE]: the rules of the copy that are broken, or RULE if it is.
red() { sh "$source/tests/test_house.sh" "$copy/tree" "$@" 2>&1 | sed -n 's/^FAIL  //p'; }

# An opening comment in the language of FILE.
opening()
{
  case $1 in
  *.sh | *.py) echo '# a file of the test' ;;
  *) echo '/* a file of the test */' ;;
  esac
}

# broken RULE FILE LINE: after LINE is appended to FILE (made if it is new), RULE is red.
broken()
{
  count=$((count + 1))
  mkdir -p "$(dirname "$copy/tree/$2")"
  existed=yes
  [ -e "$copy/tree/$2" ] || { existed=no; opening "$2" > "$copy/tree/$2"; }
  printf '%b\n' "$3" >> "$copy/tree/$2"
  if echo "$before" | grep -qxF "$1"; then
    echo "----  red already, proves nothing: $1"
  elif [ -n "$(red "$1")" ]; then
    printf '%s\n' "ok    $1 <- $2: $3"
  else
    printf '%s\n' "FAIL  stays green: $1 <- $2: $3"
    failures=$((failures + 1))
  fi
  if [ "$existed" = yes ]; then cp "$source/$2" "$copy/tree/$2"; else rm "$copy/tree/$2"; fi
}

restore
before=$(red)

broken 'include/ includes three standard headers and itself' include/clreid/clreid.h '#include <stdio.h>'
broken 'include/ includes three standard headers and itself' include/clreid/clreid.h '#include <CL/cl.h>'
rule='lib/ sees of host/ only ops.h, report.h and system.h; no CL header; nothing of samples/'
broken "$rule" lib/graph.c '#include <CL/cl.h>'
broken "$rule" lib/graph.c '#  include "CL/cl.h"'
broken "$rule" lib/graph.c '#include "../host/device.h"'
broken "$rule" lib/graph.c '#include "device.h"'
broken "$rule" lib/graph.c '#include <clblast_c.h>'
broken "$rule" lib/graph.c '#include "../samples/picture.h"'
broken 'what lib/ sees includes no CL header' host/ops.h '#include <CL/cl.h>'
rule='host/ includes nothing of lib/'
broken "$rule" host/red.c '#include "../lib/graph.h"'
broken "$rule" host/red.c '#include "graph.h"'
broken 'cl/ includes only .clh' cl/red.clh '#include "opencl.h"'
rule='samples/ know only <clreid/...>'
broken "$rule" samples/red.c '#include "../lib/graph.h"'
broken "$rule" samples/red.c '#include "graph.h"'
broken "$rule" samples/red.c '#include <lib/graph.h>'
broken "$rule" samples/red.c 'int cr_fail(void);'
broken 'host/ names no network' host/red.c '/* the RGA module */'
broken 'host/ names no network' host/red.c 'int han_blocks;'
broken 'cl/ names no vendor or device' cl/red.clh '#ifdef NVIDIA'
broken 'cl/ names no vendor or device' cl/red.clh '#pragma OPENCL EXTENSION cl_intel_subgroups : enable'
broken 'cl/ needs neither images nor sub-groups' cl/red.clh '__kernel void red(__read_only image2d_t picture) {}'
broken 'cl/ needs neither images nor sub-groups' cl/red.clh '#pragma OPENCL EXTENSION cl_khr_subgroups : enable'
broken 'only host/device.c knows a vendor by name' host/red.c 'const char *v = "Intel(R) Corporation";'
broken 'the library prints nothing' lib/red.c 'int f(void) { return printf("x"); }'
broken 'the library prints nothing' host/red.c 'int f(void) { return fprintf(stderr, "x"); }'
rule='the library never exits, aborts or asserts'
broken "$rule" lib/red.c 'void f(void) { exit(1); }'
broken "$rule" host/red.c 'void f(int x) { assert(x); }'
broken "$rule" host/red.c 'void f(void) { /* why */ abort(); }'
broken 'every error passes through cr_fail' lib/red.c 'void f(clreid_error *error) { error->status = 1; }'
broken "no path of somebody's machine" docs/red.md 'in /home/nobody/pictures'
broken "no path of somebody's machine" README.md 'in /home/nobody/pictures'
broken "no path of somebody's machine" tests/red.py '# reads /home/nobody/pictures'
rule='no tabs, no blanks at line ends, no carriage returns'
broken "$rule" host/red.c '\tint x;'
broken "$rule" host/red.c 'int x; '
broken "$rule" host/red.c 'int x;\r'
broken 'no line beyond 120 characters' host/red.c "/* $(printf '%0120d' 0) */"
broken 'every operator has its kernels, its launch and its test under one stem' cl/red.cl 'kernel void red(void) {}'
broken 'CI runs the test command of the README' .ci/run 'true'
broken "the README's example is part of a program" README.md '```c\nclreid_no_such_call();\n```'

# A file without an opening comment.
count=$((count + 1))
echo 'int x;' > "$copy/tree/host/red.c"
red | grep -qxF 'every source file opens with a comment' && echo 'ok    every source file opens with a comment <- host/red.c' ||
  { echo 'FAIL  stays green: every source file opens with a comment'; failures=$((failures + 1)); }
rm "$copy/tree/host/red.c"

# What looks like a violation and is none.
printf '%s\n' '/* ok.c - never exit(1), never printf("x"), no #include <CL/cl.h>' \
  '#include <stdio.h>' ' */' 'int snprintf_like(char *text) { return snprintf(text, 3, "abc"); } // abort()' \
  'static const char *url = "https://example.org"; /* assert(x) */' > "$copy/tree/lib/ok.c"
count=$((count + 1))
if [ "$(red)" = "$before" ]; then echo 'ok    comments and snprintf break nothing'; else
  echo 'FAIL  comments or snprintf break a rule'; failures=$((failures + 1)); fi

echo "$count violations, $failures unexpected"
[ "$failures" -eq 0 ]
