/*
 * profile.h - where the time of a pass went: stamps that a session leaves on its way, and the rows made from them.
 */
#ifndef CR_PROFILE_H
#define CR_PROFILE_H

#include "traffic.h"

typedef struct cr_profile cr_profile;

/* Moments of a pass, in this order; CR_STAMP_STEP + k is before step k, and after the last one for k = step_count. */
enum { CR_STAMP_BEGIN, CR_STAMP_UPLOADED, CR_STAMP_READ, CR_STAMP_END, CR_STAMP_STEP };

/* Commands that the queue of a profiled session must note before its steps are there: one for each launch and transfer
 * of a pass. */
size_t cr_profile_commands(const cr_plan *plan);

/* steps[plan->step_count], queue and model are borrowed and must live as long as the profile. */
clreid_status cr_profile_create(const clreid_model *model, cr_step *const *steps, const cr_resize *resize,
                                cr_queue *queue, cr_profile **profile, clreid_error *error);
void cr_profile_destroy(cr_profile *profile); /* NULL allowed */

/* Does nothing without a profile. CR_STAMP_READ may come several times. */
void cr_profile_stamp(cr_profile *profile, int stamp);
/* The pass is over, with so many pictures. */
void cr_profile_end(cr_profile *profile, int batch);

/* As clreid_session_profile. */
clreid_status cr_profile_rows(cr_profile *profile, const clreid_profile_row **rows, size_t *count, double *pass_ms,
                              clreid_error *error);

#endif
