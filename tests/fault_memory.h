/*
 * fault_memory.h - memory of the host with faults: malloc and its kin, as the library and the test call them, counted,
 * and one refused where a test asks for it. The linker sends the calls here (--wrap, tests/CMakeLists.txt).
 */
#ifndef FAULT_MEMORY_H
#define FAULT_MEMORY_H

#include <stdbool.h>

void fault_memory_watch(long refused); /* this call gets NULL, from 1 on; 0: none */
void fault_memory_ignore(void);
long fault_memory_calls(void);  /* since fault_memory_watch */
bool fault_memory_fired(void);  /* was one refused since? */
long fault_memory_blocks(void); /* that are not freed yet */

#endif
