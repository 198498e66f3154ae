# install.cmake - what `cmake --install` puts where: library, headers, and how other projects find them.
#
# find_package(clreid) gives clreid::clreid and, where a static library was built, clreid::clreid_static; pkg-config has the
# name clreid. Both stay right when the prefix is moved. A shared library names its needs itself; only a static one hands
# them on to who links it. The command installs itself (samples/).
# `cmake --build . --target uninstall` takes back what the last installation from this build folder has put there.
include(CMakePackageConfigHelpers)
set(clreid_cmake_folder ${CMAKE_INSTALL_LIBDIR}/cmake/clreid)
get_target_property(clreid_type clreid TYPE)

install(TARGETS clreid EXPORT clreid)
install(DIRECTORY include/clreid TYPE INCLUDE)
install(EXPORT clreid FILE clreid-targets.cmake NAMESPACE clreid:: DESTINATION ${clreid_cmake_folder})
if(CLREID_STATIC)
  install(TARGETS clreid_static EXPORT clreid_static)
  install(EXPORT clreid_static FILE clreid-static-targets.cmake NAMESPACE clreid:: DESTINATION ${clreid_cmake_folder})
endif()

# ---- find_package
set(clreid_kinds shared)
if(clreid_type STREQUAL STATIC_LIBRARY)
  set(clreid_kinds static)
elseif(CLREID_STATIC)
  set(clreid_kinds shared static)
endif()
configure_package_config_file(include/clreid-config.cmake.in clreid-config.cmake
  INSTALL_DESTINATION ${clreid_cmake_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(clreid-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/clreid-config.cmake" "${CMAKE_CURRENT_BINARY_DIR}/clreid-config-version.cmake"
  DESTINATION ${clreid_cmake_folder})

# ---- pkg-config
set(CLREID_PC_REQUIRES "")
set(CLREID_PC_LIBS "")
if("static" IN_LIST clreid_kinds)
  set(CLREID_PC_REQUIRES "jansson libxxhash")
  set(CLREID_PC_LIBS "-lm -pthread")
  foreach(library IN LISTS CMAKE_DL_LIBS)
    string(APPEND CLREID_PC_LIBS " -l${library}")
  endforeach()
  if(NOT CLREID_LOAD_OPENCL)
    string(APPEND CLREID_PC_REQUIRES " OpenCL")
  endif()
  if(CLREID_CLBLAST)
    string(APPEND CLREID_PC_REQUIRES " clblast")
  endif()
endif()
file(RELATIVE_PATH CLREID_PC_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
file(RELATIVE_PATH CLREID_PC_LIBDIR "${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_FULL_LIBDIR}")
file(RELATIVE_PATH CLREID_PC_INCLUDEDIR "${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
string(REGEX REPLACE "/$" "" CLREID_PC_PREFIX "${CLREID_PC_PREFIX}")
configure_file(include/clreid.pc.in clreid.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/clreid.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# ---- uninstall
if(PROJECT_IS_TOP_LEVEL)
  add_custom_target(uninstall
    COMMAND ${CMAKE_COMMAND} -DBUILD=${CMAKE_CURRENT_BINARY_DIR} -P ${CMAKE_CURRENT_SOURCE_DIR}/include/uninstall.cmake
    COMMENT "Uninstalling" VERBATIM)
endif()
