/*
 * test_camera.c - proves samples/video/camera.c: a video that is another one on the second reading is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "camera.h"
#include "folder.h"
#include "movie_writer.h"

static void write_movie(const char *path, int width, int height)
{
  movie_writer *writer;
  clreid_error error = {0};
  uint8_t *pixels = calloc((size_t)width * (size_t)height, 3);
  assert_non_null(pixels);
  assert_int_equal(movie_writer_create(path, width, height, 25, 1, &writer, &error), CLREID_OK);
  for (int frame = 0; frame < 3; ++frame) assert_int_equal(movie_writer_add(writer, pixels, &error), CLREID_OK);
  assert_int_equal(movie_writer_finish(writer, &error), CLREID_OK);
  movie_writer_destroy(writer);
  free(pixels);
}

static void a_video_that_changes_is_refused(void **state)
{
  (void)state;
  folder f = folder_make();
  char video[512], boxes[512];
  folder_file(&f, "movie.mp4", video);
  folder_write(folder_file(&f, "boxes.txt", boxes), "1,-1,0,0,9,9,1\n", 15);
  write_movie(video, 32, 16);
  const camera_files files = {video, boxes, NULL};
  camera seen;
  clreid_error error = {0};
  assert_int_equal(cameras_open(&files, 1, &seen, &error), CLREID_OK);
  movie_reader *reader;
  assert_int_equal(camera_open_video(&seen, &reader, &error), CLREID_OK);
  movie_reader_close(reader);
  write_movie(video, 64, 48); /* its frames have more bytes than there is room for */
  assert_int_equal(camera_open_video(&seen, &reader, &error), CLREID_INVALID_FILE);
  assert_null(reader);
  assert_non_null(strstr(error.text, "had frames of 32x16 and has frames of 64x48 now"));
  cameras_close(&seen, 1);
  folder_remove(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_video_that_changes_is_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
