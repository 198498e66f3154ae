/*
 * settings.h - what clreid-video is asked to do: its command line, with the defaults of all thresholds.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "identities.h"
#include "options.h"
#include "tracker.h"

enum { SETTINGS_MOST_CAMERAS = 64 };

typedef struct settings {
  const char *weights, *network, *out;
  options_texts videos, boxes, truths;
  uint64_t batch;
  int precision;
  bool json, no_video, features_only;
  tracker_config tracker; /* its rate is each video's own */
  identities_config identities;
  double fill_seconds, least_visibility;
  options_common common;
} settings;

/* False if the program is to end with *code. Give set to settings_free in either case. */
bool settings_parse(int argc, char **argv, settings *set, int *code);
void settings_free(settings *set);

#endif
