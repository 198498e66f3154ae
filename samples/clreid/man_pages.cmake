# man_pages.cmake - clreid.1, and where a program can be run on the machine that builds it, pages made from its --help.
configure_file(${PROJECT_SOURCE_DIR}/docs/clreid.1.in clreid.1 @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/clreid.1" DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
set(clreid_pages "${CMAKE_CURRENT_BINARY_DIR}/man")

# clreid_add_pages(TARGET [SUMMARY]): a page for each subcommand of the program, or with a summary one page for itself.
function(clreid_add_pages target)
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -DCOMMAND=$<TARGET_FILE:${target}> -DVERSION=${PROJECT_VERSION} -DOUT=${clreid_pages}
            "-DSUMMARY=${ARGN}" -P ${PROJECT_SOURCE_DIR}/samples/clreid/man.cmake VERBATIM)
endfunction()
if(NOT CMAKE_CROSSCOMPILING)
  clreid_add_pages(clreid_command)
  clreid_add_pages(clreid_street "draws a street seen by two cameras, with its truth")
  if(TARGET clreid_video)
    clreid_add_pages(clreid_video "follows persons and vehicles through the videos of several cameras")
  endif()
  install(DIRECTORY "${clreid_pages}/" DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
