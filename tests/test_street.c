/*
 * test_street.c - proves samples/street: that a street depends on its seed alone, that the truth about a frame is what
 * was drawn, that no two identities look alike, and how crops are named.
 */
#include <ctype.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crops.h"
#include "folder.h"
#include "scene.h"

const char program_name[] = "test_street";

enum { SEED = 4, PERSONS = 12, CARS = 4, SECONDS = 20, PICTURE_BYTES = RASTER_WIDTH * RASTER_HEIGHT * 3 };

/* A camera with its street, ready to be rendered. */
typedef struct stage {
  raster with;
  street street;
  site site;
  scene scene;
} stage;

static stage *build(uint64_t seed, int camera)
{
  stage *made = calloc(1, sizeof *made);
  clreid_error error = {0};
  const view views[STREET_CAMERAS] = {site_view(seed, 0), site_view(seed, 1)};
  if (!made || raster_create(&made->with, &error) != CLREID_OK ||
      street_create(seed, PERSONS, CARS, SECONDS, false, views, &made->street, &error) != CLREID_OK ||
      site_create(seed, camera, &made->with, &made->site, &error) != CLREID_OK ||
      scene_create(&made->street, &made->site, camera, made->with, &made->scene, &error) != CLREID_OK) {
    fail_msg("seed %d: %s", (int)seed, error.text);
  }
  return made;
}

static void clear(stage *made)
{
  scene_free(&made->scene);
  site_free(&made->site);
  street_free(&made->street);
  raster_free(&made->with);
  free(made);
}

/* The frame as the videos have it; for free(). */
static uint8_t *picture_at(stage *of, float seconds)
{
  uint8_t *made = malloc(PICTURE_BYTES);
  assert_non_null(made);
  scene_render(&of->scene, seconds);
  memcpy(made, of->site.picture, PICTURE_BYTES);
  scene_develop(&of->scene, made);
  lens_add_noise(&of->site.lens, 1, (area){0, 0, RASTER_WIDTH, RASTER_HEIGHT}, made);
  return made;
}

/* ---- Frames ------------------------------------------------------------------------------------------------------ */

static void a_frame_depends_on_its_seed_and_time_alone(void **state)
{
  (void)state;
  stage *first = build(SEED, 0), *second = build(SEED, 0), *other = build(SEED + 1, 0);
  /* The second one has rendered other moments before. */
  free(picture_at(second, 3));
  free(picture_at(second, 11));
  uint8_t *a = picture_at(first, 8), *b = picture_at(second, 8), *c = picture_at(other, 8);
  assert_int_equal(first->scene.truth_count, second->scene.truth_count);
  assert_memory_equal(a, b, PICTURE_BYTES);
  assert_true(memcmp(a, c, PICTURE_BYTES) != 0);
  free(a);
  free(b);
  free(c);
  clear(first);
  clear(second);
  clear(other);
}

/* The smallest box, in pixels, round all samples of an object that are seen. */
static area box_of(const raster *drawn, int identity, int64_t *count)
{
  area sum = {0, 0, 0, 0};
  *count = 0;
  for (int row = 0; row < RASTER_ROWS; ++row) {
    for (int column = 0; column < RASTER_COLUMNS; ++column) {
      if (drawn->samples[(size_t)row * RASTER_COLUMNS + column].id != identity + 1) continue;
      const int x = column / RASTER_FINE, y = row / RASTER_FINE;
      sum = area_join(sum, (area){x, y, x + 1, y + 1});
      ++*count;
    }
  }
  return sum;
}

static void boxes_are_those_of_the_pixels(void **state)
{
  (void)state;
  int all = 0, free_ones = 0, hidden_ones = 0;
  for (int camera = 0; camera < STREET_CAMERAS; ++camera) {
    stage *of = build(SEED, camera);
    for (float seconds = 4; seconds < SECONDS; seconds += 3) {
      scene_render(&of->scene, seconds);
      for (int i = 0; i < of->scene.truth_count; ++i) {
        const truth *t = &of->scene.truths[i];
        int64_t count;
        const area seen = box_of(&of->with, t->identity, &count);
        ++all;
        assert_true(t->visibility >= 0 && t->visibility <= 1.0001f);
        assert_true(t->box.left >= 0 && t->box.top >= 0);
        assert_true(t->box.right <= RASTER_WIDTH && t->box.bottom <= RASTER_HEIGHT);
        assert_int_equal(count > 0, t->visibility > 0);
        if (count == 0) continue;
        assert_true(seen.left >= t->box.left && seen.right <= t->box.right);
        assert_true(seen.top >= t->box.top && seen.bottom <= t->box.bottom);
        if (t->visibility < 0.7f) ++hidden_ones;
        if (t->visibility < 0.9999f) continue;
        ++free_ones;
        assert_memory_equal(&seen, &t->box, sizeof seen);
      }
    }
    clear(of);
  }
  print_message("%d boxes, %d of them free, %d well hidden\n", all, free_ones, hidden_ones);
  assert_true(all > 30 && free_ones > 8 && hidden_ones > 3);
}

static void only_what_is_dirty_differs_from_the_backdrop(void **state)
{
  (void)state;
  stage *of = build(SEED, 1);
  const size_t bytes = (size_t)RASTER_COLUMNS * RASTER_ROWS * sizeof(sample);
  scene_render(&of->scene, 9);
  assert_true(of->scene.truth_count > 0);
  assert_true(memcmp(of->with.samples, of->site.backdrop, bytes) != 0);
  scene_render(&of->scene, 1e6f); /* nobody is there any more */
  assert_int_equal(of->scene.truth_count, 0);
  assert_memory_equal(of->with.samples, of->site.backdrop, bytes);
  clear(of);
}

/* ---- Who --------------------------------------------------------------------------------------------------------- */

static void nobody_looks_like_another_one(void **state)
{
  (void)state;
  enum { MANY = 150 };
  const view views[STREET_CAMERAS] = {site_view(SEED, 0), site_view(SEED, 1)};
  street s;
  clreid_error error = {0};
  assert_int_equal(street_create(SEED, MANY, 50, 100, true, views, &s, &error), CLREID_OK);
  for (int i = 0; i < MANY; ++i) {
    for (int k = 0; k < i; ++k) assert_true(figure_difference(&s.figures[i], &s.figures[k]) > 2);
  }
  for (int i = 0; i < 50; ++i) {
    for (int k = 0; k < i; ++k) assert_true(car_difference(&s.driven[i], &s.driven[k]) > 1.5f);
  }
  assert_int_equal(s.visit_counts[0], MANY + 50);
  assert_int_equal(s.visit_counts[1], MANY + 50);
  street_free(&s);
}

static void cars_do_not_drive_through_each_other(void **state)
{
  (void)state;
  const view views[STREET_CAMERAS] = {site_view(SEED, 0), site_view(SEED, 1)};
  street s;
  clreid_error error = {0};
  assert_int_equal(street_create(SEED, 0, 60, 60, true, views, &s, &error), CLREID_OK);
  for (int camera = 0; camera < STREET_CAMERAS; ++camera) {
    for (int i = 0; i < s.visit_counts[camera]; ++i) {
      for (int k = 0; k < i; ++k) {
        const visit *a = &s.visits[camera][i], *b = &s.visits[camera][k];
        if (a->points[0].y != b->points[0].y) continue;
        assert_true(a->speed == b->speed);
        assert_true(fabsf(a->start - b->start) * a->speed > 8);
      }
    }
  }
  street_free(&s);
}

/* ---- Shapes ------------------------------------------------------------------------------------------------------ */

static surface white(const shape *of, vector point, vector normal)
{
  (void)of;
  (void)point;
  (void)normal;
  return (surface){{1, 1, 1}, 0};
}

/* A ray along x from x = -10 at (y, z). */
static float meet_from_afar(const shape *of, float y, float z, vector *normal)
{
  const shape_rays rays = shape_rays_of(of, (vector){-10, y, z}, (vector){1, 0, 0}, (vector){0}, (vector){0});
  const float t = shape_meet(of, &rays, 0, 0);
  vector point;
  if (t > 0) shape_point(of, &rays, 0, 0, t, &point, normal);
  if (t > 0) *normal = shape_to_street(of, *normal);
  return t;
}

static void rays_meet_shapes_where_geometry_says(void **state)
{
  (void)state;
  static object made;
  const place at = {{0, 0, 0}, 0.7f};
  vector n = {0, 0, 0};
  made.count = 0;
  const vector middle = {0, 0, 2};
  shape *ball = object_add_limb(&made, &at, middle, middle, 0.5f, 0.5f, (vector){1, 0, 0});
  shape *post = object_add_limb(&made, &at, (vector){0}, (vector){0, 0, 1}, 0.4f, 0.2f, (vector){1, 0, 0});
  ball->surface = post->surface = white;
  post->start_round = post->end_round = 0;
  assert_float_equal(meet_from_afar(ball, 0, 2, &n), 9.5f, 1e-4f);
  assert_float_equal(n.x, -1, 1e-4f);
  assert_float_equal(meet_from_afar(ball, 0.3f, 2, &n), 9.6f, 1e-4f);
  assert_true(meet_from_afar(ball, 0.51f, 2, &n) < 0);
  assert_float_equal(meet_from_afar(post, 0, 0.5f, &n), 9.7f, 1e-4f);
  assert_float_equal(n.z, 0.2f / sqrtf(1.04f), 1e-3f); /* it narrows by 0.2 over 1 */
  assert_true(meet_from_afar(post, 0, 1.1f, &n) < 0);
  const place straight = {{0, 0, 0}, 0};
  const shape *box = object_add_box(&made, &straight, (vector){0, 0, 1}, (vector){0.5f, 1, 1}, 0);
  assert_float_equal(meet_from_afar(box, 0.9f, 0.1f, &n), 9.5f, 1e-4f);
  assert_float_equal(n.x, -1, 1e-6f);
  assert_true(meet_from_afar(box, 1.1f, 0.1f, &n) < 0);
}

/* ---- Crops ------------------------------------------------------------------------------------------------------- */

/* PPPPP_cCCCs1_FFFFFF_BB.png */
static void check_name(const char *name, int *person, int *camera)
{
  static const char form[] = "ddddd_cddds1_dddddd_dd.png";
  assert_int_equal(strlen(name), sizeof form - 1);
  for (size_t i = 0; i < sizeof form - 1; ++i) {
    const bool digit = form[i] == 'd' && i < 22;
    if (digit ? !isdigit((unsigned char)name[i]) : name[i] != form[i]) fail_msg("%s is not named like %s", name, form);
  }
  *person = atoi(name);
  *camera = atoi(name + 7);
}

static uint64_t hash_of(const char *folder_path, const char *name)
{
  char path[1024];
  uint64_t hash = 14695981039346656037u;
  snprintf(path, sizeof path, "%s/%s", folder_path, name);
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  for (int byte; (byte = fgetc(file)) != EOF;) hash = (hash ^ (uint64_t)byte) * 1099511628211u;
  fclose(file);
  return hash;
}

static void crops_are_named_and_the_same_on_every_run(void **state)
{
  (void)state;
  uint64_t written[2];
  folder f[2];
  clreid_error error = {0};
  int seen[2 * 4 + 1][4] = {{0}};
  for (int i = 0; i < 2; ++i) {
    f[i] = folder_make();
    const crops_config config = {f[i].path, SEED, 2, 3, 1, 4};
    if (crops_write(&config, &written[i], &error) != CLREID_OK) fail_msg("seed %d: %s", SEED, error.text);
    assert_int_equal(written[i], folder_entries(&f[i]));
  }
  assert_int_equal(written[0], written[1]);
  DIR *list = opendir(f[0].path);
  for (struct dirent *entry; (entry = readdir(list));) {
    int person, camera;
    if (entry->d_name[0] == '.') continue;
    check_name(entry->d_name, &person, &camera);
    assert_in_range(person, 1, 8);
    assert_in_range(camera, 1, 4);
    assert_int_equal((person - 1) / 4, (camera - 1) / 2);
    ++seen[person][camera - 1];
    assert_true(hash_of(f[0].path, entry->d_name) == hash_of(f[1].path, entry->d_name));
  }
  closedir(list);
  int both = 0;
  for (int person = 1; person <= 8; ++person) {
    const int first = (person - 1) / 4 * 2;
    assert_true(seen[person][first] <= 4 && seen[person][first + 1] <= 4);
    both += seen[person][first] > 0 && seen[person][first + 1] > 0;
  }
  assert_true(both >= 7);
  folder_remove(&f[0]);
  folder_remove(&f[1]);
}

static void a_missing_folder_ends_the_work(void **state)
{
  (void)state;
  clreid_error error = {0};
  uint64_t written;
  const crops_config config = {"/nowhere/at/all", SEED, 1, 3, 1, 4};
  assert_int_equal(crops_write(&config, &written, &error), CLREID_INVALID_FILE);
  assert_non_null(strstr(error.text, "/nowhere/at/all/"));
  assert_int_equal(written, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_frame_depends_on_its_seed_and_time_alone),
      cmocka_unit_test(boxes_are_those_of_the_pixels),
      cmocka_unit_test(only_what_is_dirty_differs_from_the_backdrop),
      cmocka_unit_test(nobody_looks_like_another_one),
      cmocka_unit_test(cars_do_not_drive_through_each_other),
      cmocka_unit_test(rays_meet_shapes_where_geometry_says),
      cmocka_unit_test(crops_are_named_and_the_same_on_every_run),
      cmocka_unit_test(a_missing_folder_ends_the_work),
  };
  print_message("seed %d\n", SEED);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
