/*
 * scratch.h - random weights in a folder for temporary files, for the subcommands that work without a weight file.
 *
 * An interrupt removes both.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <clreid/clreid.h>

typedef struct scratch {
  char folder[64]; /* empty: there is none */
  char path[96];   /* the weight file in it */
} scratch;

/* Makes both; the struct, which is all zero before, must stay where it is until they are removed. */
clreid_status scratch_make(scratch *weights, const char *network, clreid_error *error);
void scratch_remove(scratch *weights); /* again and again, if one likes */

#endif
