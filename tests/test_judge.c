/*
 * test_judge.c - proves samples/video/judge.c and ranking.c on examples that can be counted by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "judge.h"
#include "ranking.h"

enum { FRAMES = 10 };

static const clreid_box places[3] = {{0, 0, 10, 10}, {100, 0, 10, 10}, {200, 0, 10, 10}};

/* A camera's truth and result, a row each; boxes of the detector are those of the result. */
typedef struct scene {
  frame_box truth[64], boxes[64];
  sighting found[64];
  camera cam;
  sighting_list list;
} scene;

static void add_truth(scene *s, uint64_t frame, int64_t id, int place)
{
  s->truth[s->cam.truth.count++] =
      (frame_box){.frame = frame, .id = id, .box = places[place], .score = 1, .visibility = 1};
  s->cam.truth.items = s->truth;
}

static void add_found(scene *s, uint64_t frame, size_t identity, int place)
{
  s->boxes[s->cam.boxes.count++] = (frame_box){.frame = frame, .id = -1, .box = places[place], .score = 1};
  s->cam.boxes.items = s->boxes;
  s->found[s->list.count++] = (sighting){.frame = frame, .identity = identity, .box = places[place], .score = 1};
  s->list.items = s->found;
}

static judge_score judge(scene *scenes, size_t count)
{
  camera cameras[4];
  sighting_list lists[4];
  judge_score score;
  clreid_error error = {0};
  for (size_t i = 0; i < count; ++i) {
    cameras[i] = scenes[i].cam;
    lists[i] = scenes[i].list;
  }
  if (judge_identities(cameras, lists, 0, count, 0.3, &score, &error) != CLREID_OK) fail_msg("%s", error.text);
  return score;
}

static void assert_counts(const judge_score *score, uint64_t agree, uint64_t truth, uint64_t found)
{
  assert_int_equal(score->true_positives, agree);
  assert_int_equal(score->truth, truth);
  assert_int_equal(score->found, found);
  assert_float_equal(judge_idf1(score), 2.0 * (double)agree / (double)(truth + found), 1e-12);
}

static void a_perfect_result_is_one(void **state)
{
  (void)state;
  static scene s[2];
  for (uint64_t frame = 1; frame <= FRAMES; ++frame) {
    for (int c = 0; c < 2; ++c) {
      add_truth(&s[c], frame, 17, 0);
      add_truth(&s[c], frame, 4, 1);
      add_found(&s[c], frame, 0, 1);
      add_found(&s[c], frame, 5, 0);
    }
  }
  const judge_score score = judge(s, 2);
  assert_counts(&score, 40, 40, 40);
  assert_int_equal(score.true_identities, 2);
  assert_int_equal(score.found_identities, 2);
}

/* One person, found as two: the longer one counts, the rest is missed and wrong. */
static void a_broken_track_counts_once(void **state)
{
  (void)state;
  static scene s;
  for (uint64_t frame = 1; frame <= FRAMES; ++frame) {
    add_truth(&s, frame, 1, 0);
    add_found(&s, frame, frame <= 6 ? 0 : 1, 0);
  }
  const judge_score score = judge(&s, 1);
  assert_counts(&score, 6, 10, 10);
}

/* Two persons who swap numbers in the middle: the assignment takes what gives most in all, not what is best for one. */
static void a_swap_costs_half(void **state)
{
  (void)state;
  static scene s;
  for (uint64_t frame = 1; frame <= FRAMES; ++frame) {
    add_truth(&s, frame, 1, 0);
    add_truth(&s, frame, 2, 1);
    add_found(&s, frame, frame <= 6 ? 0 : 1, 0);
    add_found(&s, frame, frame <= 6 ? 1 : 0, 1);
  }
  const judge_score score = judge(&s, 1);
  assert_counts(&score, 12, 20, 20);
}

/* The same number in two cameras for two persons: right in each alone, half wrong together. */
static void cameras_are_judged_together(void **state)
{
  (void)state;
  static scene s[2];
  for (uint64_t frame = 1; frame <= FRAMES; ++frame) {
    add_truth(&s[0], frame, 1, 0);
    add_truth(&s[1], frame, 2, 0);
    add_found(&s[0], frame, 0, 0);
    add_found(&s[1], frame, 0, 0);
  }
  judge_score score = judge(s, 2);
  assert_counts(&score, 10, 20, 20);
  score = judge(&s[1], 1);
  assert_counts(&score, 10, 10, 10);
}

static void missed_and_invented_boxes_count(void **state)
{
  (void)state;
  static scene s;
  for (uint64_t frame = 1; frame <= FRAMES; ++frame) {
    add_truth(&s, frame, 1, 0);
    if (frame > 3) add_found(&s, frame, 0, 0);
    if (frame > 8) add_found(&s, frame, 1, 2);
  }
  add_found(&s, 30, 2, 2); /* a frame without any truth */
  const judge_score score = judge(&s, 1);
  assert_counts(&score, 7, 10, 10);
  assert_int_equal(score.coverable, 7);
}

static void what_is_hidden_is_not_judged(void **state)
{
  (void)state;
  static scene s;
  for (uint64_t frame = 1; frame <= FRAMES; ++frame) {
    add_truth(&s, frame, 1, 0);
    add_truth(&s, frame, 2, 1);
    if (frame > 5) s.truth[s.cam.truth.count - 1].visibility = 0.2f;
    if (frame == 10) s.truth[s.cam.truth.count - 1].score = 0;
    add_found(&s, frame, 0, 0);
    add_found(&s, frame, 1, 1);
  }
  const judge_score score = judge(&s, 1);
  assert_int_equal(score.ignored, 5);
  assert_counts(&score, 15, 15, 15);
}

static void nothing_is_nothing(void **state)
{
  (void)state;
  static scene s;
  const judge_score score = judge(&s, 1);
  assert_int_equal(score.truth + score.found + score.true_positives, 0);
  assert_float_equal(judge_idf1(&score), 0, 0);
}

/* Two cameras, three persons; of the third the second camera has no box. Features are one of three axes, and in the
 * second camera the second person looks like the first. */
static void features_are_judged_across_cameras(void **state)
{
  (void)state;
  static scene s[2];
  static float features[2][64][3];
  camera cameras[2];
  for (uint64_t frame = 1; frame <= FRAMES; ++frame) {
    for (int c = 0; c < 2; ++c) {
      for (int person = 0; person < 3 - c; ++person) {
        add_truth(&s[c], frame, 10 + person, person);
        add_found(&s[c], frame, (size_t)person, person);
        features[c][s[c].cam.boxes.count - 1][c == 1 && person == 1 ? 0 : person] = 1;
      }
    }
  }
  for (int c = 0; c < 2; ++c) {
    cameras[c] = s[c].cam;
    cameras[c].features = features[c][0];
  }
  ranking_score score;
  clreid_error error = {0};
  assert_int_equal(ranking_judge(NULL, cameras, 2, 3, 0.3, &score, &error), CLREID_OK);
  /* Queries: persons 10 and 11 of both cameras, four boxes each; of equal distances the earlier row comes first.
   * 10 of the first camera finds all rows of the second at distance 0: 10, 11, 10, 11 ...; 11 finds all at 1, in the
   * same order. 10 of the second camera finds its own rows first; 11 finds those of 10 first, then 11, 12, 11, 12 ...
   */
  double equal = 0, last = 0;
  for (int k = 1; k <= FRAMES; ++k) {
    equal += k / (2.0 * k - 1) / FRAMES;
    last += k / (FRAMES + 2.0 * k - 1) / FRAMES;
  }
  assert_float_equal(score.mean_average_precision, (equal + 0.5 + 1 + last) / 4, 1e-12);
  assert_int_equal(score.queries, 16);
  assert_float_equal(score.rank1, 0.5, 1e-12);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_perfect_result_is_one),
      cmocka_unit_test(a_broken_track_counts_once),
      cmocka_unit_test(a_swap_costs_half),
      cmocka_unit_test(cameras_are_judged_together),
      cmocka_unit_test(missed_and_invented_boxes_count),
      cmocka_unit_test(what_is_hidden_is_not_judged),
      cmocka_unit_test(nothing_is_nothing),
      cmocka_unit_test(features_are_judged_across_cameras),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
