/*
 * support.h - what the tests of kernels share: a device, and the examination of one operator in all its variants.
 *
 * A test of an operator is a table of trials (host/trial.h). Each is examined with
 *   - every element against double precision, within the bound that its sum's length gives (host/oracle.h),
 *   - guards round every buffer, between pictures and beside columns, and inputs that stay as they were,
 *   - a result with too many zeros is MISTRUSTED,
 *   - the same bits on a second run, alone as in a batch, with NaN in the padding, and in every variant: all tiles that
 *     the device may run, and the plain twin.
 * A failure prints a line that runs this one case again.
 *
 * Environment
 *   CLREID_TEST_DEVICE  cpu, gpu or an index; "cpu" if not set
 *   CLREID_TEST_SEED    of the random numbers; 1 if not set
 *   CLREID_TEST_WORK    cases of more multiply-adds are left out: for devices that are simulated
 *   CLREID_TEST_CASE    the only case to run, as a failure prints it; so does the first argument
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"
#include "oracle.h"
#include "pretend.h"
#include "tuning.h"

/* Called first in main: reads arguments and environment, prints the seed and how to run again. */
void support_start(int argc, char **argv);

/* The device to test on, as in a configuration: CLREID_TEST_DEVICE, else "cpu". */
const char *support_choice(void);
/* Group setup and teardown: opens the device, without a cache of programs, and a queue. */
int support_open(void **state);
int support_close(void **state);
cr_device *support_device(void);
cr_queue *support_queue(void);
uint64_t support_seed(void);
/* The device has less than before (host/pretend.h); the test keeps its facts and gives them back. */
void support_pretend(const char *words);

/* The i-th random integer in [low, high]. */
int support_random(uint64_t i, int low, int high);

/* The tiles that the library ships rows with, for any device. */
int support_tile_count(void);
const cr_tile *support_tile(int index);

/* Examines the trial (its seed is set here), counting what fails; the test goes on to its next case. */
void support_examine(cr_trial_spec spec);
/* Fails the test if an examination failed since the last call; prints how many cases were run. */
void support_verdict(void);

#endif
