/*
 * camera.c - see camera.h.
 */
#include "camera.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "tracker.h"

/* Of two videos with one name (a/video.mp4, b/video.mp4) the second is called NAME-2. */
static char *name_camera(const camera *cameras, size_t place)
{
  const char *path = cameras[place].files.video, *slash = strrchr(path, '/');
  const char *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
  const int length = dot && dot != base ? (int)(dot - base) : (int)strlen(base);
  const size_t room = (size_t)length + 32;
  char *name = malloc(room);
  for (unsigned attempt = 1; name; ++attempt) {
    if (attempt == 1) {
      snprintf(name, room, "%.*s", length, base);
    } else {
      snprintf(name, room, "%.*s-%u", length, base, attempt);
    }
    size_t other = 0;
    while (other < place && strcmp(cameras[other].name, name) != 0) ++other;
    if (other == place) break;
  }
  return name;
}

static clreid_status look_at_video(camera *of, clreid_error *error)
{
  movie_reader *reader;
  const clreid_status status = movie_reader_open(of->files.video, &reader, error);
  if (status == CLREID_OK) of->movie = movie_reader_describe(reader);
  movie_reader_close(reader);
  return status;
}

static void warn_unusable(const char *path, const box_list *list)
{
  if (list->unusable == 0) return;
  console_complain("%s: %zu of %zu boxes have no area or a number that is not finite; left out", path, list->unusable,
                   list->unusable + list->count);
}

static clreid_status open_camera(camera *cameras, size_t place, clreid_error *error)
{
  camera *of = &cameras[place];
  of->name = name_camera(cameras, place);
  if (!of->name) return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for '%s'", of->files.video);
  clreid_status status = look_at_video(of, error);
  if (status == CLREID_OK) status = boxes_read(of->files.boxes, &of->boxes, error);
  if (status == CLREID_OK && of->files.truth) status = boxes_read(of->files.truth, &of->truth, error);
  if (status != CLREID_OK) return status;
  warn_unusable(of->files.boxes, &of->boxes);
  if (of->files.truth) warn_unusable(of->files.truth, &of->truth);
  return CLREID_OK;
}

clreid_status cameras_open(const camera_files *files, size_t count, camera *cameras, clreid_error *error)
{
  clreid_status status = CLREID_OK;
  for (size_t i = 0; i < count; ++i) cameras[i] = (camera){.files = files[i]};
  for (size_t i = 0; i < count && status == CLREID_OK; ++i) status = open_camera(cameras, i, error);
  return status;
}

clreid_status camera_open_video(const camera *of, movie_reader **reader, clreid_error *error)
{
  const clreid_status status = movie_reader_open(of->files.video, reader, error);
  if (status != CLREID_OK) return status;
  const movie_facts now = movie_reader_describe(*reader);
  if (now.width == of->movie.width && now.height == of->movie.height) return CLREID_OK;
  movie_reader_close(*reader);
  *reader = NULL;
  return console_fail(error, CLREID_INVALID_FILE,
                      "'%s' had frames of %dx%d and has frames of %dx%d now: begin again when nothing writes to it",
                      of->files.video, of->movie.width, of->movie.height, now.width, now.height);
}

void cameras_close(camera *cameras, size_t count)
{
  for (size_t i = 0; i < count; ++i) {
    free(cameras[i].name);
    boxes_free(&cameras[i].boxes);
    boxes_free(&cameras[i].truth);
    free(cameras[i].features);
    free(cameras[i].track_of);
    free(cameras[i].identity_of);
    cameras[i] = (camera){0};
  }
}

long camera_identity(const camera *of, size_t box)
{
  const long track = of->track_of[box];
  return track == TRACKER_NONE ? TRACKER_NONE : of->identity_of[track];
}
