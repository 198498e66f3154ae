/*
 * pretend.h - a device that pretends to have less than it has, so that what a small one would be given can be run on
 * any machine.
 *
 * CLREID_PRETEND holds words with commas between them, each at most once; device.c applies them to the facts as it
 * reads them, so that every decision follows.
 *
 *   cpu, gpu         the device's type
 *   work-group=N     the largest work-group, in work-items
 *   local=SIZE       local memory of that size, real as that of a GPU
 *   no-local         local memory is a part of global memory
 *   buffer=SIZE      the largest buffer
 *   width=N          floats of a vector
 *   no-fma           there is no fast multiply-add
 *   no-images        neither images, which no kernel asks for,
 *   no-sub-groups    nor sub-groups, which none asks for either
 *   turns=N          turns of the loops of a work-item, which then walks neither rows nor lines
 *
 * A SIZE is a number of bytes, or of units of 2^10, 2^20, 2^30: 16K, 128M, 1G. A word only takes away: a number larger
 * than the device's is the device's, but for its vectors' width.
 */
#ifndef CR_PRETEND_H
#define CR_PRETEND_H

#include "ops_device.h"

/* Applies the words to the facts; NULL: none. On an error the facts are as they were. */
clreid_status cr_pretend(const char *words, cr_facts *facts, clreid_error *error);

#endif
