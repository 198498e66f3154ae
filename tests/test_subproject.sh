#!/bin/sh
# test_subproject.sh - libclreid within another project, by add_subdirectory and by FetchContent: the library is built as
# that project builds its own, and nothing else happens to it: no tests, samples or installed files, no variable changed.
#
# Everything is configured; one of the projects is built, with -O0, which is quick.
set -u
source=${SOURCE_FOLDER:?is set by ctest}
. "$source/tests/check.sh"

nothing() { [ -z "$("$@" | tee /dev/stderr)" ]; }

# project NAME: the lines of stdin between project() and the use of the library.
project()
{
  mkdir -p "$folder/$1"
  cp "$source/samples/app/app.c" "$folder/$1/"
  {
    printf 'cmake_minimum_required(VERSION 3.25)\nproject(outer LANGUAGES C)\n'
    cat
    printf 'add_executable(app app.c)\ntarget_link_libraries(app PRIVATE clreid::clreid m)\ninstall(TARGETS app)\n'
  } > "$folder/$1/CMakeLists.txt"
}

# watch(OUT) notes all variables but the library's own and what CMake's modules keep of what they have found; tell()
# prints those that came, went or changed.
cat > "$folder/watch.cmake" << 'EOF'
set(ours "CLREID_|clreid_|OpenCL_|OPENCL_|JANSSON|XXHASH|CLBLAST|Threads_|PKG_?CONFIG|pkgcfg_lib_|CMAKE_HAVE_|FETCHCONTENT_|_")
function(watch out)
  get_cmake_property(names VARIABLES)
  list(REMOVE_ITEM names before after out names prefix_result)
  set(found "")
  foreach(name IN LISTS names)
    if(NOT name MATCHES "^(${ours})" AND NOT name MATCHES "^CMAKE_(CURRENT|MATCH|PROJECT_VERSION)|^FIND_PACKAGE|^ARG")
      string(REPLACE ";" "|" value "${${name}}")
      list(APPEND found "${name}=${value}")
    endif()
  endforeach()
  set(${out} "${found}" PARENT_SCOPE)
endfunction()
function(tell)
  set(came ${after})
  list(REMOVE_ITEM came ${before})
  set(gone ${before})
  list(REMOVE_ITEM gone ${after})
  foreach(line IN LISTS came gone)
    message("CHANGED ${line}")
  endforeach()
endfunction()
EOF
changed() { grep '^CHANGED' "$1"; }
configure() { cmake -S "$folder/$1" -B "$folder/$1/build" > "$folder/$1.log" 2>&1 || { cat "$folder/$1.log"; return 1; }; }
more_targets() { cmake --build "$folder/$1/build" --target help | grep -E 'test_|command|similar|uninstall|clreid_static'; }

project subdirectory << EOF
include(CTest)
include($folder/watch.cmake)
watch(before)
add_subdirectory($source clreid)
watch(after)
tell()
EOF
check "add_subdirectory: configures" configure subdirectory
check "add_subdirectory: changes no variable" nothing changed "$folder/subdirectory.log"
check "add_subdirectory: has no samples, tests, uninstall or second library" nothing more_targets subdirectory
check "add_subdirectory: builds" cmake --build "$folder/subdirectory/build" --parallel 2
optimised() { grep -rhE '^C_FLAGS' "$folder/$1/build/clreid/CMakeFiles" | grep -E -e '-O|-DNDEBUG'; }
check "add_subdirectory: no build type is forced" nothing optimised subdirectory
check "add_subdirectory: the library is static, as the project's are" ls "$folder/subdirectory/build/clreid/libclreid.a"
answers() { "$folder/$1/build/app" "$folder/none" 2>&1 | tee /dev/stderr | grep -q '^app: .*none'; }
check "add_subdirectory: the application answers" answers subdirectory
check "add_subdirectory: installs" cmake --install "$folder/subdirectory/build" --prefix "$folder/installed"
installed() { find "$folder/installed" ! -type d ! -path '*/bin/app'; }
check "add_subdirectory: nothing but its own is installed" nothing installed
has_tests() { ctest --test-dir "$folder/subdirectory/build" -N | grep -E 'Test +#'; }
check "add_subdirectory: no tests are added" nothing has_tests

project fetched << EOF
set(BUILD_SHARED_LIBS ON)
set(CMAKE_BUILD_TYPE Debug)
set(CLREID_CLBLAST OFF)
include(FetchContent)
include($folder/watch.cmake)
FetchContent_Declare(clreid SOURCE_DIR $source)
watch(before)
FetchContent_MakeAvailable(clreid)
watch(after)
tell()
get_target_property(aliased clreid::clreid ALIASED_TARGET)
get_target_property(type \${aliased} TYPE)
message("TYPE \${type}")
EOF
check "FetchContent: configures" configure fetched
check "FetchContent: changes no variable" nothing changed "$folder/fetched.log"
check "FetchContent: BUILD_SHARED_LIBS is the project's" grep -q '^TYPE SHARED_LIBRARY' "$folder/fetched.log"
check "FetchContent: has no samples, tests, uninstall or second library" nothing more_targets fetched
linked_clblast() { grep -rh clblast "$folder/fetched/build/_deps/clreid-build/CMakeFiles/clreid.dir/link.txt"; }
check "FetchContent: the project's CLREID_CLBLAST counts" nothing linked_clblast

# With everything asked for.
project whole << EOF
set(CLREID_SAMPLES ON)
set(CLREID_INSTALL ON)
add_subdirectory($source clreid)
EOF
check "CLREID_SAMPLES and CLREID_INSTALL: configures" configure whole
has_command() { cmake --build "$folder/whole/build" --target help | grep -q clreid_command; }
check "CLREID_SAMPLES: the command can be built" has_command

echo "$failures failed"
[ "$failures" -eq 0 ]
