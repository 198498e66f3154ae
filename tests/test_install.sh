#!/bin/sh
# test_install.sh - what others build on: an installation serves find_package, pkg-config and Python, shared and static, with
# and without CLBlast, and all of them embed a picture to the same numbers; the programs run from it with no environment;
# the library shows its public names alone.
#
# The build folder's installation has both libraries; one with the static library alone, without CLBlast, is built here.
set -u
source=${SOURCE_FOLDER:?is set by ctest} build=${BUILD_FOLDER:?is set by ctest}
. "$source/tests/check.sh"

# nothing COMMAND...: it must print nothing.
nothing() { [ -z "$("$@" | tee /dev/stderr)" ]; }

library_folder() { dirname "$(find "$1" -name 'clreid.pc')"; }

# Names without their version, and without the names of versions themselves.
exported() { nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }'; }
exported_beyond_clreid() { exported "$1" | grep -vE '^clreid_'; }
exported_without_version() { nm -D --defined-only "$1" | awk '$2 != "A" { print $3 }' | grep -v '@@CLREID_0$'; }
has_soname() { readelf -d "$1" | tee /dev/stderr | grep -q 'SONAME.*\[libclreid\.so\.0\]'; }
global_beyond_prefixes() { nm -g --defined-only "$1" | awk 'NF == 3 { print $3 }' | grep -vE '^(clreid|cr)_'; }
# What the library must not call: it neither prints nor ends the process.
forbidden_calls()
{
  nm -u "$1" | awk '{ print $NF }' | sed 's/@.*//' |
    grep -xE '_*(v?printf|v?fprintf|puts|fputs|putchar|putc|fputc|perror|exit|_exit|_Exit|abort|assert_fail|stdout|stderr|signal|sigaction|setlocale)(_chk)?'
}

# Every public function of the headers is exported, and used by nobody but declared.
declared_but_missing()
{
  for name in $(sed -n 's/^CLREID_API .*[ *]\(clreid_[a-z_]*\)(.*/\1/p' "$source"/include/clreid/*.h); do
    exported "$1" | grep -qx "$name" || echo "$name"
  done
}

header_alone() # header_alone COMPILER STANDARD HEADER
{
  echo "#include <clreid/$3>" > "$folder/header.${2%%[0-9]*}"
  "$1" "-std=$2" -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$source/include" "$folder/header.${2%%[0-9]*}"
}

# The header's functions as C++ sees them: linked, and called.
from_cplusplus() # from_cplusplus PREFIX OUT
{
  printf '#include <clreid/clreid.h>\n#include <clreid/clreid_gallery.h>\n#include <cstring>\n#include <string>\n' > "$2.cc"
  printf 'int main()\n{\n  clreid_error error = {};\n  clreid_device_config config = {};\n' >> "$2.cc"
  printf '  config.choice = "-";\n  clreid_device *device = nullptr;\n' >> "$2.cc"
  printf '  return clreid_device_open(&config, &device, &error) == CLREID_OK || !*error.text ||\n' >> "$2.cc"
  printf '         std::string("CLREID_OK") != clreid_status_name(CLREID_OK);\n}\n' >> "$2.cc"
  flags=$(PKG_CONFIG_PATH="$(library_folder "$1")" pkg-config --static --cflags --libs clreid) || return 1
  # shellcheck disable=SC2086 # a list of flags
  c++ -std=c++11 -Wall -Wextra -Werror "$2.cc" $flags -Wl,-rpath,"$(library_folder "$1")/.." -o "$2" && "$2"
}

# What lies beside what was installed is somebody else's, however the folder is called.
leaves_what_is_not_ours()
{
  mkdir -p "$folder/manifest" "$folder/p[1]/share/clreid" "$folder/p[1]/include/clreid"
  echo "$folder/p[1]/share/clreid/ours" > "$folder/manifest/install_manifest.txt"
  echo "$folder/p[1]/include/clreid/ours" >> "$folder/manifest/install_manifest.txt"
  touch "$folder/p[1]/share/clreid/ours" "$folder/p[1]/share/clreid/theirs" "$folder/p[1]/include/clreid/ours"
  cmake -DBUILD="$folder/manifest" -P "$source/include/uninstall.cmake" &&
    [ "$(find "$folder/p[1]" -name clreid -o -type f)" = "$(printf '%s\n' "$folder/p[1]/share/clreid" \
      "$folder/p[1]/share/clreid/theirs")" ]
}

files_left() { find "$1" ! -type d; find "$1" -name clreid; }

with_find_package() # with_find_package PREFIX OUT [OPTION...]
{
  prefix=$1 out=$2
  shift 2
  cmake -S "$source/samples/app" -B "$out" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="-Wall -Wextra -Werror" "$@" &&
    cmake --build "$out"
}
# With "archive" the static library is taken where the shared one lies beside it.
with_pkg_config() # with_pkg_config PREFIX OUT PROGRAM [--static [archive]]
{
  flags=$(PKG_CONFIG_PATH="$(library_folder "$1")" pkg-config ${4:-} --cflags --libs clreid) || return 1
  [ "${5:-}" != archive ] || flags=$(echo "$flags" | sed 's/-lclreid/-l:libclreid.a/')
  # shellcheck disable=SC2086 # a list of flags
  cc -std=c11 -Wall -Wextra -Werror "$source/samples/app/$3.c" $flags -lm -Wl,-rpath,"$(library_folder "$1")/.." -o "$2"
}
needs_shared() { readelf -d "$1" | grep 'NEEDED.*libclreid'; }
at_most_lines() { [ "$(wc -l < "$2")" -le "$1" ]; }
# embeds COMMAND...: a line of the command's is a number of the picture's embedding, the first time and every time.
embeds()
{
  "$@" "$weights" "$folder/picture.ppm" > "$folder/numbers" || return 1
  [ -s "$folder/first" ] || cp "$folder/numbers" "$folder/first"
  [ "$(grep -cE '^-?[0-9]' "$folder/numbers")" -ge 128 ] && diff "$folder/first" "$folder/numbers"
}
# The module, by pip as a user installs it; the library is found by the system's means alone.
pip_installs()
{
  mkdir "$folder/copy" && cp -R "$source/pyproject.toml" "$source/README.md" "$source/samples" "$folder/copy/" &&
    "$python" -m pip install --quiet --no-build-isolation --no-deps --no-index --target "$folder/site" "$folder/copy"
}
from_python()
{
  env -u CLREID_LIBRARY "PYTHONPATH=$folder/site" "LD_LIBRARY_PATH=$(library_folder "$folder/built")/.." "$python" -c '
import sys, clreid, numpy
magic, width, height, largest = open(sys.argv[2], "rb").read().split(maxsplit=4)[:4]
pixels = numpy.fromfile(sys.argv[2], numpy.uint8)[-int(width) * int(height) * 3:].reshape(int(height), int(width), 3)
with clreid.Model(sys.argv[1]) as model:
    print(*["%.9g" % x for x in model.embed([pixels])[0]], sep="\n")' "$@"
}
# The application fails as it should on a file that is none: everything is linked, and the library answers.
answers()
{
  "$1" "$folder/missing.safetensors" 2>&1 | tee /dev/stderr | grep -q '^app: .*missing\.safetensors'
}

for header in "$source"/include/clreid/*.h; do
  header=$(basename "$header")
  check "$header compiles alone as C11" header_alone cc c11 "$header"
  if command -v c++ > /dev/null; then
    check "$header compiles alone as C++" header_alone c++ c++11 "$header"
  else
    echo "SKIP  $header compiles alone as C++: no C++ compiler here"
  fi
done

# ---- As built, installed elsewhere
check "installs" cmake --install "$build" --prefix "$folder/built"
check "the moved command runs with no environment" env -i "$folder/built/bin/clreid" networks
for program in clreid-street clreid-video; do
  if [ -e "$build/samples/$program" ]; then
    check "the moved $program runs with no environment" env -i "$folder/built/bin/$program" --help
    check "$program has its manual page" grep -qF -e '\-\-out FOLDER' "$folder/built/share/man/man1/$program.1"
  else
    echo "SKIP  $program: not in this build"
  fi
done
check "find_package: builds" with_find_package "$folder/built" "$folder/app1"
check "find_package: runs" answers "$folder/app1/app"
check "pkg-config: builds" with_pkg_config "$folder/built" "$folder/app2" app --static
check "pkg-config: runs" answers "$folder/app2"

# ---- A picture embedded, in each way that the README names
weights=$folder/built/share/clreid/han-small-street.safetensors
{ printf 'P6\n48 128\n255\n' && head -c 18432 "$weights"; } > "$folder/picture.ppm"
if "$folder/built/bin/clreid" devices > "$folder/log" 2>&1; then
  check "the program is of 40 lines at most" at_most_lines 40 "$source/samples/app/embed.c"
  check "embeds: find_package" embeds "$folder/app1/embed"
  check "embeds: pkg-config builds" with_pkg_config "$folder/built" "$folder/embed" embed
  check "embeds: pkg-config" embeds "$folder/embed"
  if grep -q '^CLREID_STATIC:BOOL=ON' "$build/CMakeCache.txt"; then
    check "embeds: pkg-config --static builds" with_pkg_config "$folder/built" "$folder/embed2" embed --static archive
    check "embeds: pkg-config --static" embeds "$folder/embed2"
    check "embeds: pkg-config --static is static" nothing needs_shared "$folder/embed2"
    check "embeds: clreid::clreid_static builds" with_find_package "$folder/built" "$folder/app6" -DAPP_STATIC=ON
    check "embeds: clreid::clreid_static" embeds "$folder/app6/embed"
    check "embeds: clreid::clreid_static is static" nothing needs_shared "$folder/app6/embed"
    check "embeds: clreid::clreid is shared" needs_shared "$folder/app1/embed"
  else
    echo "SKIP  the static library beside the shared one: switched off in this build"
  fi
  python=$(command -v /usr/bin/python3)
  if [ -n "$python" ] && [ -n "$(find "$folder/built" -name libclreid.so)" ] && "$python" -c 'import numpy, pip, wheel'; then
    check "embeds: pip installs the module" pip_installs
    check "embeds: Python" embeds from_python
  else
    echo "SKIP  Python: no shared library, or no numpy, pip or wheel here"
  fi
else
  echo "SKIP  embedding: no OpenCL device here"
fi
if command -v c++ > /dev/null; then
  check "C++: builds and runs" from_cplusplus "$folder/built" "$folder/app5"
else
  echo "SKIP  C++: no C++ compiler here"
fi
check "the manual pages are there" ls "$folder/built/share/man/man1/clreid.1" "$folder/built/share/man/man1/clreid-embed.1"
library=$(find "$folder/built" -name 'libclreid.so' -o -name 'libclreid.dylib' | head -n 1)
if [ -n "$library" ]; then
  check "exports clreid_* alone" nothing exported_beyond_clreid "$library"
  check "exports all that its headers declare" nothing declared_but_missing "$library"
  if nm -D "$library" | grep -q ' A CLREID_0'; then
    check "every exported name has a version" nothing exported_without_version "$library"
  else
    echo "SKIP  versions of names: this linker takes no version script"
  fi
  if command -v readelf > /dev/null; then
    check "its soname is libclreid.so.0" has_soname "$library"
  else
    echo "SKIP  the soname: no readelf here"
  fi
  check "calls nothing that prints or ends the process" nothing forbidden_calls "$library"
else
  echo "SKIP  exported names: the library is static in this build"
fi

# ---- The option that switches the static library off
has_static() { cmake --build "$folder/one" --target help | grep clreid_static; }
check "CLREID_STATIC=OFF: configures" cmake -S "$source" -B "$folder/one" -DCLREID_STATIC=OFF -DBUILD_TESTING=OFF
check "CLREID_STATIC=OFF: there is no static library" nothing has_static

# ---- Static, without CLBlast, to the prefix it was configured for
check "static, no CLBlast: configures" cmake -S "$source" -B "$folder/build" -DCMAKE_INSTALL_PREFIX="$folder/static" \
  -DBUILD_SHARED_LIBS=OFF -DCLREID_CLBLAST=OFF -DBUILD_TESTING=OFF
check "static, no CLBlast: builds" cmake --build "$folder/build" --parallel 2
check "static, no CLBlast: installs" cmake --install "$folder/build"
check "static: the command runs" env -i "$folder/static/bin/clreid" networks
check "static: find_package builds" with_find_package "$folder/static" "$folder/app3"
check "static: find_package runs" answers "$folder/app3/app"
check "static: clreid::clreid_static is it" with_find_package "$folder/static" "$folder/app7" -DAPP_STATIC=ON
check "static: pkg-config builds" with_pkg_config "$folder/static" "$folder/app4" app --static
check "static: pkg-config runs" answers "$folder/app4"
check "static: global names begin with clreid_ or cr_" nothing global_beyond_prefixes \
  "$(find "$folder/static" -name libclreid.a)"
check "static: nothing of CLBlast is linked" nothing sh -c "ldd '$folder/static/bin/clreid' | grep -i clblast"
check "uninstalls" cmake --build "$folder/build" --target uninstall
check "nothing is left of it" nothing files_left "$folder/static"
check "uninstalls what it has installed alone" leaves_what_is_not_ours
check "uninstalls twice" cmake --build "$folder/build" --target uninstall

echo "$failures failed"
[ "$failures" -eq 0 ]
