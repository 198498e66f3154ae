/*
 * test_boxes.c - proves samples/video/boxes.c: box files of all shapes, good and hostile.
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

#include "boxes.h"
#include "folder.h"

static folder f;

static int make(void **state)
{
  (void)state;
  f = folder_make();
  return 0;
}

static int clean(void **state)
{
  (void)state;
  folder_remove(&f);
  return 0;
}

static clreid_status read_text(const char *text, size_t size, box_list *list, clreid_error *error)
{
  char path[512];
  folder_write(folder_file(&f, "boxes.txt", path), text, size);
  return boxes_read(path, list, error);
}

static box_list read_good(const char *text)
{
  box_list list;
  clreid_error error = {0};
  if (read_text(text, strlen(text), &list, &error) != CLREID_OK) fail_msg("'%s': %s", text, error.text);
  return list;
}

static void rows_are_read(void **state)
{
  (void)state;
  box_list list = read_good("\xef\xbb\xbf"
                            "7,-1,1.5,-2,30,40.25,0.5,-1,-1,-1\r\n"
                            "\n"
                            "2 12 1 2 3 4\n"
                            " 7 , 3 , 0 , 0 , 5 , 6 , 1 , 1 , 0.25\n"
                            "2.0;13;9;9;9;9;0");
  assert_int_equal(list.count, 4);
  assert_int_equal(list.unusable, 0);
  const frame_box *items = list.items;
  assert_int_equal(items[0].frame, 2);
  assert_int_equal(items[0].id, 12);
  assert_true(items[0].score == 1 && items[0].visibility == 1 && items[0].box.height == 4);
  assert_int_equal(items[1].id, 13);
  assert_true(items[1].score == 0);
  assert_int_equal(items[2].frame, 7);
  assert_true(items[2].box.x == 1.5f && items[2].box.y == -2 && items[2].box.width == 30 &&
              items[2].box.height == 40.25f && items[2].score == 0.5f);
  assert_int_equal(items[3].id, 3);
  assert_true(items[3].visibility == 0.25f);
  boxes_free(&list);
}

static void frames_are_sorted_and_found(void **state)
{
  (void)state;
  char text[8192] = "";
  size_t length = 0;
  for (int i = 0; i < 200; ++i) {
    length += (size_t)snprintf(text + length, sizeof text - length, "%d,%d,0,0,1,1\n", 1 + i * 37 % 50, i);
  }
  box_list list = read_good(text);
  assert_int_equal(list.count, 200);
  for (size_t i = 1; i < list.count; ++i) {
    const frame_box *a = &list.items[i - 1], *b = &list.items[i];
    assert_true(a->frame < b->frame || (a->frame == b->frame && a->id < b->id));
  }
  for (uint64_t frame = 1; frame <= 50; ++frame) {
    const size_t first = boxes_find(&list, frame);
    assert_int_equal(first, (frame - 1) * 4);
  }
  assert_int_equal(boxes_find(&list, 51), list.count);
  boxes_free(&list);
}

static void what_is_no_area_is_counted(void **state)
{
  (void)state;
  box_list list = read_good("1,-1,0,0,0,5,1\n1,-1,0,0,5,-5,1\n1,-1,nan,0,5,5,1\n1,-1,0,inf,5,5,1\n"
                            "1,-1,0,0,1e30,5,1\n1,-1,0,0,5,5,nan\n1,-1,0,0,5,5,1e300\n1,1,0,0,5,5,1,1,-1e39\n"
                            "1,-1,1,1,1e-60,5,1\n1,-1,1,1,5,0x1p-1074,1\n1,-1,1,1,5,5,1\n");
  assert_int_equal(list.unusable, 10);
  assert_int_equal(list.count, 1);
  boxes_free(&list);
  list = read_good("");
  assert_int_equal(list.count, 0);
  boxes_free(&list);
}

static void what_is_no_box_is_refused(void **state)
{
  (void)state;
  static const struct {
    const char *text, *says;
  } cases[] = {
      {"1,-1,0,0,5,5\nframe,id,x,y,w,h\n", "line 2: 'frame,id,x,y,w,h' is no box, it is not made of numbers"},
      {"1,-1,0,0,5\n", "line 1: '1,-1,0,0,5' is no box, it has too few numbers"},
      {"0,-1,0,0,5,5\n", "frames are whole numbers from 1"},
      {"-3,-1,0,0,5,5\n", "frames are whole numbers from 1"},
      {"1.5,-1,0,0,5,5\n", "frames are whole numbers from 1"},
      {"nan,-1,0,0,5,5\n", "frames are whole numbers from 1"},
      {"99999999999999,-1,0,0,5,5\n", "frames are whole numbers from 1"},
      {"1,0.5,0,0,5,5\n", "ids are whole numbers"},
      {"1,-1,0,0,5,5x\n", "it is not made of numbers"},
      {"1,,0,0,5,5\n", "it is not made of numbers"},
      {"{\"frame\": 1}\n", "it is not made of numbers"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    box_list list;
    clreid_error error = {0};
    assert_int_not_equal(read_text(cases[i].text, strlen(cases[i].text), &list, &error), CLREID_OK);
    if (!strstr(error.text, cases[i].says)) fail_msg("'%s' does not say '%s'", error.text, cases[i].says);
    assert_null(list.items);
  }
  box_list list;
  clreid_error error = {0};
  assert_int_not_equal(read_text("1,-1,0\0,0,5,5\n", 14, &list, &error), CLREID_OK);
  assert_non_null(strstr(error.text, "zero byte"));
  char path[512];
  assert_int_not_equal(boxes_read(folder_file(&f, "nowhere.txt", path), &list, &error), CLREID_OK);
  assert_int_not_equal(boxes_read(f.path, &list, &error), CLREID_OK);
}

static void a_crowd_is_refused(void **state)
{
  (void)state;
  enum { CROWD = 1001, ROW = 16 };
  char *text = malloc(CROWD * ROW + 1);
  size_t length = 0;
  for (int i = 0; i < CROWD; ++i) length += (size_t)sprintf(text + length, "9,-1,0,0,5,5\n");
  box_list list;
  clreid_error error = {0};
  assert_int_not_equal(read_text(text, length, &list, &error), CLREID_OK);
  assert_non_null(strstr(error.text, "more than 1000 boxes in frame 9"));
  free(text);
}

static void overlap_is_a_share(void **state)
{
  (void)state;
  const clreid_box a = {0, 0, 10, 10}, b = {5, 0, 10, 10}, c = {10, 0, 10, 10}, inside = {2, 2, 5, 5};
  assert_float_equal(boxes_overlap(&a, &a), 1, 1e-12);
  assert_float_equal(boxes_overlap(&a, &b), 1.0 / 3, 1e-12);
  assert_float_equal(boxes_overlap(&a, &c), 0, 1e-12);
  assert_float_equal(boxes_overlap(&a, &inside), 0.25, 1e-12);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_read),
      cmocka_unit_test(frames_are_sorted_and_found),
      cmocka_unit_test(what_is_no_area_is_counted),
      cmocka_unit_test(what_is_no_box_is_refused),
      cmocka_unit_test(a_crowd_is_refused),
      cmocka_unit_test(overlap_is_a_share),
  };
  return cmocka_run_group_tests(tests, make, clean);
}
