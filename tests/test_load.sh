#!/bin/sh
# test_load.sh - OpenCL loaded at run time (CLREID_LOAD_OPENCL, host/opencl_load.c): the command starts without an OpenCL
# and says so, finds it under any of its names, passes over one that lacks functions, and works with it.
#
# Static and with -O0, which is quick to build. Libraries are hidden by files in LD_LIBRARY_PATH that are none.
set -u
source=${SOURCE_FOLDER:?is set by ctest} linked=${CLREID_COMMAND:?is set by ctest}
unset CLREID_OPENCL
. "$source/tests/check.sh"

nothing() { [ -z "$("$@" | tee /dev/stderr)" ]; }

check "configures" cmake -S "$source" -B "$folder/build" -DCLREID_LOAD_OPENCL=ON -DCMAKE_BUILD_TYPE=Debug \
  -DBUILD_SHARED_LIBS=OFF -DBUILD_TESTING=OFF -DCLREID_VIDEO=OFF -DCMAKE_INSTALL_PREFIX="$folder/installed"
check "builds" cmake --build "$folder/build" --parallel 2 --target clreid_command
command=$folder/build/samples/clreid
needs() { ldd "$command" | grep -iE 'opencl|clblast'; }
check "nothing of OpenCL is linked" nothing needs

# ---- With OpenCL
lists_the_same() { "$linked" devices > "$folder/linked" && "$@" devices | diff "$folder/linked" -; }
check "lists the devices" lists_the_same "$command"
check "embeds" "$command" bench --network han-small
cl=$(ldd "$linked" "$(dirname "$linked")/../libclreid.so" 2> /dev/null | awk '/libOpenCL/ { print $3; exit }')
check "finds the one that is named" lists_the_same env "CLREID_OPENCL=$cl" "$command"

# ---- Without
# complains LINE COMMAND...: exit 1, nothing on stdout, and one line on stderr that the pattern matches.
complains()
{
  line=$1
  shift
  "$@" > "$folder/out" 2> "$folder/err"
  code=$?
  cat "$folder/err"
  [ "$code" -eq 1 ] && [ ! -s "$folder/out" ] && [ "$(wc -l < "$folder/err")" -eq 1 ] && grep -qE "$line" "$folder/err"
}
mkdir "$folder/none" "$folder/old" "$folder/second"
for name in libOpenCL.so.1 libOpenCL.so libGLES_mali.so; do : > "$folder/none/$name"; done
cp "$folder"/none/* "$folder/old"
cp "$folder"/none/* "$folder/second"
hidden() { LD_LIBRARY_PATH=$folder/$1 "$command" "$2"; }

check "starts without OpenCL" hidden none networks
check "says that there is none" complains '^clreid: there is no OpenCL on this machine.*install.*CLREID_OPENCL' hidden none devices
check "says which named one is missing" complains "^clreid: .*'/missing/cl.so', which CLREID_OPENCL names" \
  env CLREID_OPENCL=/missing/cl.so "$command" selftest

echo 'int clBuildProgram(void) { return 0; }' | cc -x c -shared -fPIC -o "$folder/old/libOpenCL.so.1" - || exit 1
check "says what an old one lacks" complains '^clreid: libOpenCL.so.1 has no function clCreateBuffer' hidden old devices
cp "$folder/old/libOpenCL.so.1" "$folder/second/libOpenCL.so.1"
ln -sf "$cl" "$folder/second/libOpenCL.so"
second() { hidden second "$@"; }
check "passes over an old one for the next name" lists_the_same second

# ---- For others: nothing of OpenCL is asked for
check "installs" sh -c "cmake --build '$folder/build' --parallel 2 && cmake --install '$folder/build'"
check "find_package needs no OpenCL" cmake -S "$source/samples/app" -B "$folder/app" \
  -DCMAKE_PREFIX_PATH="$folder/installed" -DCMAKE_DISABLE_FIND_PACKAGE_OpenCL=ON
check "an application links without OpenCL" cmake --build "$folder/app"
asks_for_opencl() { grep -iE 'opencl' "$(find "$folder/installed" -name clreid.pc)" | grep -v '^Description'; }
check "pkg-config asks for no OpenCL" nothing asks_for_opencl

echo "$failures failed"
[ "$failures" -eq 0 ]
