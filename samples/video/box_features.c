/*
 * box_features.c - see box_features.h.
 *
 * Frames with boxes wait until their boxes fill a batch; the boxes of a frame may go to two batches. The camera's list
 * of boxes is its own work list: `kept` of them lie in frames so far, `done` of them are embedded.
 */
#include "box_features.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "npy.h"
#include "output.h"
#include "progress.h"
#include "vectors.h"

enum { MOST_FRAMES = 32, MOST_BYTES = 1 << 28 }; /* that wait */

typedef struct waiting {
  uint8_t *pixels;
  size_t end; /* of its boxes; they begin where those of the frame before end */
} waiting;

typedef struct pass {
  const features_config *config;
  camera *of;
  movie_reader *reader;
  waiting frames[MOST_FRAMES];
  size_t frame_count, most_frames;
  clreid_frame shape;
  size_t kept, done;
  clreid_box *boxes; /* [batch] */
} pass;

static clreid_status no_memory(const camera *of, clreid_error *error)
{
  return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for the features of '%s': take a part of it",
                      of->files.video);
}

/* ---- Embedding --------------------------------------------------------------------------------------------------- */

/* Frames whose boxes are all embedded make room; their pixels are used again. */
static void drop_frames(pass *it)
{
  size_t ready = 0;
  while (ready < it->frame_count && it->frames[ready].end <= it->done) ++ready;
  waiting turned[MOST_FRAMES] = {{0}};
  for (size_t i = 0; i < it->most_frames; ++i) turned[i] = it->frames[(i + ready) % it->most_frames];
  memcpy(it->frames, turned, it->most_frames * sizeof *turned);
  it->frame_count -= ready;
}

/* The next count boxes of those that wait, at most a batch. */
static clreid_status embed_some(pass *it, size_t count, clreid_error *error)
{
  clreid_frame frames[MOST_FRAMES];
  clreid_frame_boxes lists[MOST_FRAMES] = {{0}};
  size_t listed = 0, taken = 0;
  for (size_t i = 0; i < count; ++i) it->boxes[i] = it->of->boxes.items[it->done + i].box;
  for (; taken < count; ++listed) {
    const size_t rest = it->frames[listed].end - it->done - taken;
    const size_t here = rest < count - taken ? rest : count - taken;
    frames[listed] = it->shape;
    frames[listed].pixels = it->frames[listed].pixels;
    lists[listed] = (clreid_frame_boxes){&frames[listed], it->boxes + taken, here, false};
    taken += here;
  }
  float *features = it->of->features + it->done * it->config->length;
  const clreid_status status = clreid_embed_frames(it->config->session, lists, listed, features, NULL, NULL, error);
  if (status != CLREID_OK) return status;
  for (size_t i = 0; i < count; ++i) vector_scale_to_unit(features + i * it->config->length, it->config->length);
  it->done += count;
  drop_frames(it);
  return CLREID_OK;
}

static clreid_status embed_batches(pass *it, bool all, clreid_error *error)
{
  clreid_status status = CLREID_OK;
  while (status == CLREID_OK && it->kept - it->done >= it->config->batch) {
    status = embed_some(it, it->config->batch, error);
  }
  const bool is_full = it->frame_count == it->most_frames;
  if (status == CLREID_OK && (all || is_full) && it->done < it->kept)
    status = embed_some(it, it->kept - it->done, error);
  return status;
}

/* ---- Decoding ---------------------------------------------------------------------------------------------------- */

/* Boxes first to end of the list are the frame's; those that have pixels in it move up. */
static clreid_status take_frame(pass *it, size_t first, size_t end, clreid_error *error)
{
  frame_box *items = it->of->boxes.items;
  const size_t before = it->kept;
  for (size_t i = first; i < end; ++i) {
    clreid_rectangle pixels;
    clreid_error reason;
    if (clreid_box_pixels(&it->shape, &items[i].box, &pixels, &reason) == CLREID_OK) {
      items[it->kept++] = items[i];
    } else {
      ++it->of->outside;
    }
  }
  if (it->kept == before) return CLREID_OK;
  waiting *frame = &it->frames[it->frame_count];
  if (!frame->pixels) frame->pixels = malloc((size_t)it->shape.width * it->shape.height * 3);
  if (!frame->pixels) return no_memory(it->of, error);
  frame->end = it->kept;
  ++it->frame_count;
  const clreid_status status = movie_reader_pixels(it->reader, frame->pixels, error);
  return status == CLREID_OK ? embed_batches(it, false, error) : status;
}

static clreid_status run_pass(pass *it, clreid_error *error)
{
  const size_t count = it->of->boxes.count;
  size_t place = 0;
  uint64_t number = 0;
  clreid_status status;
  progress_start(it->of->name, (size_t)it->of->movie.frames);
  while ((status = movie_reader_next(it->reader, &number, error)) == CLREID_OK && number > 0) {
    const frame_box *items = it->of->boxes.items;
    size_t first = place;
    while (first < count && items[first].frame < number) ++first; /* of frames that were lost */
    for (place = first; place < count && items[place].frame == number;) ++place;
    it->of->frames = number;
    status = take_frame(it, first, place, error);
    if (status != CLREID_OK) break;
    progress_show((size_t)number);
  }
  progress_clear();
  if (status == CLREID_OK) status = embed_batches(it, true, error);
  return status;
}

/* ---- What was left out ------------------------------------------------------------------------------------------- */

static void warn(const pass *it, size_t count, uint64_t last_frame)
{
  const camera *of = it->of;
  clreid_error damage;
  if (movie_reader_damage(it->reader, &damage)) console_complain("%s", damage.text);
  if (of->beyond > 0) {
    console_complain("%s names frames up to %" PRIu64 ", %s has %" PRIu64
                     ": %zu of %zu boxes left out; is it another video's?",
                     of->files.boxes, last_frame, of->files.video, of->frames, of->beyond, count);
  }
  if (of->outside > 0) {
    console_complain("%s: %zu of %zu boxes lie outside the frames of %dx%d; left out", of->files.boxes, of->outside,
                     count, of->movie.width, of->movie.height);
  }
}

/* Truth about frames that did not come can be neither found nor missed. */
static void cut_truth(camera *of)
{
  const size_t left = boxes_find(&of->truth, of->frames + 1);
  if (left < of->truth.count) {
    console_complain("%s names frames up to %" PRIu64 ", %s has %" PRIu64 ": %zu of %zu boxes left out",
                     of->files.truth, of->truth.items[of->truth.count - 1].frame, of->files.video, of->frames,
                     of->truth.count - left, of->truth.count);
  }
  of->truth.count = left;
}

clreid_status features_embed(const features_config *config, camera *of, clreid_error *error)
{
  const size_t count = of->boxes.count, length = config->length;
  const uint64_t last_frame = count ? of->boxes.items[count - 1].frame : 0;
  const size_t frame_bytes = (size_t)of->movie.width * (size_t)of->movie.height * 3;
  pass it = {.config = config,
             .of = of,
             .shape = {.width = of->movie.width, .height = of->movie.height, .format = CLREID_FORMAT_RGB},
             .most_frames = frame_bytes > MOST_BYTES / MOST_FRAMES ? MOST_BYTES / frame_bytes + 1 : MOST_FRAMES};
  it.boxes = calloc(config->batch, sizeof *it.boxes);
  if (count <= SIZE_MAX / sizeof(float) / length - 1) of->features = malloc((count + 1) * length * sizeof(float));
  clreid_status status = it.boxes && of->features ? CLREID_OK : no_memory(of, error);
  if (status == CLREID_OK) status = camera_open_video(of, &it.reader, error);
  if (status == CLREID_OK) status = run_pass(&it, error);
  if (status == CLREID_OK) {
    of->beyond = count - it.kept - of->outside;
    warn(&it, count, last_frame);
    of->boxes.count = it.kept;
    cut_truth(of);
  }
  movie_reader_close(it.reader);
  for (size_t i = 0; i < MOST_FRAMES; ++i) free(it.frames[i].pixels);
  free(it.boxes);
  return status;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

enum { HEAD = 10 };

static clreid_status write_rows(output *file, const camera *of, size_t length, clreid_error *error)
{
  char header[NPY_HEADER_BYTES];
  const size_t bytes = npy_header(of->boxes.count, HEAD + length, header);
  clreid_status status = output_write(file, header, bytes, error);
  for (size_t i = 0; i < of->boxes.count && status == CLREID_OK; ++i) {
    const frame_box *row = &of->boxes.items[i];
    const float head[HEAD] = {(float)row->frame, -1,         row->box.x, row->box.y, row->box.width,
                              row->box.height,   row->score, -1,         -1,         -1};
    status = output_write(file, head, sizeof head, error);
    if (status == CLREID_OK) status = output_write(file, of->features + i * length, length * sizeof(float), error);
  }
  return status;
}

clreid_status features_write(const char *path, const camera *of, size_t length, clreid_error *error)
{
  output *file;
  clreid_status status = output_create(path, &file, error);
  if (status != CLREID_OK) return status;
  status = write_rows(file, of, length, error);
  if (status == CLREID_OK) return output_commit(file, error);
  output_abandon(file);
  return status;
}
