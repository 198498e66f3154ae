/*
 * profile.h - the profile of many passes: what a session says of each, beside what the device could do.
 *
 * create -> add after each pass -> print or json.
 */
#ifndef PROFILE_H
#define PROFILE_H

#include <clreid/clreid.h>

#include "json.h"

typedef struct profile profile;

/* For at most so many passes; NULL if there is no memory. */
profile *profile_create(size_t most_passes);
void profile_destroy(profile *of); /* NULL is allowed */

/* The session's last pass. Passes beyond the most are not added. */
clreid_status profile_add(profile *of, clreid_session *session, clreid_error *error);
size_t profile_passes(const profile *of);

/* What the device can do; measured again, the larger figures count. */
void profile_compare(profile *of, const clreid_device_peaks *peaks);

/* Both need a pass and a measurement at least, and the session of the passes. usual_ms: a pass of a session without a
 * profile. */
void profile_print(const profile *of, double usual_ms);
/* Sets "profile", "profile_kinds", "profile_total" and "peaks"; returns object, or NULL if there was no memory. */
json_t *profile_json(const profile *of, double usual_ms, json_t *object);

#endif
