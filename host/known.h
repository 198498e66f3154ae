/*
 * known.h - a known answer for a step: its kernel, in its tile and group, on a small operator whose every element is
 * known in double precision.
 *
 * Knows what to run and whether the numbers are right. What is remembered of it, and what becomes of a step that is
 * wrong, is proof.c's business.
 */
#ifndef CR_KNOWN_H
#define CR_KNOWN_H

#include "launch.h"

/* Runs it. *wrong: the kernel ran and its numbers are not those, reason says which. A call that fails is the status. */
clreid_status cr_known_answer(const cr_step *step, bool *wrong, clreid_error *reason);

/* The same of a resize whose kernel is built as spec says: its element, and the plain shape or the device's own. Size,
 * margin and values are the question's, which is asked in both orders of channels. */
clreid_status cr_known_resize(cr_queue *queue, const cr_resize_spec *spec, bool *wrong, clreid_error *reason);
enum { CR_KNOWN_RESIZE_CHECKS = 2 * 8 * 39 * 87 * 3 }; /* elements of eight pictures, twice */

/* Those of a search, in the storage, shape and tile of spec; its length, rows and queries are the question's. */
clreid_status cr_known_search(cr_queue *queue, const cr_search_spec *spec, bool *wrong, clreid_error *reason);
enum { CR_KNOWN_SEARCH_CHECKS = 9 * (40 + 2) + 40 }; /* products and lists of queries, rows */

/* Of a delivery of rows stored as half or as float; columns are made odd, which leaves the group as it is. */
clreid_status cr_known_deliver(cr_queue *queue, int columns, bool half, bool plain, bool *wrong, clreid_error *reason);
enum { CR_KNOWN_DELIVER_CHECKS = 3 + 1 }; /* rows and the report */

/* Those of Winograd's three steps, which are no trials: integers, of which all sums are exact. */
clreid_status cr_known_winograd(const cr_step *step, bool *wrong, clreid_error *reason);

#endif
