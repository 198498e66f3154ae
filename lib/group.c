/*
 * group.c - sessions of one model on several devices as one: who gets which pictures, and what becomes of a member that
 * fails.
 *
 * A run allocates nothing: what it needs is in the members.
 */
#include "group.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "clreid/clreid_group.h"
#include "frame.h"

typedef struct member {
  clreid_device *device; /* borrowed while the group is created */
  clreid_model *model;
  clreid_session *session;
  double speed; /* pictures a second; 0: not measured */
  bool failed;
  float **maps; /* [number of maps] */
  size_t of_call;
  /* Its part of a run, and what became of it. */
  size_t begin, count;
  double seconds;
  clreid_status status;
  clreid_error error;
} member;

typedef struct range {
  size_t begin, count;
} range;

/* What a run is given. */
typedef struct job {
  const clreid_picture *pictures;
  float *neck, *pooled, *const *maps;
} job;

struct clreid_group {
  int count;
  member *members; /* [count] */
  double *speeds;  /* [count]: of those that may have work, 1 for all where none is known */
  size_t *shares;  /* [count] */
  range *left;     /* [count + 1]: what nobody has done yet */
  int *working;    /* [count]: members that have a part of this run */
  size_t length;   /* D */
  size_t map_count;
  const char *path;
  const clreid_model_config *model;
  const clreid_session_config *session;
  job job;
};

/* ---- Shares ------------------------------------------------------------------------------------------------------ */

void cr_group_share(const double *speeds, int count, size_t all, size_t *shares)
{
  double sum = 0;
  size_t given = 0;
  for (int m = 0; m < count; m++) sum += speeds[m];
  for (int m = 0; m < count; m++) {
    shares[m] = (size_t)((double)all * (speeds[m] / sum));
    given += shares[m];
  }
  for (; given < all; given++) { /* the rest, one by one, to whom most is missing */
    int most = 0;
    double missing = -1;
    for (int m = 0; m < count; m++) {
      const double own = (double)all * (speeds[m] / sum) - (double)shares[m];
      if (speeds[m] > 0 && own > missing) most = m, missing = own;
    }
    shares[most]++;
  }
}

static int healthy(const clreid_group *g)
{
  int count = 0;
  for (int m = 0; m < g->count; m++) count += !g->members[m].failed;
  return count;
}

/* Gives each member its part of what is left; those that have one are working[return value]. */
static int share_out(clreid_group *g, range all)
{
  int working = 0;
  size_t begin = all.begin;
  for (int m = 0; m < g->count; m++) {
    const member *x = &g->members[m];
    g->speeds[m] = x->failed ? 0 : x->speed > 0 ? x->speed : 1;
  }
  cr_group_share(g->speeds, g->count, all.count, g->shares);
  for (int m = 0; m < g->count; m++) {
    member *x = &g->members[m];
    x->begin = begin;
    x->count = g->shares[m];
    begin += x->count;
    if (x->count) g->working[working++] = m;
  }
  return working;
}

/* ---- The work of a member ---------------------------------------------------------------------------------------- */

/* What a device may be to blame for, and neither the pictures nor the file. */
static bool is_the_devices_fault(clreid_status status)
{
  return status == CLREID_DEVICE_FAILED || status == CLREID_OUT_OF_DEVICE_MEMORY ||
         status == CLREID_UNSUPPORTED_DEVICE || status == CLREID_UNSUPPORTED_MODEL;
}

static void load_member(void *user, int index)
{
  clreid_group *g = user;
  member *x = &g->members[index];
  x->status = clreid_model_load(x->device, g->path, g->model, &x->model, &x->error);
  if (x->status == CLREID_OK) x->status = clreid_session_create(x->model, g->session, &x->session, &x->error);
}

static clreid_status embed_part(const job *j, const member *x, size_t length, clreid_error *error)
{
  float *neck = j->neck ? j->neck + x->begin * length : NULL,
        *pooled = j->pooled ? j->pooled + x->begin * length : NULL;
  const clreid_picture *pictures = j->pictures + x->begin;
  if (!j->maps) return clreid_embed(x->session, pictures, x->count, neck, pooled, error);
  clreid_map_info info;
  for (size_t i = 0; clreid_model_map_at(x->model, i, &info); i++)
    x->maps[i] = j->maps[i] ? j->maps[i] + x->begin * (size_t)info.height * (size_t)info.width : NULL;
  return clreid_embed_maps(x->session, pictures, x->count, neck, pooled, x->maps, error);
}

static void run_member(void *user, int index)
{
  clreid_group *g = user;
  member *x = &g->members[g->working[index]];
  const double before = cr_seconds();
  x->status = embed_part(&g->job, x, g->length, &x->error);
  x->seconds = cr_seconds() - before;
}

/* A full pass or more says most; a few pictures, which a device does at a bad rate, say little. */
static void measure(member *x)
{
  clreid_session_info info;
  clreid_session_describe(x->session, &info);
  const double now = x->seconds > 0 ? (double)x->count / x->seconds : x->speed;
  const double fill = (double)x->count / info.pass_batch, weight = 0.5 * (fill < 1 ? fill : 1);
  x->speed = x->speed > 0 ? x->speed + weight * (now - x->speed) : now;
}

/* ---- Creation ---------------------------------------------------------------------------------------------------- */

/* Members that failed by a fault of their device stay behind, as long as there is one that did not. */
static clreid_status leave_out(clreid_group *g, clreid_error *error)
{
  const member *first = NULL;
  for (int m = 0; m < g->count; m++) {
    member *x = &g->members[m];
    if (x->status == CLREID_OK) continue;
    if (!is_the_devices_fault(x->status)) return cr_fail(error, x->status, "%s", x->error.text);
    if (!first) first = x;
    x->failed = true;
    clreid_session_destroy(x->session);
    clreid_model_free(x->model);
    x->session = NULL;
    x->model = NULL;
  }
  if (first && !healthy(g)) return cr_fail(error, first->status, "%s", first->error.text);
  for (int m = 0; m < g->count; m++)
    if (g->members[m].failed)
      cr_say(cr_device_log(g->members[m].device->device), "group: member %d is left out: %s", m,
             g->members[m].error.text);
  return CLREID_OK;
}

static clreid_status make_room(clreid_group *g, clreid_error *error)
{
  clreid_map_info map;
  clreid_model_info info;
  const member *any = g->members;
  while (any->failed) any++;
  clreid_model_describe(any->model, &info);
  g->length = (size_t)info.feature_length;
  while (clreid_model_map_at(any->model, g->map_count, &map)) g->map_count++;
  for (int m = 0; m < g->count; m++) {
    g->members[m].maps = calloc(g->map_count + 1, sizeof *g->members[m].maps);
    if (!g->members[m].maps) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for the maps of a group");
  }
  return CLREID_OK;
}

static size_t largest_pass(const clreid_group *g)
{
  size_t largest = 1;
  for (int m = 0; m < g->count; m++) {
    clreid_session_info info = {0};
    clreid_session_describe(g->members[m].session, &info);
    if ((size_t)info.pass_batch > largest) largest = (size_t)info.pass_batch;
  }
  return largest;
}

/* All members at once, as in a run: devices may share what drives them. */
static void time_members(clreid_group *g, const clreid_picture *pictures)
{
  int working = 0;
  g->job = (job){.pictures = pictures};
  for (int m = 0; m < g->count; m++) {
    clreid_session_info info = {0};
    if (g->members[m].failed) continue;
    clreid_session_describe(g->members[m].session, &info);
    g->members[m].begin = 0;
    g->members[m].count = (size_t)info.pass_batch;
    g->working[working++] = m;
  }
  cr_run_threads(working, run_member, g);
  for (int i = 0; i < working; i++)
    if (g->members[g->working[i]].status == CLREID_OK) measure(&g->members[g->working[i]]);
}

/* One pass of grey pictures of the network's size. What fails here fails in a run too, and is looked at there. */
static clreid_status measure_all(clreid_group *g, clreid_error *error)
{
  if (healthy(g) < 2) return CLREID_OK;
  clreid_model_info info;
  const member *any = g->members;
  while (any->failed) any++;
  clreid_model_describe(any->model, &info);
  const size_t count = largest_pass(g), bytes = (size_t)info.height * (size_t)info.width * 3;
  uint8_t *grey = malloc(bytes);
  clreid_picture *pictures = calloc(count, sizeof *pictures);
  clreid_status status = CLREID_OK;
  if (grey && pictures) {
    memset(grey, 128, bytes);
    for (size_t k = 0; k < count; k++)
      pictures[k] = (clreid_picture){.pixels = grey, .width = info.width, .height = info.height};
    time_members(g, pictures);
  } else {
    status = cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu pictures to measure with", count);
  }
  free(grey);
  free(pictures);
  return status;
}

static clreid_status fill(clreid_group *g, clreid_device *const *devices, clreid_error *error)
{
  for (int m = 0; m < g->count; m++) g->members[m].device = devices[m];
  cr_run_threads(g->count, load_member, g);
  CR_TRY(leave_out(g, error));
  CR_TRY(make_room(g, error));
  CR_TRY(measure_all(g, error));
  for (int m = 0; m < g->count && g->count > 1; m++)
    if (!g->members[m].failed)
      cr_say(cr_device_log(devices[m]->device), "group: member %d does %.1f pictures a second", m, g->members[m].speed);
  return CLREID_OK;
}

static clreid_status check_devices(clreid_device *const *devices, size_t count, clreid_error *error)
{
  if (count < 1 || count > CLREID_GROUP_MOST)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "a group of %zu devices; it takes 1 to %d", count,
                   CLREID_GROUP_MOST);
  for (size_t m = 0; m < count; m++)
    if (!devices[m]) return cr_fail(error, CLREID_INVALID_ARGUMENT, "device %zu of %zu of the group is NULL", m, count);
  return CLREID_OK;
}

clreid_status clreid_group_create(clreid_device *const *devices, size_t count, const char *path,
                                  const clreid_model_config *model, const clreid_session_config *session,
                                  clreid_group **result, clreid_error *error)
{
  if (!devices || !path || !result)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_group_create needs devices, path and group");
  *result = NULL;
  CR_TRY(check_devices(devices, count, error));
  clreid_group *g = calloc(1, sizeof *g);
  if (!g) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a group of %zu devices", count);
  g->path = path;
  g->model = model;
  g->session = session;
  g->members = calloc(count, sizeof *g->members);
  g->speeds = calloc(count, sizeof *g->speeds);
  g->shares = calloc(count, sizeof *g->shares);
  g->left = calloc(count + 1, sizeof *g->left);
  g->working = calloc(count, sizeof *g->working);
  if (g->members) g->count = (int)count;
  const clreid_status status =
      g->members && g->speeds && g->shares && g->left && g->working
          ? fill(g, devices, error)
          : cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a group of %zu devices", count);
  if (status != CLREID_OK) {
    clreid_group_destroy(g);
    return status;
  }
  *result = g;
  return CLREID_OK;
}

void clreid_group_destroy(clreid_group *g)
{
  if (!g) return;
  for (int m = 0; m < g->count; m++) {
    clreid_session_destroy(g->members[m].session);
    clreid_model_free(g->members[m].model);
    free(g->members[m].maps);
  }
  free(g->members);
  free(g->speeds);
  free(g->shares);
  free(g->left);
  free(g->working);
  free(g);
}

bool clreid_group_member_at(const clreid_group *g, size_t index, clreid_group_member *result)
{
  if (!g || !result || index >= (size_t)g->count) return false;
  const member *x = &g->members[index];
  *result = (clreid_group_member){.model = x->model,
                                  .session = x->session,
                                  .failed = x->failed,
                                  .pictures_per_second = x->speed,
                                  .pictures = x->of_call};
  return true;
}

/* ---- The run ----------------------------------------------------------------------------------------------------- */

/* What the members that worked leave behind: measured speeds, errors that end the call, and the parts of those that
 * failed, which are put on the list of what is left. */
static clreid_status look_after(clreid_group *g, int working, int *left, clreid_error *error)
{
  for (int i = 0; i < working; i++) {
    member *x = &g->members[g->working[i]];
    if (x->status == CLREID_OK) {
      measure(x);
      x->of_call += x->count;
      continue;
    }
    const bool last = healthy(g) == 1;
    if (!is_the_devices_fault(x->status) || last) return cr_fail(error, x->status, "%s", x->error.text);
    x->failed = true;
    cr_say(cr_device_log(x->model->device), "group: member %d leaves, the others do its %zu pictures: %s",
           g->working[i], x->count, x->error.text);
    g->left[(*left)++] = (range){x->begin, x->count};
  }
  return CLREID_OK;
}

static clreid_status run(clreid_group *g, size_t count, clreid_error *error)
{
  int left = 0;
  for (int m = 0; m < g->count; m++) g->members[m].of_call = 0;
  if (count) g->left[left++] = (range){0, count};
  while (left) {
    const int working = share_out(g, g->left[--left]);
    cr_run_threads(working, run_member, g);
    CR_TRY(look_after(g, working, &left, error));
  }
  return CLREID_OK;
}

clreid_status clreid_group_embed(clreid_group *g, const clreid_picture *pictures, size_t count, float *neck,
                                 float *pooled, float *const *maps, clreid_error *error)
{
  if (!g || (count && !pictures))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_group_embed needs group and pictures");
  CR_TRY(cr_feed_check(&(cr_feed){.pictures = pictures, .count = count}, error));
  g->job = (job){.pictures = pictures, .neck = neck, .pooled = pooled, .maps = maps};
  return run(g, count, error);
}
