# man_pages.cmake - clreid.1, and a page for each subcommand where the command can be run on the machine that builds it.
configure_file(${PROJECT_SOURCE_DIR}/docs/clreid.1.in clreid.1 @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/clreid.1" DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
if(NOT CMAKE_CROSSCOMPILING)
  set(clreid_pages "${CMAKE_CURRENT_BINARY_DIR}/man")
  add_custom_command(TARGET clreid_command POST_BUILD
    COMMAND ${CMAKE_COMMAND} -DCOMMAND=$<TARGET_FILE:clreid_command> -DVERSION=${PROJECT_VERSION} -DOUT=${clreid_pages}
            -P ${CMAKE_CURRENT_SOURCE_DIR}/clreid/man.cmake VERBATIM)
  install(DIRECTORY "${clreid_pages}/" DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
