/*
 * test_faults.c - proves what the library does when OpenCL or memory fails it: each call, in turn, in each of the
 * scenes of faults_scenes.c, and what is called only because another failed. The failing run ends with a status and one
 * line of text, or comes through with the right bits; nothing is left behind, in OpenCL or in memory; and the run after
 * it, in the same world, has the right bits.
 *
 *     test_faults                      a call or two of each call site
 *     test_faults long                 every call, with several codes; of a scene that repeats its calls thousands of
 *                                      times, some hundred
 *     test_faults SCENE [KIND [CALL [SECOND]]]  the scene of this name, the kind of fault, the number of the call, and,
 *                                      in the run where that fails, of another that fails as well
 *
 * Kinds: code (the code that suits the function), memory-code (CL_OUT_OF_HOST_MEMORY), lost (this and all later calls
 * say that the device is gone), memory (malloc and its kin).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <CL/cl.h>

#include "fault_memory.h"
#include "fault_opencl.h"
#include "faults.h"
#include "system.h"

typedef enum kind { CODE, MEMORY_CODE, LOST, MEMORY, KINDS } kind;
static const struct {
  const char *name;
  int code;
  bool lasting;
  long most; /* faults of a scene in the short form; 0: all that were chosen */
} kinds[KINDS] = {
    [CODE] = {"code", 0, false, 0},
    [MEMORY_CODE] = {"memory-code", CL_OUT_OF_HOST_MEMORY, false, 3},
    [LOST] = {"lost", CL_DEVICE_NOT_AVAILABLE, true, 6},
    [MEMORY] = {"memory", 0, false, 12},
};

static bool all_calls;
static const char *only_scene;
static int only_kind = -1;
static long only_call, only_second;
enum { MOST_SECOND = 8 }; /* calls that are tried behind one */

/* What is being tried, for whoever sees a failure. */
static struct {
  world *world;
  const scene *scene;
  kind kind;
  fault_place *places; /* of the scene's calls, from 1 on */
  long call;
  fault_place then; /* fails too, the call `second` of the run in which that one alone did */
  long second, runs, failed, recovered, passed_by, kept;
} now;

static void blame(const char *what)
{
  fail_msg("%s; again with: test_faults '%s' %s %ld %ld (%s)", what, now.scene->name, kinds[now.kind].name, now.call,
           now.second,
           now.kind == MEMORY ? "malloc"
           : fault_fired()    ? fault_fired()
                              : "nothing failed");
}

/* ---- What is left behind ------------------------------------------------------------------------------------------
 */

typedef struct holdings {
  fault_objects objects;
  long blocks;
} holdings;

static holdings count_holdings(void)
{
  return (holdings){fault_alive(), fault_memory_blocks()};
}

static bool describe_growth(const holdings *before, const holdings *after, char *text, size_t size)
{
  int at = 0;
  *text = 0;
  for (int k = 0; k < FAULT_KINDS; k++) {
    const long more = after->objects.references[k] - before->objects.references[k];
    if (more) at += snprintf(text + at, size - (size_t)at, "%+ld %s ", more, fault_kind_name((fault_kind)k));
  }
  if (after->objects.released_twice != before->objects.released_twice)
    at += snprintf(text + at, size - (size_t)at, "objects are released twice ");
  if (after->blocks != before->blocks)
    at += snprintf(text + at, size - (size_t)at, "%+ld blocks of memory ", after->blocks - before->blocks);
  return at > 0;
}

/* What a driver's thread still has in its hands may take a moment. Unless `sure`, growth is no failure, but false. */
static bool check_holdings(const holdings *before, bool sure)
{
  char growth[256], text[400];
  holdings after = count_holdings();
  for (int turn = 0; turn < 400 && describe_growth(before, &after, growth, sizeof growth); turn++) {
    nanosleep(&(struct timespec){0, 5000000}, NULL);
    after = count_holdings();
  }
  if (!describe_growth(before, &after, growth, sizeof growth)) return true;
  if (!sure) return false;
  snprintf(text, sizeof text, "LEAK: %s", growth);
  blame(text);
  return false;
}

/* A driver that takes no callback keeps memory that a command may still write to (host/event.c): better lost. */
static bool may_keep_memory(void)
{
  return now.kind != MEMORY && fault_failed("clSetEventCallback");
}

/* ---- One fault ----------------------------------------------------------------------------------------------------
 */

static bool is_the_machines_fault(clreid_status status)
{
  return status == CLREID_OUT_OF_MEMORY || status == CLREID_OUT_OF_DEVICE_MEMORY || status == CLREID_DEVICE_FAILED ||
         status == CLREID_UNSUPPORTED_PLATFORM || status == CLREID_UNSUPPORTED_DEVICE;
}

static void check_error(clreid_status status, const clreid_error *error)
{
  const size_t length = strlen(error->text);
  bool control = false;
  for (size_t i = 0; i < length; i++) control |= (unsigned char)error->text[i] < ' ';
  char text[1400];
  snprintf(text, sizeof text, "%s: '%s'", clreid_status_name(status), error->text);
  if (error->status != status || length < 10 || control || error->text[length - 1] == '.' ||
      !is_the_machines_fault(status))
    blame(text);
}

static void check_right(clreid_status status, XXH64_hash_t hash, XXH64_hash_t wanted, const clreid_error *error,
                        const char *when)
{
  char text[1400];
  snprintf(text, sizeof text, "%s: %s", when, status == CLREID_OK ? "other bits" : error->text);
  if (status != CLREID_OK || hash != wanted) blame(text);
}

/* Has anything grown? */
static bool try_once(XXH64_hash_t wanted, bool sure)
{
  clreid_error error = {CLREID_OK, ""};
  XXH64_hash_t hash;
  const holdings before = count_holdings();
  if (now.kind == MEMORY)
    fault_memory_watch(now.call);
  else
    fault_watch((fault_plan){now.places[now.call], now.then, kinds[now.kind].code, kinds[now.kind].lasting});
  const clreid_status status = faults_run(now.world, now.scene, &hash, &error);
  fault_memory_ignore();
  fault_ignore();
  now.runs++;
  const bool fired = now.kind == MEMORY ? fault_memory_fired() : fault_fired() != NULL;
  if (!fired)
    now.passed_by++;
  else if (status == CLREID_OK)
    now.recovered++;
  else
    now.failed++;
  if (status != CLREID_OK && fired)
    check_error(status, &error);
  else
    check_right(status, hash, wanted, &error, "the run that came through");
  const bool may_keep = may_keep_memory();
  if (may_keep) {
    const long kept = fault_memory_blocks() - before.blocks;
    if (kept > 0) now.kept += kept;
  }
  error = (clreid_error){CLREID_OK, ""};
  const clreid_status after = faults_run(now.world, now.scene, &hash, &error);
  check_right(after, hash, wanted, &error, "the run after it");
  return may_keep || check_holdings(&before, sure);
}

/* What a device keeps (programs of a smaller pass, which a session fell back to) has grown once: what leaks grows
 * again. */
static void try_fault(XXH64_hash_t wanted)
{
  if (!try_once(wanted, false)) try_once(wanted, true);
}

/* ---- All faults of a scene ----------------------------------------------------------------------------------------
 */

/* The first and the last call of each site, in the order of the calls. Returns how many; list[calls]. */
static long choose(long calls, long *list)
{
  size_t sites;
  long count = 0;
  (void)fault_sites(&sites);
  long *last = calloc(sites, sizeof *last), *first = calloc(sites, sizeof *first);
  assert_true(last && first);
  for (long c = 1; c <= calls; c++) {
    const long site = fault_site_of(c);
    if (site < 0) continue;
    last[site] = c;
    if (!first[site]) first[site] = c;
  }
  for (long c = 1; c <= calls; c++) {
    const long site = fault_site_of(c);
    if (site >= 0 && (first[site] == c || last[site] == c)) list[count++] = c;
  }
  free(first);
  free(last);
  return count;
}

/* Keeps `most` of them, evenly. */
static long thin(long count, long *list, long most)
{
  if (!most || count <= most) return count;
  for (long i = 0; i < most; i++) list[i] = list[i * count / most];
  return most;
}

/* In the run that was tried last, a call whose site never failed and that stands behind the one that did: of what is
 * called because something failed. 0: none. */
static long find_new(void)
{
  size_t all;
  const fault_site *sites = fault_sites(&all);
  if (!fault_fired_at()) return 0;
  for (long c = fault_fired_at() + 1; c <= fault_calls(); c++) {
    const long site = fault_site_of(c);
    if (site >= 0 && !sites[site].failed) return c;
  }
  return 0;
}

/* And then, with that one, others behind it. */
static void try_call(XXH64_hash_t wanted)
{
  try_fault(wanted);
  for (int turn = 0; now.kind == CODE && turn < MOST_SECOND; turn++) {
    now.second = only_second ? only_second : only_call ? 0 : find_new();
    if (!now.second) break;
    now.then = fault_place_of(now.second);
    try_fault(wanted);
    if (only_second) break;
  }
  now.second = 0;
  now.then = (fault_place){0, 0};
}

static void try_calls(const long *list, long count, XXH64_hash_t wanted)
{
  for (long i = 0; i < count; i++) {
    now.call = list[i];
    if (!only_call || only_call == now.call) try_call(wanted);
  }
}

/* Of a scene's calls: those of choose, and of them those of keep_new. */
typedef struct selection {
  long *calls, count, *fresh, fresh_count;
} selection;

/* Of list[count] the calls whose site never failed, one of each. */
static long keep_new(long count, long *list)
{
  size_t all;
  const fault_site *sites = fault_sites(&all);
  long kept = 0;
  for (long i = 0; i < count; i++) {
    const long site = fault_site_of(list[i]);
    bool is_new = site >= 0 && !sites[site].failed;
    for (long k = 0; k < kept && is_new; k++) is_new = fault_site_of(list[k]) != site;
    if (is_new) list[kept++] = list[i];
  }
  return kept;
}

static void try_kind(long calls, const selection *chosen, XXH64_hash_t wanted)
{
  const long most = now.scene->most && (!kinds[now.kind].most || now.scene->most < kinds[now.kind].most)
                        ? now.scene->most
                        : kinds[now.kind].most;
  long *list = malloc((size_t)(calls + 1) * sizeof *list);
  assert_non_null(list);
  for (long i = 0; i < calls; i++) list[i] = i + 1;
  if (only_call) {
    try_calls(list, calls, wanted);
  } else if (all_calls) {
    if (now.scene->most_long && now.kind == CODE) try_calls(chosen->calls, chosen->count, wanted);
    try_calls(list, thin(calls, list, now.scene->most_long), wanted);
  } else if (now.kind == MEMORY) {
    try_calls(list, thin(calls, list, most), wanted);
  } else {
    if (now.kind == CODE && now.scene->most) try_calls(chosen->fresh, chosen->fresh_count, wanted);
    memcpy(list, chosen->calls, (size_t)chosen->count * sizeof *list);
    try_calls(list, thin(chosen->count, list, most), wanted);
  }
  free(list);
}

static void try_scene(void)
{
  clreid_error error = {CLREID_OK, ""};
  XXH64_hash_t wanted = 0, hash;
  const double begin = cr_seconds();
  now.runs = now.failed = now.recovered = now.passed_by = 0;
  for (int turn = 0; turn < 3; turn++) { /* what is kept from run to run is there from the second on */
    if (turn == 2) fault_memory_watch(0), fault_watch((fault_plan){0});
    const clreid_status status = faults_run(now.world, now.scene, &hash, &error);
    if (status != CLREID_OK) fail_msg("%s without a fault: %s", now.scene->name, error.text);
    if (turn && hash != wanted) fail_msg("%s gives other bits when it runs again", now.scene->name);
    wanted = hash;
  }
  const long calls = fault_calls(), memory = fault_memory_calls();
  fault_ignore();
  fault_memory_ignore();
  selection chosen = {.calls = malloc((size_t)(calls + 1) * sizeof(long)),
                      .fresh = malloc((size_t)(calls + 1) * sizeof(long))};
  now.places = malloc((size_t)(calls + 1) * sizeof *now.places);
  assert_true(chosen.calls && chosen.fresh && now.places);
  for (long c = 1; c <= calls; c++) now.places[c] = fault_place_of(c);
  chosen.count = chosen.fresh_count = choose(calls, chosen.calls);
  memcpy(chosen.fresh, chosen.calls, (size_t)chosen.count * sizeof(long));
  chosen.fresh_count = keep_new(chosen.count, chosen.fresh);
  for (int k = 0; k < KINDS; k++) {
    now.kind = (kind)k;
    if (only_kind < 0 || only_kind == k) try_kind(k == MEMORY ? memory : calls, &chosen, wanted);
  }
  free(chosen.calls);
  free(chosen.fresh);
  free(now.places);
  printf("%-34s %6ld calls, %5ld for memory: %6ld runs, %ld failed, %ld came through, %ld met no fault, %.1f s\n",
         now.scene->name, calls, memory, now.runs, now.failed, now.recovered, now.passed_by, cr_seconds() - begin);
  fflush(stdout);
}

static void every_call_fails_once(void **state)
{
  (void)state;
  bool whole;
  now.world = faults_world_make(&whole);
  long runs = 0;
  for (size_t s = 0; s < faults_scene_count; s++) {
    now.scene = &faults_scenes[s];
    if (only_scene ? strcmp(only_scene, now.scene->name) != 0 : now.scene->long_form && !all_calls) continue;
    try_scene();
    runs += now.runs;
  }
  assert_true(runs > 0);
  now.scene = &(const scene){.name = "the end of all"};
  faults_world_free(now.world);
  const holdings nothing = {{{0}, 0}, now.kept};
  check_holdings(&nothing, true);
  printf("%ld faults, 0 crashes, 0 leaks (%ld blocks kept for a driver that takes no callback)\n", runs, now.kept);
  if (!faults_print_sites() && whole && !only_scene) fail_msg("some call sites were never failed");
}

static void read_arguments(int argc, char **argv)
{
  int at = 1;
  if (at < argc && !strcmp(argv[at], "long")) all_calls = true, at++;
  if (at < argc) only_scene = argv[at++];
  if (at < argc) {
    for (int k = 0; k < KINDS; k++)
      if (!strcmp(kinds[k].name, argv[at])) only_kind = k;
    at++;
  }
  if (at < argc) only_call = strtol(argv[at++], NULL, 10);
  if (at < argc) only_second = strtol(argv[at], NULL, 10);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_call_fails_once)};
  read_arguments(argc, argv);
  setenv("POCL_DEVICES", "pthread pthread", 0); /* PoCL has two devices then */
  return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
