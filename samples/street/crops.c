/*
 * crops.c - see crops.h. Cameras are rendered by a thread each, some at a time; what is written depends on no thread.
 */
#include "crops.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

#include "console.h"
#include "interrupt.h"
#include "scene.h"

enum { THREADS = 2, FRAMES_A_SECOND = 25, STEP_FRAMES = 18 };

/* So many identities are dealt out over a second, as in the footage of clreid-street's defaults. */
static const float identities_a_second = 0.8f;
static const float least_visibility = 0.4f;

typedef struct work {
  const crops_config *config;
  atomic_int next; /* camera of all streets to be rendered next */
  atomic_bool failed;
  atomic_ullong written;
  pthread_mutex_t lock; /* of error */
  clreid_error *error;
} work;

typedef struct shoot {
  work *of;
  int number; /* of the camera, over all streets, from 0 */
  scene scene;
  float begin;              /* seconds of the street at frame 0: when the first one is seen well */
  uint8_t *clean, *picture; /* without noise; with it, where a crop was cut */
  int *taken;               /* [identities] the next of the views to be taken */
} shoot;

static clreid_status write_png(const char *path, const uint8_t *picture, area box, clreid_error *error)
{
  int size;
  unsigned char *png = stbi_write_png_to_mem(picture + ((size_t)box.top * RASTER_WIDTH + box.left) * 3,
                                             RASTER_WIDTH * 3, box.right - box.left, box.bottom - box.top, 3, &size);
  if (!png) return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for a picture");
  interrupt_hold(); /* a picture is there or not; there are too many for a file aside each */
  FILE *file = fopen(path, "wb");
  bool written = file && fwrite(png, 1, (size_t)size, file) == (size_t)size;
  if (file && fclose(file) != 0) written = false;
  const int reason = errno;
  if (file && !written) remove(path);
  interrupt_release();
  STBIW_FREE(png);
  if (written) return CLREID_OK;
  return console_fail(error, CLREID_INVALID_FILE, "%s: cannot write the picture: %s", path, strerror(reason));
}

static clreid_status write_crop(const shoot *by, int identity, area box, int frame, int number, clreid_error *error)
{
  char name[4096];
  const crops_config *config = by->of->config;
  const int person = by->number / STREET_CAMERAS * (config->persons + config->cars) + identity + 1;
  const int length = snprintf(name, sizeof name, "%s/%05d_c%03ds1_%06d_%02d.png", config->folder, person,
                              by->number + 1, frame, number);
  if (length < 0 || (size_t)length >= sizeof name) {
    return console_fail(error, CLREID_INVALID_FILE, "%s: a path of %d bytes is too long", config->folder, length);
  }
  const clreid_status status = write_png(name, by->picture, box, error);
  if (status == CLREID_OK) atomic_fetch_add(&by->of->written, 1);
  return status;
}

static const visit *visit_of(const shoot *by, int identity)
{
  const street *s = by->scene.street;
  for (int i = 0; i < s->visit_counts[by->scene.camera]; ++i) {
    if (s->visits[by->scene.camera][i].identity == identity) return &s->visits[by->scene.camera][i];
  }
  return NULL;
}

/* Views are spread over the time in which a visitor is seen well: the k-th may be taken from its k-th part on. */
static int part_of(const visit *v, float seconds, int views)
{
  return (int)floorf((float)views * (seconds - v->enter) / (v->leave - v->enter));
}

static bool is_wanted(const shoot *by, const visit *v, float seconds)
{
  return seconds >= v->enter && seconds <= v->leave &&
         by->taken[v->identity] <= part_of(v, seconds, by->of->config->views);
}

static bool anyone_wanted(const shoot *by, float seconds)
{
  const street *s = by->scene.street;
  for (int i = 0; i < s->visit_counts[by->scene.camera]; ++i) {
    if (is_wanted(by, &s->visits[by->scene.camera][i], seconds)) return true;
  }
  return false;
}

static void add_noise(shoot *by, area box, int frame)
{
  for (int y = box.top; y < box.bottom; ++y) {
    const size_t at = ((size_t)y * RASTER_WIDTH + box.left) * 3;
    memcpy(by->picture + at, by->clean + at, (size_t)(box.right - box.left) * 3);
  }
  lens_add_noise(&by->scene.site->lens, (uint32_t)frame, box, by->picture);
}

static clreid_status shoot_frame(shoot *by, int frame, clreid_error *error)
{
  const float seconds = by->begin + (float)frame / FRAMES_A_SECOND;
  clreid_status status = CLREID_OK;
  if (!anyone_wanted(by, seconds)) return status;
  scene_render(&by->scene, seconds);
  scene_develop(&by->scene, by->clean);
  for (int i = 0; i < by->scene.truth_count && status == CLREID_OK; ++i) {
    const truth *t = &by->scene.truths[i];
    const visit *v = visit_of(by, t->identity);
    float score;
    if (!v || !is_wanted(by, v, seconds) || t->visibility < least_visibility) continue;
    const area box = truth_detect(t, by->scene.street->seed, by->scene.camera, frame, &score);
    if (box.left >= box.right) continue;
    by->taken[t->identity] = part_of(v, seconds, by->of->config->views) + 1;
    add_noise(by, box, frame);
    status = write_crop(by, t->identity, box, frame, i + 1, error);
  }
  scene_clean(&by->scene, by->clean);
  return status;
}

static clreid_status shoot_all(shoot *by, clreid_error *error)
{
  const street *s = by->scene.street;
  float end = -1e9f;
  by->begin = 1e9f;
  for (int i = 0; i < s->visit_counts[by->scene.camera]; ++i) {
    by->begin = fminf(by->begin, s->visits[by->scene.camera][i].enter);
    end = fmaxf(end, s->visits[by->scene.camera][i].leave);
  }
  const int frames = (int)((end - by->begin) * FRAMES_A_SECOND);
  clreid_status status = CLREID_OK;
  for (int frame = 0; frame <= frames && status == CLREID_OK; frame += STEP_FRAMES) {
    if (atomic_load(&by->of->failed)) break;
    status = shoot_frame(by, frame, error);
  }
  return status;
}

/* One camera of one street. Both its cameras are made, for the ways of the street; one is rendered. */
static clreid_status shoot_camera(work *of, int number, raster with, clreid_error *error)
{
  const crops_config *config = of->config;
  const int camera = number % STREET_CAMERAS, identities = config->persons + config->cars;
  draws from = draws_begin(config->seed, DRAWS_STREET, (uint64_t)(number / STREET_CAMERAS));
  const uint64_t seed = draws_bits(&from);
  const view views[STREET_CAMERAS] = {site_view(seed, 0), site_view(seed, 1)};
  street s = {0};
  site at = {0};
  shoot by = {.of = of, .number = number};
  clreid_status status = street_create(seed, config->persons, config->cars, (float)identities / identities_a_second,
                                       true, views, &s, error);
  if (status == CLREID_OK) status = site_create(seed, camera, &with, &at, error);
  if (status == CLREID_OK) status = scene_create(&s, &at, camera, with, &by.scene, error);
  if (status == CLREID_OK) {
    by.picture = malloc((size_t)RASTER_WIDTH * RASTER_HEIGHT * 3);
    by.clean = malloc((size_t)RASTER_WIDTH * RASTER_HEIGHT * 3);
    by.taken = calloc((size_t)identities, sizeof *by.taken);
    if (by.clean) memcpy(by.clean, at.picture, (size_t)RASTER_WIDTH * RASTER_HEIGHT * 3);
    status = by.picture && by.clean && by.taken
                 ? shoot_all(&by, error)
                 : console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for a frame");
  }
  free(by.picture);
  free(by.clean);
  free(by.taken);
  scene_free(&by.scene);
  site_free(&at);
  street_free(&s);
  return status;
}

static void fail(work *of, const clreid_error *error)
{
  pthread_mutex_lock(&of->lock);
  if (!atomic_exchange(&of->failed, true)) *of->error = *error;
  pthread_mutex_unlock(&of->lock);
}

static void *run(void *user)
{
  work *of = user;
  raster with = {0};
  clreid_error error;
  clreid_status status = raster_create(&with, &error);
  while (status == CLREID_OK && !atomic_load(&of->failed)) {
    const int number = atomic_fetch_add(&of->next, 1);
    if (number >= STREET_CAMERAS * of->config->streets) break;
    status = shoot_camera(of, number, with, &error);
  }
  if (status != CLREID_OK) fail(of, &error);
  raster_free(&with);
  return NULL;
}

clreid_status crops_write(const crops_config *config, uint64_t *written, clreid_error *error)
{
  work of = {.config = config, .lock = PTHREAD_MUTEX_INITIALIZER, .error = error};
  pthread_t threads[THREADS];
  int started = 0;
  stbi_write_png_compression_level = 1;
  while (started < THREADS - 1 && pthread_create(&threads[started], NULL, run, &of) == 0) ++started;
  run(&of);
  for (int i = 0; i < started; ++i) pthread_join(threads[i], NULL);
  *written = atomic_load(&of.written);
  return atomic_load(&of.failed) ? error->status : CLREID_OK;
}
