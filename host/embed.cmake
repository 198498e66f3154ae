# embed.cmake - turns cl/*.cl, cl/*.clh and the shipped rows into one C table of texts:
# cmake -DOUT=kernels.c -DFOLDER=cl -DROWS=host/tiles.rows -P embed.cmake
#
# The texts are byte arrays, not string literals: C compilers may refuse literals of more than 4095 characters.
file(GLOB files "${FOLDER}/*.cl" "${FOLDER}/*.clh")
list(APPEND files "${ROWS}")
list(SORT files)
set(arrays "")
set(rows "")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME)
  string(MAKE_C_IDENTIFIER "${name}" id)
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const char text_${id}[] = {${bytes}0};\n")
  string(APPEND rows "  {\"${name}\", text_${id}},\n")
endforeach()
file(WRITE "${OUT}" "/* Made by embed.cmake from cl/. */\n#include \"source.h\"\n\n${arrays}\nconst cr_source_file cr_source_files[] = {\n${rows}  {0, 0},\n};\n")
