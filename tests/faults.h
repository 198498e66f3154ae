/*
 * faults.h - what test_faults.c lets fail: scenes, each a few calls of the library that leave nothing behind them, in a
 * world that all of them share.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xxhash.h>

#include "clreid/clreid.h"

typedef struct world world;

typedef struct scene {
  const char *name;
  /* Whatever the library does not do, the first error ends the scene; what it made is gone then. Results go to note. */
  clreid_status (*run)(world *w, clreid_error *error);
  long most; /* of a costly scene: in the short form so many faults of a kind, and call sites that never failed; else 0
              */
  bool long_form; /* in that alone */
  long most_long; /* of one that repeats its calls thousands of times: in the long form so many faults of a kind,
                     evenly, and the first and last call of each call site; else 0: every call */
  bool cold;      /* compiled programs are forgotten before each run */
} scene;

extern const scene faults_scenes[];
extern const size_t faults_scene_count;

/* Fails the test if it cannot. *whole: nothing is missing that a scene needs, or else it is said what. */
world *faults_world_make(bool *whole);
void faults_world_free(world *w);

/* A run of the scene: its status, and the hash of what it computed. */
clreid_status faults_run(world *w, const scene *s, XXH64_hash_t *hash, clreid_error *error);

/* Prints how many of the program's calls of OpenCL were failed, and names those that were not; were all? */
bool faults_print_sites(void);

#endif
