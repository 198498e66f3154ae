/*
 * program_name.c - the name that tests of the programs' parts give themselves (samples/common/program.h).
 */
#include "program.h"

const char program_name[] = "test";
