# man.cmake - a manual page for each subcommand, from what its --help says, so that the two cannot differ; or one for a
# program without subcommands, where a summary of it is given:
#
#     cmake -DCOMMAND=build/samples/clreid -DVERSION=0.1.0 -DOUT=FOLDER [-DSUMMARY=WORDS] -P man.cmake
#
# Reads the columns that samples/common/options.c prints: an option in 26 from the third on, then its explanation, or that
# on the next line where the option is longer.

# roff(VARIABLE): a text as roff wants it.
function(roff variable)
  string(REPLACE "\\" "\\e" text "${${variable}}")
  string(REPLACE "-" "\\-" text "${text}")
  string(REGEX REPLACE "(^|\n)([.'])" "\\1\\\\&\\2" text "${text}")
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

# lines_of(VARIABLE ARGUMENT...): what the command prints, as a list of lines; semicolons and brackets stay texts.
function(lines_of variable)
  execute_process(COMMAND "${COMMAND}" ${ARGN} OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE ";" "\\;" said "${said}")
  string(REPLACE "[" "<open>" said "${said}")
  string(REPLACE "]" "<close>" said "${said}")
  string(REPLACE "\n" ";" said "${said}")
  set(${variable} "${said}" PARENT_SCOPE)
endfunction()

# write_page(NAME SUMMARY [ARGUMENT...]): NAME.1, from what the command says to the arguments and --help.
function(write_page name summary)
  lines_of(lines ${ARGN} --help)
  set(usage "")
  set(about "")
  set(options "")
  foreach(line IN LISTS lines)
    string(REPLACE "<open>" "[" line "${line}")
    string(REPLACE "<close>" "]" line "${line}")
    if(line MATCHES "^usage: (.*)")
      set(usage "${CMAKE_MATCH_1}")
      roff(usage)
    elseif(line MATCHES "^  (-.*)")
      set(option "${line}")
      set(text "")
      string(SUBSTRING "${line}                              " 28 1 gap)
      if(gap STREQUAL " ")
        string(SUBSTRING "${line}" 2 26 option)
        string(SUBSTRING "${line}" 29 -1 text)
      endif()
      string(STRIP "${option}" option)
      roff(option)
      roff(text)
      string(APPEND options ".TP\n.B \"${option}\"\n${text}\n")
    elseif(line MATCHES "^   ")
      string(STRIP "${line}" text)
      roff(text)
      string(APPEND options "${text}\n")
    elseif(line)
      roff(line)
      string(APPEND about "${line}\n")
    endif()
  endforeach()
  string(REGEX REPLACE "\n\n+" "\n" options "${options}")
  roff(summary)
  string(TOUPPER "${name}" title)
  string(REPLACE "-" "\\-" escaped "${name}")
  file(WRITE "${OUT}/${name}.1" ".TH ${title} 1 \"\" \"clreid ${VERSION}\" \"User commands\"\n"
    ".SH NAME\n${escaped} \\- ${summary}\n.SH SYNOPSIS\n${usage}\n.SH DESCRIPTION\n${about}"
    ".SH OPTIONS\n${options}.SH SEE ALSO\n.BR clreid (1)\n")
endfunction()

if(SUMMARY)
  get_filename_component(name "${COMMAND}" NAME_WE)
  write_page(${name} "${SUMMARY}")
  return()
endif()
lines_of(commands --help)
foreach(row IN LISTS commands)
  if(row MATCHES "^  ([a-z]+) +(.*)" AND NOT CMAKE_MATCH_1 STREQUAL "clreid")
    write_page(clreid-${CMAKE_MATCH_1} "${CMAKE_MATCH_2}" ${CMAKE_MATCH_1})
  endif()
endforeach()
