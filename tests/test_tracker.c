/*
 * test_tracker.c - proves samples/video/tracker.c, motion.c and identities.c on boxes that move by known rules.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "identities.h"
#include "support.h"
#include "tracker.h"

enum { LENGTH = 8, MOST = 2000 };

static const tracker_config defaults = {.rate = 25,
                                        .memory_seconds = 2,
                                        .least_overlap = 0.1,
                                        .far = 0.2,
                                        .take_up = 0.25,
                                        .looks = 0.4,
                                        .least_score = 0.3};

typedef struct scene {
  frame_box boxes[MOST];
  float features[MOST][LENGTH];
  int person[MOST]; /* -1: nobody */
  long track_of[MOST];
  size_t count, tracks;
  uint64_t drawn;
} scene;

enum { SIMILAR = 10 };

/* A box with a jitter of two pixels and looks with a little noise. With looks < 0 all look alike; from SIMILAR on they
 * lie 0.4 apart, less than ends a track. */
static void add(scene *s, uint64_t frame, int person, int looks, double x, double y)
{
  s->boxes[s->count] = (frame_box){
      .frame = frame,
      .id = -1,
      .box = {(float)(x + support_random(s->drawn++, -2, 2)), (float)(y + support_random(s->drawn++, -2, 2)), 40, 100},
      .score = 0.9f};
  float *feature = s->features[s->count];
  double squares = 0;
  for (int i = 0; i < LENGTH; ++i) {
    const float similar = i == looks - SIMILAR ? 0.8f : looks >= SIMILAR && i == LENGTH - 1 ? 1.0f : 0.0f;
    feature[i] = (i == looks || looks < 0 ? 1.0f : similar) + 0.002f * (float)support_random(s->drawn++, -50, 50);
    squares += (double)feature[i] * feature[i];
  }
  for (int i = 0; i < LENGTH; ++i) feature[i] /= (float)sqrt(squares);
  s->person[s->count++] = person;
}

static void track(scene *s)
{
  clreid_error error = {0};
  if (tracker_run(&defaults, s->boxes, s->features[0], s->count, LENGTH, s->track_of, &s->tracks, &error)) {
    fail_msg("%s", error.text);
  }
}

/* Every box of a person has one track, and no other person has it. */
static void assert_one_track_each(const scene *s, size_t persons)
{
  long track_of[8];
  for (size_t p = 0; p < persons; ++p) track_of[p] = -2;
  for (size_t i = 0; i < s->count; ++i) {
    const int person = s->person[i];
    if (person < 0) {
      assert_int_equal(s->track_of[i], TRACKER_NONE);
      continue;
    }
    if (track_of[person] == -2) track_of[person] = s->track_of[i];
    if (s->track_of[i] != track_of[person] || s->track_of[i] < 0) {
      fail_msg("frame %d: person %d has track %ld, not %ld", (int)s->boxes[i].frame, person, s->track_of[i],
               track_of[person]);
    }
  }
  for (size_t p = 1; p < persons; ++p) assert_int_not_equal(track_of[p], track_of[p - 1]);
  assert_int_equal(s->tracks, persons);
}

/* Two who look alike walk through each other: speed tells them apart. */
static void crossing_tracks_keep_their_ways(void **state)
{
  (void)state;
  static scene s;
  for (uint64_t frame = 1; frame <= 100; ++frame) {
    const double t = (double)frame;
    add(&s, frame, 0, -1, 50 + 5 * t, 200);
    add(&s, frame, 1, -1, 550 - 5 * t, 206);
  }
  track(&s);
  assert_one_track_each(&s, 2);
}

/* One stops behind the other and turns back: only looks tell. */
static void looks_decide_where_motion_cannot(void **state)
{
  (void)state;
  static scene s;
  for (uint64_t frame = 1; frame <= 100; ++frame) {
    const double t = (double)frame;
    add(&s, frame, 0, SIMILAR, t < 50 ? 50 + 4 * t : 250 - 4 * (t - 50), 200);
    add(&s, frame, 1, SIMILAR + 1, t < 50 ? 450 - 4 * t : 250 + 4 * (t - 50), 200);
  }
  track(&s);
  assert_one_track_each(&s, 2);
}

/* Hidden for a second, taken up where motion says; a stranger who appears there later is somebody else. */
static void a_lost_track_is_taken_up(void **state)
{
  (void)state;
  static scene s;
  for (uint64_t frame = 1; frame <= 90; ++frame) {
    if (frame <= 40 || frame > 65) add(&s, frame, 0, 0, 50 + 3 * (double)frame, 200);
    if (frame >= 45 && frame <= 80) add(&s, frame, 1, 1, 172 + 0.2 * (double)frame, 205);
  }
  track(&s);
  assert_one_track_each(&s, 2);
}

/* Somebody who turns round looks like another: with nobody near there is no other. */
static void looks_that_change_are_no_other_person(void **state)
{
  (void)state;
  static scene s;
  for (uint64_t frame = 1; frame <= 40; ++frame) {
    add(&s, frame, 0, frame <= 20 ? 0 : 1, 50 + 3 * (double)frame, 200);
    add(&s, frame, 1, 2, 600, 100);
  }
  track(&s);
  assert_one_track_each(&s, 2);
}

/* Single boxes, weak boxes, and a second box of the same thing begin nothing. */
static void noise_begins_no_track(void **state)
{
  (void)state;
  static scene s;
  for (uint64_t frame = 1; frame <= 60; ++frame) {
    add(&s, frame, 0, 0, 300 + 2 * (double)frame, 100);
    if (frame % 15 == 0) add(&s, frame, -1, 3, 20 + 8 * (double)frame, 400);
    if (frame > 10) {
      add(&s, frame, -1, 4, 900, 300);
      s.boxes[s.count - 1].score = 0.1f;
    }
    if (frame >= 30 && frame <= 45) add(&s, frame, -1, 0, 301 + 2 * (double)frame, 101);
  }
  track(&s);
  assert_int_equal(s.tracks, 1);
  for (size_t i = 0; i < s.count; ++i) {
    if (s.person[i] == -1 && s.boxes[i].box.y > 200) assert_int_equal(s.track_of[i], TRACKER_NONE);
  }
}

static void nothing_has_no_tracks(void **state)
{
  (void)state;
  static scene s;
  track(&s);
  assert_int_equal(s.tracks, 0);
}

/* ---- Identities -------------------------------------------------------------------------------------------------- */

/* Two cameras see persons 0 and 1, the second one person 0 twice, with a pause; the first has person 2 and a twin of
 * it at the same time, who must stay two. */
static void tracks_become_identities(void **state)
{
  (void)state;
  static scene s[2];
  for (uint64_t frame = 1; frame <= 30; ++frame) {
    const double t = (double)frame;
    add(&s[0], frame, 0, 0, 50 + t, 100);
    add(&s[0], frame, 1, 1, 250 + t, 100);
    add(&s[0], frame, 2, 2, 450 + t, 100);
    add(&s[0], frame, 3, 2, 650 + t, 100);
    add(&s[1], frame, 1, 1, 50 + t, 300);
    add(&s[1], frame, 0, 0, 250 + t, 300);
  }
  for (uint64_t frame = 330; frame <= 360; ++frame) add(&s[1], frame, 0, 0, 700 - (double)frame, 300);
  static camera cameras[2];
  for (int c = 0; c < 2; ++c) {
    track(&s[c]);
    cameras[c].boxes = (box_list){s[c].boxes, s[c].count, 0};
    cameras[c].features = s[c].features[0];
    cameras[c].track_of = s[c].track_of;
    cameras[c].tracks = s[c].tracks;
  }
  assert_int_equal(s[0].tracks, 4);
  assert_int_equal(s[1].tracks, 3);
  identity_list list;
  clreid_error error = {0};
  const identities_config config = {.joined = 0.2, .connected = 0.35};
  assert_int_equal(identities_find(&config, cameras, 2, LENGTH, &list, &error), CLREID_OK);
  assert_int_equal(list.count, 4);
  assert_int_equal(list.shared, 2);
  const long zero = cameras[0].identity_of[0], one = cameras[0].identity_of[1];
  assert_true(zero != one && zero < 2 && one < 2);
  assert_int_equal(cameras[1].identity_of[0], one);
  assert_int_equal(cameras[1].identity_of[1], zero);
  assert_int_equal(cameras[1].identity_of[2], zero);
  assert_int_not_equal(cameras[0].identity_of[2], cameras[0].identity_of[3]);
  assert_int_equal(list.items[zero].tracks, 3);
  assert_int_equal(list.items[one].boxes, 60);
  identities_free(&list);
  for (int c = 0; c < 2; ++c) free(cameras[c].identity_of);
}

int main(int argc, char **argv)
{
  support_start(argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(crossing_tracks_keep_their_ways), cmocka_unit_test(looks_decide_where_motion_cannot),
      cmocka_unit_test(a_lost_track_is_taken_up),        cmocka_unit_test(looks_that_change_are_no_other_person),
      cmocka_unit_test(noise_begins_no_track),           cmocka_unit_test(nothing_has_no_tracks),
      cmocka_unit_test(tracks_become_identities),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
