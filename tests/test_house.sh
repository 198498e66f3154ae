#!/bin/sh
# test_house.sh - the folder rules, each as a search: sh tests/test_house.sh [FOLDER [RULE]]
#
# A rule is a function that prints the lines that break it. All rules run, or the one named; one line each says ok or
# FAIL. What cannot be seen in the text (symbols, an installation) is tested in test_install.sh; test_house_red.sh breaks
# every rule once.
set -u
cd "${1:-${SOURCE_FOLDER:-$(dirname "$0")/..}}" || exit 1
only=${2:-}
failures=0

# rule "what holds" FUNCTION ARGUMENT...: FUNCTION prints what breaks it.
rule()
{
  title=$1
  shift
  [ -z "$only" ] || [ "$only" = "$title" ] || return 0
  found=$("$@")
  if [ -z "$found" ]; then
    echo "ok    $title"
  else
    echo "FAIL  $title"
    echo "$found" | sed 's/^/        /'
    failures=$((failures + 1))
  fi
}

# files FOLDER SUFFIX...: all files below the folder with one of the suffixes.
files()
{
  folder=$1
  shift
  for suffix; do
    find "$folder" -type f -name "*.$suffix"
  done | sort
}

# code FILE...: FILE:LINE:TEXT without comments; strings stay.
code()
{
  awk '
    FNR == 1 { inside = 0 }
    {
      text = ""
      rest = $0
      while (rest != "") {
        if (inside) {
          end = index(rest, "*/")
          if (!end) break
          rest = substr(rest, end + 2)
          inside = 0
        } else if (match(rest, /"([^"\\]|\\.)*"|\/\*|\/\//)) {
          token = substr(rest, RSTART, RLENGTH)
          text = text substr(rest, 1, RSTART - 1)
          if (token == "//") break
          if (token == "/*") inside = 1
          else text = text token
          rest = substr(rest, RSTART + RLENGTH)
        } else {
          text = text rest
          break
        }
      }
      if (text ~ /[^ \t]/) print FILENAME ":" FNR ":" text
    }' /dev/null "$@"
}

# word WORDS: an extended expression for any of WORDS (a|b|c), where a digit, a blank or _ ends a word.
word()
{
  printf '(^|[^A-Za-z])(%s)([^A-Za-z]|$)' "$1"
}

# includes FILE...: FILE:LINE:"header" or FILE:LINE:<header>.
includes()
{
  code "$@" | sed -n 's/^\([^:]*:[0-9]*:\)[ \t]*#[ \t]*include[ \t]*\([<"][^>"]*[>"]\).*/\1\2/p'
}

# includes_beyond PATTERN FILE...: includes whose header matches no PATTERN. Headers of the system stand in <>.
includes_beyond()
{
  pattern=$1
  shift
  includes "$@" | grep -vE ":($pattern)\$"
}

system_headers='<[a-z0-9_]+\.h>|<sys/[a-z]+\.h>'
opencl_headers='<CL/[a-z_]+\.h>|<clblast_c\.h>'
our_headers='"clreid/clreid[a-z_]*\.h"|<clreid/clreid[a-z_]*\.h>'

# ---- Arrows: samples -> include -> lib -> host -> cl

include_sees() { includes_beyond '<std(bool|def|int)\.h>|"clreid[a-z_]*\.h"' $(files include h); }
lib_sees()
{
  includes_beyond "$system_headers|$our_headers|\"[a-z0-9_]+\.h\"|\"\.\./host/(ops|report|system)\.h\"|<jansson\.h>|<xxhash\.h>" \
    $(files lib c h)
  includes lib/*.[ch] | grep -E ':<clblast'
  for header in $(includes lib/*.[ch] | sed -n 's/.*:"\([a-z0-9_]*\.h\)"$/\1/p' | sort -u); do
    [ -e "lib/$header" ] || includes lib/*.[ch] | grep ":\"$header\"\$"
  done
}
what_lib_sees_has_no_opencl() { includes host/ops*.h host/report.h host/system.h $(files lib h) | grep -iE '[<"/](CL|OpenCL)/|clblast'; }
host_sees()
{
  includes_beyond "$system_headers|$opencl_headers|$our_headers|\"[a-z0-9_]+\.h\"" $(files host c h)
  for header in $(includes host/*.[ch] | sed -n 's/.*:"\([a-z0-9_]*\.h\)"$/\1/p' | sort -u); do
    [ -e "host/$header" ] || includes host/*.[ch] | grep ":\"$header\"\$"
  done
}
cl_sees() { includes_beyond '"[a-z0-9_]+\.clh"' $(files cl cl clh); }
samples_see()
{
  includes_beyond "<[A-Za-z0-9_/.]+>|\"[a-z0-9_]+\.h\"" $(files samples c h)
  includes $(files samples c h) | grep -E ':<(lib|host|cl|tests)/'
  for header in $(includes $(files samples c h) | sed -n 's/.*:"\([a-z0-9_]*\.h\)"$/\1/p' | sort -u); do
    [ -n "$(find samples -name "$header")" ] || includes $(files samples c h) | grep ":\"$header\"\$"
  done
  code $(files samples c h) | grep -E '(^|[^A-Za-z0-9_])cr_[a-z]'
}

# ---- What a folder does not name

host_names_no_network() { grep -nisE "$(word 'rga|fnc|han|resnet[0-9]*')" $(files host c h); }
vendors='nvidia|nv|cuda|amd|ati|radeon|rocm|intel|arm|mali|qualcomm|qcom|adreno|apple|pocl|powervr|imagination|geforce|vivante|broadcom|rusticl|beignet'
cl_names_no_vendor() { grep -nisE "$(word "$vendors")" $(files cl cl clh); }
# Devices may have neither, and no fact is asked for them.
cl_needs_no_images() { grep -nsiE 'image[123]d|read_image|write_image|sampler_t|sub_?group' $(files cl cl clh); }
# opencl_load.c has names of files, by which nothing is decided.
only_device_knows_vendors()
{
  code $(files lib c h) $(files host c h | grep -vE '^host/(device\.[ch]|opencl_load\.c)$') |
    grep -iE "\"([^\"]*[^A-Za-z\"])?($(echo "$vendors" | sed 's/|pocl//'))([^A-Za-z\"][^\"]*)?\""
}

# ---- What the library does not do

library_files() { files include h && files lib c h && files host c h; }
says_nothing() { code $(library_files) | grep -E '(^|[^A-Za-z0-9_])(v?printf|v?fprintf|puts|fputs|putchar|putc|fputc|perror|stdout|stderr)[ ]*($|[^A-Za-z0-9_, ])'; }
never_ends() { code $(library_files) | grep -E '(^|[^A-Za-z0-9_])(_?exit|_Exit|quick_exit|abort|assert|raise|signal)[ ]*\(|<(assert|signal)\.h>'; }
errors_pass_report()
{
  code $(files lib c h) $(files host c h | grep -v '^host/report\.c$') |
    grep -E 'error *(->|\.) *(text|status) *=([^=]|$)|(printf|cpy|set) *\([^,]*error *(->|\.) *text'
}

# ---- Files

all_files() { find include lib host cl tests samples docs cmake .ci -type f ! -path '*/__pycache__/*' 2>/dev/null; find . -maxdepth 1 -type f | sed 's|^\./||'; }
text_files() { all_files | grep -E '\.(c|h|cl|clh|cmake|txt|in|py|sh|md)$|^\.ci/|^\.clang-format$|^\.editorconfig$|^\.gitignore$'; }
open_with_a_comment()
{
  for file in $(all_files | grep -E '\.(c|h|cl|clh)$'); do
    head -n 2 "$file" | tr '\n' ' ' | grep -qE '^/\*+ +(\* +)?[^ *]' || echo "$file:1: no opening comment"
  done
  for file in $(all_files | grep -E '\.(cmake|sh|py)$|CMakeLists\.txt$|^\.ci/[a-z]+$'); do
    head -n 2 "$file" | grep -vE '^#!' | head -n 1 | grep -qE '^(# |"""|r""")' || echo "$file:1: no opening comment"
  done
}
# /home/someone is nobody's.
no_machine_paths()
{
  grep -nsE '(^|[^A-Za-z0-9_.}])/(work|root|home|Users|tmp/[a-z])[/A-Za-z]' $(text_files | grep -v '^tests/test_house') |
    grep -v '/home/someone'
}
clean_lines() { grep -nsE "[[:blank:]]\$|$(printf '\t')|$(printf '\r')" $(text_files | grep -vE '\.md$'); }
lines_not_too_long() { awk 'length($0) > 120 { print FILENAME ":" FNR ": " length($0) " characters" }' $(text_files | grep -E '\.(c|h|cl|clh)$'); }

# An operator's stem names its kernels, their launch and its proof. ops_kinds.h lists the operators.
one_stem()
{
  # An operator in several steps is one stem: CR_WINOGRAD_INPUT is winograd's.
  kinds=$(code host/ops_kinds.h | sed 's/^[^:]*:[^:]*://' | tr '\n' ' ' | sed -n 's/.*typedef enum cr_kind {\([^}]*\)} cr_kind;.*/\1/p' | tr -d ' ' |
    tr ',' '\n' | sed -n 's/^CR_//p' | grep -v '^KINDS$' | cut -d_ -f1 | tr 'A-Z' 'a-z' | sort -u)
  [ -n "$kinds" ] || echo "host/ops_kinds.h: no enum cr_kind"
  for stem in $(files cl cl | sed 's|^cl/||; s|\.cl$||') $kinds; do
    for file in "cl/$stem.cl" "host/$stem.c" "tests/test_$stem.c"; do
      [ -e "$file" ] || echo "$file is missing: the operator $stem has cl/$stem.cl, host/$stem.c and tests/test_$stem.c"
    done
  done | sort -u
}
readme_and_ci_agree()
{
  for command in "sh .ci/demo" "sh .ci/test"; do
    grep -qxF "    $command" README.md || echo "README.md does not show the command: $command"
  done
  [ "$(tail -n 1 .ci/run)" = "sh .ci/test" ] || echo ".ci/run does not end with the README's test command: sh .ci/test"
}
# The example of README.md is a part of the application that test_install.sh builds.
readme_shows_what_compiles()
{
  sed -n '/^```c$/,/^```$/p' README.md | grep -v '^```' | while IFS= read -r line; do
    grep -qxF -e "$line" samples/app/app.c || echo "README.md: not in samples/app/app.c: $line"
  done
}

rule "include/ includes three standard headers and itself" include_sees
rule "lib/ sees of host/ only ops.h, report.h and system.h; no CL header; nothing of samples/" lib_sees
rule "what lib/ sees includes no CL header" what_lib_sees_has_no_opencl
rule "host/ includes nothing of lib/" host_sees
rule "cl/ includes only .clh" cl_sees
rule "samples/ know only <clreid/...>" samples_see
rule "host/ names no network" host_names_no_network
rule "cl/ names no vendor or device" cl_names_no_vendor
rule "cl/ needs neither images nor sub-groups" cl_needs_no_images
rule "only host/device.c knows a vendor by name" only_device_knows_vendors
rule "the library prints nothing" says_nothing
rule "the library never exits, aborts or asserts" never_ends
rule "every error passes through cr_fail" errors_pass_report
rule "every source file opens with a comment" open_with_a_comment
rule "every operator has its kernels, its launch and its test under one stem" one_stem
rule "no path of somebody's machine" no_machine_paths
rule "no tabs, no blanks at line ends, no carriage returns" clean_lines
rule "no line beyond 120 characters" lines_not_too_long
rule "CI runs the test command of the README" readme_and_ci_agree
rule "the README's example is part of a program" readme_shows_what_compiles

if [ "$failures" -gt 0 ]; then
  echo "$failures rules are broken"
  exit 1
fi
