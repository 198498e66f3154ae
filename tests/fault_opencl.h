/*
 * fault_opencl.h - OpenCL with faults: what the library calls goes through here on its way to the loader, is counted,
 * and fails where a test asks for it. Every function of host/opencl_load.h's table is covered; one that is missing does
 * not compile. It knows nothing of what a test does with it.
 *
 * Calls are numbered from fault_watch on. A call site is a function and the address that it returns to: what a
 * disassembler prints behind a call.
 */
#ifndef FAULT_OPENCL_H
#define FAULT_OPENCL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Objects of OpenCL that somebody holds a reference to, and references to them. */
typedef enum fault_kind {
  FAULT_CONTEXT,
  FAULT_DEVICE, /* retained, as an application's are */
  FAULT_QUEUE,
  FAULT_PROGRAM,
  FAULT_KERNEL,
  FAULT_BUFFER,
  FAULT_EVENT,
  FAULT_KINDS
} fault_kind;

typedef struct fault_objects {
  long references[FAULT_KINDS];
  long released_twice; /* releases of what nobody held any more, which the driver never sees */
} fault_objects;

/* A call, by where it stands: what is asked again and again while a command runs shifts the numbers of all calls. */
typedef struct fault_place {
  long site; /* an index of fault_sites */
  long nth;  /* call of it since fault_watch, from 1 on; 0: none */
} fault_place;

typedef struct fault_plan {
  fault_place at, then; /* these fail */
  int code;             /* with this; 0: with the one that suits the function */
  bool lasting;         /* after `at` all calls fail but releases, as those of a device that is lost */
} fault_plan;

typedef struct fault_site {
  const char *function;
  uintptr_t address; /* behind the call */
  long calls;        /* since the program began, while watched */
  long failed;       /* of them */
  long passed;       /* while unwatched, but not paused */
} fault_site;

void fault_watch(fault_plan plan);       /* numbers begin at 1 again */
void fault_ignore(void);                 /* calls pass, unnumbered */
void fault_pause(bool pause);            /* the same for what a test calls itself, numbers stay */
long fault_calls(void);                  /* since fault_watch */
long fault_site_of(long call);           /* an index of fault_sites; -1: no such call, or too many */
fault_place fault_place_of(long call);   /* of what was watched last */
const char *fault_fired(void);           /* the function that failed first since fault_watch; NULL: none did */
long fault_fired_at(void);               /* the number of that call; 0 */
bool fault_failed(const char *function); /* has a call of it since? */
fault_objects fault_alive(void);
void fault_own(fault_kind kind, void *handle); /* that a test made by a function which is not here */
/* Programs are built for all devices of their context, not for those that are asked for: lists of binaries have several
 * then, with a driver that lists what is built. */
void fault_build_for_all(bool all);
const char *fault_kind_name(fault_kind kind);
const fault_site *fault_sites(size_t *count);
bool fault_covers(const char *function); /* does it go through here? */

#endif
