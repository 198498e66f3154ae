/*
 * test_frame.c - proves boxes of frames: every format against arithmetic in double, the same bits as pictures of the
 * same pixels, batches filled across frames, each frame uploaded once, and what is refused.
 *
 * The linker sends the library's calls for memory and some of OpenCL through this file (tests/CMakeLists.txt), which
 * counts them.
 */
#include "support.h"

#include <sys/mman.h>
#include <unistd.h>

#include "api.h"
#include "buffer.h"
#include "folder.h"
#include "frame.h"
#include "support_resize.h"

/* ---- What the library asks for ---------------------------------------------------------------------------------- */

static struct {
  bool on;
  long memory, buffers, launches, writes; /* calls since it is on; writes: of at least least_bytes */
  size_t least_bytes;
} watch;

#define WRAP(type, name, parameters, count, arguments)                                                                 \
  type __real_##name parameters;                                                                                       \
  type __wrap_##name parameters;                                                                                       \
  type __wrap_##name parameters                                                                                        \
  {                                                                                                                    \
    watch.count += watch.on;                                                                                           \
    return __real_##name arguments;                                                                                    \
  }

WRAP(void *, malloc, (size_t size), memory, (size))
WRAP(void *, calloc, (size_t count, size_t size), memory, (count, size))
WRAP(void *, realloc, (void *old, size_t size), memory, (old, size))
WRAP(cl_mem, clCreateBuffer, (cl_context context, cl_mem_flags flags, size_t size, void *data, cl_int *code), buffers,
     (context, flags, size, data, code))
WRAP(cl_int, clEnqueueNDRangeKernel,
     (cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset, const size_t *global,
      const size_t *local, cl_uint waits, const cl_event *wait, cl_event *event),
     launches, (queue, kernel, dimensions, offset, global, local, waits, wait, event))

cl_int __real_clEnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset, size_t bytes,
                                   const void *data, cl_uint waits, const cl_event *wait, cl_event *event);
cl_int __wrap_clEnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset, size_t bytes,
                                   const void *data, cl_uint waits, const cl_event *wait, cl_event *event);
cl_int __wrap_clEnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset, size_t bytes,
                                   const void *data, cl_uint waits, const cl_event *wait, cl_event *event)
{
  watch.writes += watch.on && bytes >= watch.least_bytes;
  return __real_clEnqueueWriteBuffer(queue, buffer, blocking, offset, bytes, data, waits, wait, event);
}

static void watch_from_now(size_t least_bytes)
{
  memset(&watch, 0, sizeof watch);
  watch.least_bytes = least_bytes;
  watch.on = true;
}

/* ---- What all tests share --------------------------------------------------------------------------------------- */

enum { FORMATS = CLREID_FORMAT_NV12_BT709 + 1 };

static folder files;
static clreid_device *device;
static clreid_model *model; /* han-small, with maps */
static size_t length;       /* D */

static void must(clreid_status status, const clreid_error *error)
{
  if (status != CLREID_OK) fail_msg("%s: %s", clreid_status_name(status), error->text);
}

static int open_all(void **state)
{
  (void)state;
  char path[512];
  clreid_model_info info;
  clreid_error error = {CLREID_OK, ""};
  files = folder_make();
  must(clreid_device_open(&(clreid_device_config){.choice = support_choice(), .cache_folder = ""}, &device, &error),
       &error);
  folder_file(&files, "han", path);
  must(clreid_weights_random("han-small", NULL, 0, support_seed(), path, &error), &error);
  must(clreid_model_load(device, path, &(clreid_model_config){.maps = true}, &model, &error), &error);
  clreid_model_describe(model, &info);
  length = (size_t)info.feature_length;
  return 0;
}

static int close_all(void **state)
{
  (void)state;
  clreid_model_free(model);
  clreid_device_close(device);
  folder_remove(&files);
  return 0;
}

static clreid_session *create(clreid_model *of, int largest_batch)
{
  clreid_session *session;
  clreid_error error = {CLREID_OK, ""};
  must(clreid_session_create(of, &(clreid_session_config){largest_batch}, &session, &error), &error);
  return session;
}

static float *floats(size_t count)
{
  float *numbers = calloc(count, sizeof *numbers);
  assert_non_null(numbers);
  return numbers;
}

/* ---- Frames of noise -------------------------------------------------------------------------------------------- */

static bool is_nv12(clreid_format format)
{
  return format >= CLREID_FORMAT_NV12_BT601;
}

static size_t row_bytes(clreid_format format, int width)
{
  static const size_t pixel_bytes[FORMATS] = {3, 3, 4, 4, 1, 1, 1};
  return pixel_bytes[format] * (size_t)width;
}

static uint8_t *noise(size_t bytes, uint64_t key)
{
  uint8_t *made = malloc(bytes);
  assert_non_null(made);
  for (size_t i = 0; i < bytes; i++) made[i] = (uint8_t)support_random(key << 32 | i, 0, 255);
  return made;
}

/* gap: bytes between the rows; 0: the pitch is left to the library. */
static clreid_frame make_frame(clreid_format format, int width, int height, size_t gap, uint64_t key)
{
  const size_t pitch = row_bytes(format, width) + gap, pairs = ((size_t)width + 1) / 2 * 2 + gap;
  return (clreid_frame){.pixels = noise(pitch * (size_t)height, 2 * key),
                        .chroma = is_nv12(format) ? noise(pairs * ((size_t)height + 1) / 2, 2 * key + 1) : NULL,
                        .width = width,
                        .height = height,
                        .pitch_bytes = gap ? pitch : 0,
                        .chroma_pitch_bytes = gap && is_nv12(format) ? pairs : 0,
                        .format = format};
}

static void free_frame(clreid_frame *frame)
{
  free((void *)(uintptr_t)frame->pixels);
  free((void *)(uintptr_t)frame->chroma);
}

static uint8_t clip(double value)
{
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : floor(value + 0.5));
}

/* Kr and Kb of ITU-R BT.601 and BT.709. */
static const double of_red[2] = {0.299, 0.2126}, of_blue[2] = {0.114, 0.0722};

/* R, G, B in real numbers, not clipped. */
static void colour(bool bt709, int luma, int u, int v, double rgb[3])
{
  const double kr = of_red[bt709], kb = of_blue[bt709];
  const double y = (luma - 16) / 219.0, cb = (u - 128) / 224.0, cr = (v - 128) / 224.0;
  rgb[0] = 255 * (y + 2 * (1 - kr) * cr);
  rgb[2] = 255 * (y + 2 * (1 - kb) * cb);
  rgb[1] = (255 * y - kr * rgb[0] - kb * rgb[2]) / (1 - kr - kb);
}

/* The pixel of a frame. A colour that lies so near a half that fixed point may round it the other way is false. */
static bool pixel(const clreid_frame *frame, int x, int y, uint8_t rgb[3])
{
  static const int places[FORMATS][3] = {{0, 1, 2}, {2, 1, 0}, {0, 1, 2}, {2, 1, 0}, {0, 0, 0}};
  const size_t pitch = frame->pitch_bytes ? frame->pitch_bytes : row_bytes(frame->format, frame->width);
  const uint8_t *at = frame->pixels + (size_t)y * pitch + row_bytes(frame->format, x);
  bool certain = true;
  for (int c = 0; c < 3; c++) rgb[c] = at[places[frame->format][c]];
  if (!is_nv12(frame->format)) return true;
  const size_t pairs = frame->chroma_pitch_bytes ? frame->chroma_pitch_bytes : ((size_t)frame->width + 1) / 2 * 2;
  const uint8_t *pair = frame->chroma + (size_t)(y / 2) * pairs + (size_t)(x / 2) * 2;
  double real[3];
  colour(frame->format == CLREID_FORMAT_NV12_BT709, at[0], pair[0], pair[1], real);
  for (int c = 0; c < 3; c++) {
    rgb[c] = clip(real[c]);
    certain &= fabs(real[c] - floor(real[c]) - 0.5) > 1e-3;
  }
  return certain;
}

/* Changes what pixel() is not sure of. */
static void make_certain(clreid_frame *frame)
{
  uint8_t rgb[3], *luma = (uint8_t *)(uintptr_t)frame->pixels;
  const size_t pitch = frame->pitch_bytes ? frame->pitch_bytes : row_bytes(frame->format, frame->width);
  for (int y = 0; y < frame->height; y++)
    for (int x = 0; x < frame->width; x++)
      while (!pixel(frame, x, y, rgb)) luma[(size_t)y * pitch + (size_t)x]++;
}

/* The rectangle as an RGB picture. */
static uint8_t *cut_out(const clreid_frame *frame, clreid_rectangle r)
{
  uint8_t *rgb = malloc((size_t)r.width * (size_t)r.height * 3);
  assert_non_null(rgb);
  for (int y = 0; y < r.height; y++)
    for (int x = 0; x < r.width; x++)
      pixel(frame, r.x + x, r.y + y, rgb + ((size_t)y * (size_t)r.width + (size_t)x) * 3);
  return rgb;
}

/* ---- The kernel, in both of its shapes -------------------------------------------------------------------------- */

static cr_facts own_facts;

static int in_bands(void **state)
{
  (void)state;
  own_facts = device->device->facts;
  assert_int_equal(cr_pretend("cpu", &device->device->facts, NULL), CLREID_OK);
  return 0;
}

static int in_pixels(void **state)
{
  (void)state;
  own_facts = device->device->facts;
  assert_int_equal(cr_pretend("gpu", &device->device->facts, NULL), CLREID_OK);
  return 0;
}

static int in_own_type(void **state)
{
  (void)state;
  device->device->facts = own_facts;
  return 0;
}

/* A resize to bytes of width x height, and what it needs. */
typedef struct bench {
  int width, height, batch;
  cr_queue *queue;
  cr_buffer *output;
  cr_resize *resize;
  cr_axes *axes;
  uint8_t *result; /* [batch][height][width][3] */
} bench;

static bench bench_make(int width, int height, int batch)
{
  bench b = {.width = width, .height = height, .batch = batch};
  const size_t picture = (size_t)width * (size_t)height * 3;
  const cr_resize_spec spec = {.height = height, .width = width, .bytes_only = true};
  clreid_error error = {CLREID_OK, ""};
  assert_non_null(b.axes = cr_axes_create(CR_BILINEAR));
  assert_non_null(b.result = malloc(picture * (size_t)batch));
  must(cr_queue_create(device->device, &b.queue, &error), &error);
  must(cr_buffer_create(device->device, picture * (size_t)batch, NULL, &b.output, &error), &error);
  const cr_view view = {.tensor = -1, .buffer = b.output, .picture = picture, .row = 3};
  must(cr_resize_create(b.queue, &spec, &view, batch, &b.resize, &error), &error);
  return b;
}

static void bench_free(bench *b)
{
  cr_resize_destroy(b->resize);
  cr_queue_destroy(b->queue);
  cr_buffer_release(b->output);
  cr_axes_destroy(b->axes);
  free(b->result);
}

static cr_resize_picture bench_picture(bench *b, const cr_frame *frame, clreid_rectangle r)
{
  clreid_error error = {CLREID_OK, ""};
  cr_resize_picture picture = {.frame = frame, .x = r.x, .y = r.y, .width = r.width, .height = r.height};
  must(cr_axes_get(b->axes, r.width, b->width, &picture.across, &error), &error);
  must(cr_axes_get(b->axes, r.height, b->height, &picture.down, &error), &error);
  return picture;
}

static const uint8_t *bench_run(bench *b, const cr_resize_picture *pictures, int count)
{
  clreid_error error = {CLREID_OK, ""};
  const size_t picture = (size_t)b->width * (size_t)b->height * 3;
  must(cr_resize_run(b->resize, pictures, count, &error), &error);
  must(cr_queue_read(b->queue, b->output, 0, picture * (size_t)count, b->result, &error), &error);
  return b->result;
}

static cr_frame host_frame(const clreid_frame *frame)
{
  const size_t pairs = is_nv12(frame->format) ? ((size_t)frame->width + 1) / 2 * 2 : 0;
  return (cr_frame){.format = (cr_format)frame->format,
                    .width = frame->width,
                    .height = frame->height,
                    .pixels = frame->pixels,
                    .chroma = frame->chroma,
                    .pitch_bytes = frame->pitch_bytes ? frame->pitch_bytes : row_bytes(frame->format, frame->width),
                    .chroma_pitch_bytes = frame->chroma_pitch_bytes ? frame->chroma_pitch_bytes : pairs};
}

/* The same in a buffer of its own that ends with the last byte of the last row. */
static cr_frame device_frame(const clreid_frame *given)
{
  clreid_error error = {CLREID_OK, ""};
  cr_frame frame = host_frame(given);
  const size_t luma = frame.pitch_bytes * (size_t)(frame.height - 1) + row_bytes(given->format, frame.width);
  const size_t rows = ((size_t)frame.height + 1) / 2, pairs = ((size_t)frame.width + 1) / 2 * 2;
  const size_t chroma = frame.chroma ? frame.chroma_pitch_bytes * (rows - 1) + pairs : 0;
  frame.offset_bytes = 5;
  frame.chroma_offset_bytes = frame.offset_bytes + luma + 3;
  const size_t bytes = chroma ? frame.chroma_offset_bytes + chroma : frame.offset_bytes + luma;
  uint8_t *content = calloc(bytes, 1);
  assert_non_null(content);
  memcpy(content + frame.offset_bytes, frame.pixels, luma);
  if (chroma) memcpy(content + frame.chroma_offset_bytes, frame.chroma, chroma);
  must(cr_buffer_create(device->device, bytes, content, &frame.buffer, &error), &error);
  frame.pixels = frame.chroma = NULL;
  free(content);
  return frame;
}

/* All 2^24 colours: block c of 2 x 2 pixels has pair c / 64 and the four Y from 4 (c % 64) on. */
static void every_colour(void **state)
{
  (void)state;
  enum { SIDE = 4096, TILE = 256, BATCH = 16 };
  static const clreid_format formats[2] = {CLREID_FORMAT_NV12_BT601, CLREID_FORMAT_NV12_BT709};
  uint8_t *luma = malloc(SIDE * SIDE), *chroma = malloc(SIDE * SIDE / 2);
  assert_true(luma && chroma);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      const int c = y / 2 * (SIDE / 2) + x / 2;
      luma[y * SIDE + x] = (uint8_t)(c % 64 * 4 + y % 2 * 2 + x % 2);
      if (y % 2 == 0) chroma[y / 2 * SIDE + x] = (uint8_t)(x % 2 ? c / 64 / 256 : c / 64 % 256);
    }
  bench b = bench_make(TILE, TILE, BATCH);
  for (int f = 0; f < 2; f++) {
    const clreid_frame given = {.pixels = luma, .chroma = chroma, .width = SIDE, .height = SIDE, .format = formats[f]};
    cr_frame frame = host_frame(&given);
    cr_resize_picture pictures[BATCH];
    double worst = 0;
    frame.serial = (uint64_t)f + 1;
    for (int row = 0; row < SIDE / TILE; row++) {
      for (int k = 0; k < BATCH; k++)
        pictures[k] = bench_picture(&b, &frame, (clreid_rectangle){k * TILE, row * TILE, TILE, TILE});
      const uint8_t *got = bench_run(&b, pictures, BATCH);
      for (int i = 0; i < BATCH * TILE * TILE; i++, got += 3) {
        const int x = i / (TILE * TILE) * TILE + i % TILE, y = row * TILE + i / TILE % TILE;
        const uint8_t *pair = chroma + y / 2 * SIDE + x / 2 * 2;
        double real[3];
        colour(f == 1, luma[y * SIDE + x], pair[0], pair[1], real);
        for (int c = 0; c < 3; c++) {
          const double wrong = fabs((real[c] < 0 ? 0 : real[c] > 255 ? 255 : real[c]) - got[c]);
          worst = wrong > worst ? wrong : worst;
        }
      }
    }
    printf("format %d: at most %.6f from the formula\n", (int)formats[f], worst);
    assert_true(worst <= 0.501);
  }
  bench_free(&b);
  free(luma);
  free(chroma);
}

static clreid_rectangle random_rectangle(uint64_t key, int width, int height)
{
  const int x = support_random(4 * key, 0, width - 1), y = support_random(4 * key + 1, 0, height - 1);
  return (clreid_rectangle){x, y, support_random(4 * key + 2, 1, width - x),
                            support_random(4 * key + 3, 1, height - y)};
}

/* What Pillow would make of the rectangle's pixels. */
static void check_picture(const bench *b, const clreid_frame *frame, const cr_resize_picture *picture,
                          const uint8_t *got)
{
  const clreid_rectangle r = {picture->x, picture->y, picture->width, picture->height};
  uint8_t *rgb = cut_out(frame, r), *expected = malloc((size_t)b->width * (size_t)b->height * 3);
  assert_non_null(expected);
  assert_true(test_resize(rgb, (size_t)r.width * 3, picture->across, picture->down, expected));
  for (int y = 0; y < b->height; y++)
    for (int x = 0; x < b->width; x++) {
      const int from = picture->mirrored ? b->width - 1 - x : x;
      for (int c = 0; c < 3; c++)
        if (got[(y * b->width + x) * 3 + c] != expected[(y * b->width + from) * 3 + c])
          fail_msg("format %d, %d x %d from (%d, %d) of %d x %d, mirrored %d: line %d, column %d, channel %d is %d, "
                   "not %d",
                   (int)frame->format, r.width, r.height, r.x, r.y, frame->width, frame->height, picture->mirrored, y,
                   x, c, got[(y * b->width + x) * 3 + c], expected[(y * b->width + from) * 3 + c]);
    }
  free(rgb);
  free(expected);
}

/* In host memory and on the device, the two in turns within a batch. */
static void boxes_of_every_format(void **state)
{
  (void)state;
  enum { BATCH = 12, ROUNDS = 6 };
  static const int sizes[ROUNDS][2] = {{61, 47}, {1, 1}, {2, 3}, {200, 90}, {5, 300}, {4500, 3}};
  bench b = bench_make(19, 37, BATCH);
  for (int f = 0; f < FORMATS; f++)
    for (int round = 0; round < ROUNDS; round++) {
      const int width = sizes[round][0], height = sizes[round][1];
      const uint64_t key = (uint64_t)(f * ROUNDS + round);
      clreid_frame frame = make_frame((clreid_format)f, width, height, round % 2 ? 13 : 0, key);
      make_certain(&frame);
      const cr_frame frames[2] = {host_frame(&frame), device_frame(&frame)};
      cr_resize_picture pictures[BATCH];
      for (int k = 0; k < BATCH; k++) {
        const clreid_rectangle all = {0, 0, width, height};
        pictures[k] = bench_picture(&b, &frames[k / 2 % 2],
                                    k < 4 ? all : random_rectangle(key * BATCH + (uint64_t)k, width, height));
        pictures[k].mirrored = k % 3 == 1;
      }
      const uint8_t *got = bench_run(&b, pictures, BATCH);
      for (int k = 0; k < BATCH; k++) check_picture(&b, &frame, &pictures[k], got + k * b.width * b.height * 3);
      cr_buffer_release(frames[1].buffer);
      free_frame(&frame);
    }
  bench_free(&b);
}

/* The last frame of a run stays for the next, wherever it stands, and while the upload grows. */
static void a_frame_stays_for_the_next_run(void **state)
{
  (void)state;
  enum { BATCH = 5, FRAMES = 40 };
  bench b = bench_make(8, 16, BATCH);
  clreid_frame given[FRAMES];
  cr_frame frames[FRAMES];
  for (int k = 0; k < FRAMES; k++) {
    given[k] =
        make_frame(k % 3 ? CLREID_FORMAT_RGB : CLREID_FORMAT_GREY, support_random(900 + (uint64_t)k, 1, 10 + 3 * k),
                   support_random(1900 + (uint64_t)k, 1, 80), 0, 500 + (uint64_t)k);
    frames[k] = host_frame(&given[k]);
    frames[k].serial = (uint64_t)k + 1;
  }
  for (int at = 0, run = 0; at < FRAMES; run++) {
    cr_resize_picture pictures[BATCH];
    int of[BATCH];
    for (int k = 0; k < BATCH; k++) {
      of[k] = at;
      pictures[k] = bench_picture(&b, &frames[at],
                                  random_rectangle((uint64_t)(run * BATCH + k), frames[at].width, frames[at].height));
      if (k < BATCH - 1 && at < FRAMES - 1) at += support_random((uint64_t)(run * BATCH + k), 0, 1);
    }
    const uint8_t *got = bench_run(&b, pictures, BATCH);
    for (int k = 0; k < BATCH; k++) check_picture(&b, &given[of[k]], &pictures[k], got + k * b.width * b.height * 3);
    if (at == FRAMES - 1) break;
  }

  /* It was there: a change of its pixels in host memory is not seen under the same number, but under another. */
  cr_resize_picture last = bench_picture(&b, &frames[FRAMES - 1], (clreid_rectangle){0, 0, 1, 1});
  uint8_t *first = (uint8_t *)(uintptr_t)given[FRAMES - 1].pixels;
  const uint8_t old = bench_run(&b, &last, 1)[0];
  *first = (uint8_t)~old;
  assert_int_equal(bench_run(&b, &last, 1)[0], old);
  frames[FRAMES - 1].serial++;
  assert_int_equal(bench_run(&b, &last, 1)[0], *first);
  for (int k = 0; k < FRAMES; k++) free_frame(&given[k]);
  bench_free(&b);
}

/* A buffer in the last bytes before memory that nobody may read: a driver that works in it in place cannot read on. */
static void nothing_behind_a_buffer_is_read(void **state)
{
  (void)state;
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  uint8_t *pages = aligned_alloc(page, 2 * page);
  assert_non_null(pages);
  assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
  bench b = bench_make(8, 8, 1);
  for (int f = 0; f < FORMATS; f++)
    for (int width = 1; width <= 9; width++) {
      clreid_frame given = make_frame((clreid_format)f, width, 6, 0, 600 + (uint64_t)(f * 16 + width));
      make_certain(&given);
      cr_frame frame = host_frame(&given);
      const size_t luma = row_bytes(given.format, width) * 6, chroma = given.chroma ? frame.chroma_pitch_bytes * 3 : 0;
      uint8_t *last = pages + page - luma - chroma;
      memcpy(last, given.pixels, luma);
      if (chroma) memcpy(last + luma, given.chroma, chroma);
      cl_int code;
      cr_buffer buffer = {.device = device->device, .bytes = page, .references = 1};
      buffer.memory =
          clCreateBuffer(device->device->context, CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR, page, pages, &code);
      assert_int_equal(code, CL_SUCCESS);
      frame.pixels = frame.chroma = NULL;
      frame.buffer = &buffer;
      frame.offset_bytes = page - luma - chroma;
      frame.chroma_offset_bytes = page - chroma;
      const cr_resize_picture picture = bench_picture(&b, &frame, (clreid_rectangle){0, 0, width, 6});
      check_picture(&b, &given, &picture, bench_run(&b, &picture, 1));
      clReleaseMemObject(buffer.memory);
      free_frame(&given);
    }
  bench_free(&b);
  assert_int_equal(mprotect(pages + page, page, PROT_READ | PROT_WRITE), 0);
  free(pages);
}

static void a_frame_that_leaves_its_buffer_is_refused(void **state)
{
  (void)state;
  bench b = bench_make(8, 8, 1);
  clreid_frame given = make_frame(CLREID_FORMAT_NV12_BT601, 7, 9, 2, 77);
  const cr_frame good = device_frame(&given);
  cr_frame frame = good;
  const cr_resize_picture picture = bench_picture(&b, &frame, (clreid_rectangle){0, 0, 7, 9});
  clreid_error error = {CLREID_OK, ""};
  must(cr_resize_run(b.resize, &picture, 1, &error), &error);
  for (int wrong = 0; wrong < 5; wrong++) {
    frame = good;
    if (wrong == 0) frame.offset_bytes = cr_buffer_bytes(good.buffer) - 8 * frame.pitch_bytes - 6;
    if (wrong == 1) frame.chroma_offset_bytes++;
    if (wrong == 2) frame.chroma_pitch_bytes++;
    if (wrong == 3) frame.pitch_bytes = SIZE_MAX / 8;
    if (wrong == 4) frame.offset_bytes = SIZE_MAX;
    assert_int_equal(cr_resize_run(b.resize, &picture, 1, &error), CLREID_INVALID_PICTURE);
    assert_non_null(strstr(error.text, "bytes"));
  }
  cr_buffer_release(good.buffer);
  free_frame(&given);
  bench_free(&b);
}

/* ---- Boxes ------------------------------------------------------------------------------------------------------ */

static void corners_are_rounded_and_cut(void **state)
{
  (void)state;
  static const struct {
    clreid_box box;
    clreid_rectangle pixels;
  } table[] = {
      {{0, 0, 10, 20}, {0, 0, 10, 20}},
      {{1.4f, 1.5f, 2, 2}, {1, 2, 2, 2}}, /* 1.4 to 3.4, 1.5 to 3.5 */
      {{0.5f, 2.5f, 1, 1}, {1, 3, 1, 1}}, /* not to the even one */
      {{-0.5f, -2.5f, 1, 4}, {0, 0, 1, 2}},
      {{-1000, -1000, 4000, 4000}, {0, 0, 100, 50}},
      {{99, 49, 1e30f, 7}, {99, 49, 1, 1}},
      {{99.49f, 0, 0.02f, 1}, {99, 0, 1, 1}},
      {{-3e38f, -3e38f, 3.1e38f, 3.1e38f}, {0, 0, 100, 50}},
      {{10, 10, 0.49f, 5}, {0}},
      {{10, 10, 0, 5}, {0}},
      {{10, 10, 5, -2}, {0}},
      {{-0.4f, 0, 0.8f, 5}, {0}},
      {{-5, 3, 5.4f, 5}, {0}},
      {{99.5f, 3, 5, 5}, {0}},
      {{100, 3, 5, 5}, {0}},
      {{3, 50, 5, 5}, {0}},
      {{NAN, 3, 5, 5}, {0}},
      {{3, -NAN, 5, 5}, {0}},
      {{3, 3, INFINITY, 5}, {0}},
      {{3, 3, 5, NAN}, {0}},
      {{-INFINITY, 3, INFINITY, 5}, {0}},
      {{3e38f, 3, 3e38f, 5}, {0}},
  };
  const clreid_frame frame = {.width = 100, .height = 50};
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    clreid_rectangle pixels = {7, 7, 7, 7};
    clreid_error error = {CLREID_OK, ""};
    const clreid_status status = clreid_box_pixels(&frame, &table[i].box, &pixels, &error);
    assert_int_equal(status, table[i].pixels.width ? CLREID_OK : CLREID_INVALID_PICTURE);
    if (memcmp(&pixels, &table[i].pixels, sizeof pixels))
      fail_msg("box %zu: %d x %d from (%d, %d) on", i, pixels.width, pixels.height, pixels.x, pixels.y);
    if (status != CLREID_OK) assert_non_null(strstr(error.text, "the box"));
  }
  clreid_rectangle pixels;
  assert_int_equal(clreid_box_pixels(NULL, &table[0].box, &pixels, NULL), CLREID_INVALID_ARGUMENT);
  assert_int_equal(clreid_box_pixels(&frame, NULL, &pixels, NULL), CLREID_INVALID_ARGUMENT);
  assert_int_equal(clreid_box_pixels(&frame, &table[0].box, NULL, NULL), CLREID_INVALID_ARGUMENT);
}

/* Far too large for memory, so nothing may look at a pixel: a batch ends before it takes too much. */
static void a_batch_takes_no_more_than_it_may(void **state)
{
  (void)state;
  const uint8_t byte = 0;
  const clreid_frame large = {.pixels = &byte, .width = 10000, .height = 10000};
  const clreid_frame frames[3] = {large, large, {.pixels = &byte, .width = 9, .height = 9}};
  static const clreid_box all = {0, 0, 10000, 10000};
  const clreid_frame_boxes list[] = {{&frames[0], &all, 1, false}, {&frames[0], &all, 1, true},
                                     {&frames[1], &all, 1, false}, {&frames[2], &all, 0, false},
                                     {&frames[2], &all, 1, false}, {&frames[2], &all, 1, false}};
  uint64_t serial = 0;
  cr_feed feed = {.frames = list, .count = sizeof list / sizeof list[0], .serial = &serial};
  cr_frame filled[8];
  cr_resize_picture pictures[8];
  clreid_error error = {CLREID_OK, ""};
  must(cr_feed_check(&feed, &error), &error);
  assert_int_equal(cr_feed_fill(&feed, filled, pictures, 8), 2); /* the first frame, twice */
  assert_ptr_equal(pictures[0].frame, pictures[1].frame);
  assert_true(!pictures[0].mirrored && pictures[1].mirrored);
  assert_int_equal(cr_feed_fill(&feed, filled, pictures, 8), 1);
  assert_int_equal(cr_feed_fill(&feed, filled, pictures, 8), 2);
  assert_int_equal(cr_feed_fill(&feed, filled, pictures, 8), 0);
  assert_int_equal(serial, 3);
}

/* ---- Embeddings ------------------------------------------------------------------------------------------------- */

enum { BOXES = 9 };

static const clreid_box boxes[BOXES] = {
    {10, 20, 64, 160},  {101.3f, 33.7f, 30.5f, 77.5f},
    {-20, -20, 60, 90}, {250, 100, 500, 500},
    {0, 0, 321, 243},   {7, 9, 1, 1},
    {33, 11, 201, 7},   {1, 1, 2, 200},
    {255, 201, 64, 41},
};

/* As pictures of the same pixels give them. */
static void embed_cuts(clreid_session *session, const clreid_frame *frame, const clreid_box *list, size_t count,
                       bool mirrored, float *neck, float *pooled)
{
  clreid_error error = {CLREID_OK, ""};
  for (size_t k = 0; k < count; k++) {
    clreid_rectangle r;
    must(clreid_box_pixels(frame, &list[k], &r, &error), &error);
    uint8_t *rgb = cut_out(frame, r);
    const clreid_picture picture = {.pixels = rgb, .width = r.width, .height = r.height, .mirrored = mirrored};
    must(clreid_embed(session, &picture, 1, neck + k * length, pooled + k * length, &error), &error);
    free(rgb);
  }
}

static void the_bits_are_those_of_pictures(void **state)
{
  (void)state;
  clreid_session *one = create(model, 1), *four = create(model, 4);
  clreid_error error = {CLREID_OK, ""};
  for (int f = 0; f < FORMATS; f++) {
    clreid_frame frame = make_frame((clreid_format)f, 321, 243, f % 2 ? 31 : 0, 100 + (uint64_t)f);
    make_certain(&frame);
    float *expected = floats(4 * BOXES * length), *got = expected + 2 * BOXES * length;
    embed_cuts(one, &frame, boxes, BOXES, false, expected, expected + BOXES * length);
    must(clreid_embed_boxes(four, &frame, boxes, BOXES, got, got + BOXES * length, &error), &error);
    for (size_t k = 0; k < 2 * BOXES; k++)
      if (memcmp(expected + k * length, got + k * length, length * sizeof *got))
        fail_msg("format %d: box %zu of %d differs from its picture", f, k % BOXES, BOXES);
    for (size_t k = 1; k < BOXES; k++) { /* alone, so that what goes up begins at odd rows and columns, too */
      must(clreid_embed_boxes(one, &frame, &boxes[k], 1, got, NULL, &error), &error);
      assert_memory_equal(expected + k * length, got, length * sizeof *got);
    }
    free(expected);
    free_frame(&frame);
  }
  clreid_session_destroy(one);
  clreid_session_destroy(four);
}

/* Twenty boxes of three frames in passes of eight, one frame twice, one without a box, and two in a mirror. */
static void batches_are_filled_across_frames(void **state)
{
  (void)state;
  enum { FRAMES = 3, LARGEST = 8, COUNT = 6 + 3 + 0 + 3 + 2 + 6, PASSES = (COUNT + LARGEST - 1) / LARGEST };
  clreid_session *one = create(model, 1), *session = create(model, LARGEST);
  clreid_session_info info;
  clreid_session_describe(session, &info);
  clreid_frame frames[FRAMES];
  for (int k = 0; k < FRAMES; k++) {
    frames[k] = make_frame((clreid_format)(2 * k), 321 - k, 243 + k, (size_t)k, 200 + (uint64_t)k);
    make_certain(&frames[k]);
  }
  const clreid_frame_boxes list[] = {{&frames[0], boxes, 6, false}, {&frames[0], boxes + 1, 3, true},
                                     {&frames[2], NULL, 0, false},  {&frames[1], boxes + 4, 3, false},
                                     {&frames[1], boxes, 2, true},  {&frames[2], boxes + 3, 6, false}};
  enum { ENTRIES = sizeof list / sizeof list[0] };
  clreid_error error = {CLREID_OK, ""};
  clreid_map_info map;
  assert_true(clreid_model_map_at(model, 0, &map));
  const size_t numbers = (size_t)map.height * (size_t)map.width, features = COUNT * length;
  float *expected = floats(4 * features), *got = expected + 2 * features;
  float *heat = floats(COUNT * numbers), *maps[16] = {heat};
  size_t at = 0;
  for (size_t e = 0; e < ENTRIES; at += list[e++].count)
    embed_cuts(one, list[e].frame, list[e].boxes, list[e].count, list[e].mirrored, expected + at * length,
               expected + features + at * length);
  assert_int_equal(at, COUNT);
  for (int run = 0; run < 2; run++) { /* the second run finds all room and all tables */
    watch_from_now(321 * 243);        /* the greatest frame of them has so many bytes, the tables of a batch fewer */
    const clreid_status status = clreid_embed_frames(session, list, ENTRIES, got, got + features, maps, &error);
    watch.on = false;
    must(status, &error);
    assert_memory_equal(expected, got, 2 * features * sizeof *got);
    assert_int_equal(watch.launches, PASSES * info.launches);
    assert_int_equal(watch.writes, 2); /* one frame, then two others; the third batch has all it needs */
    if (run == 0) continue;
    assert_int_equal(watch.memory, 0);
    assert_int_equal(watch.buffers, 0);
  }
  uint8_t *rgb = cut_out(&frames[2], (clreid_rectangle){0, 0, 319, 243});
  float *one_heat = floats(numbers), *one_map[16] = {one_heat};
  const clreid_picture whole = {.pixels = rgb, .width = 319, .height = 243};
  must(clreid_embed_maps(one, &whole, 1, NULL, NULL, one_map, &error), &error);
  assert_memory_equal(one_heat, heat + (COUNT - 5) * numbers, numbers * sizeof *heat); /* box 4, cut to the frame */
  free(rgb);
  free(one_heat);
  free(heat);
  free(expected);
  for (int k = 0; k < FRAMES; k++) free_frame(&frames[k]);
  clreid_session_destroy(one);
  clreid_session_destroy(session);
}

/* A hundred boxes in many batches: their frame goes up once, and only as far as they need it. */
static void a_frame_is_uploaded_once(void **state)
{
  (void)state;
  enum { COUNT = 30 };
  clreid_session *session = create(model, 4);
  clreid_frame frame = make_frame(CLREID_FORMAT_BGR, 640, 360, 0, 300);
  clreid_error error = {CLREID_OK, ""};
  clreid_box list[COUNT];
  for (int k = 0; k < COUNT; k++) list[k] = (clreid_box){(float)(300 + k), (float)(100 + 2 * k), 40, (float)(100 + k)};
  float *got = floats(COUNT * length);
  const size_t needed = (size_t)(40 + COUNT - 1) * (size_t)(100 + 3 * (COUNT - 1)) * 3;
  const struct {
    size_t least_bytes;
    long writes;
  } table[] = {{needed, 1}, {needed + 64, 0}};
  for (int i = 0; i < 2; i++) {
    watch_from_now(table[i].least_bytes);
    const clreid_status status = clreid_embed_boxes(session, &frame, list, COUNT, got, NULL, &error);
    watch.on = false;
    must(status, &error);
    assert_int_equal(watch.writes, table[i].writes);
  }
  free(got);
  free_frame(&frame);
  clreid_session_destroy(session);
}

static void the_plain_twin_gives_the_same(void **state)
{
  (void)state;
  enum { FEW = 2 }; /* it is slow */
  char path[512];
  clreid_model *plain;
  clreid_error error = {CLREID_OK, ""};
  folder_file(&files, "han", path);
  must(clreid_model_load(device, path, &(clreid_model_config){.plain_kernels = true}, &plain, &error), &error);
  clreid_session *sessions[2] = {create(model, 1), create(plain, 1)};
  clreid_frame frame = make_frame(CLREID_FORMAT_NV12_BT709, 321, 243, 0, 400);
  float *features = floats(2 * FEW * length);
  for (int s = 0; s < 2; s++)
    must(clreid_embed_boxes(sessions[s], &frame, boxes, FEW, features + (size_t)s * FEW * length, NULL, &error),
         &error);
  assert_memory_equal(features, features + FEW * length, FEW * length * sizeof *features);
  free(features);
  free_frame(&frame);
  for (int s = 0; s < 2; s++) clreid_session_destroy(sessions[s]);
  clreid_model_free(plain);
}

/* ---- What is refused -------------------------------------------------------------------------------------------- */

/* The call fails as told, and the features are as they were. */
static void refuse(clreid_session *session, const clreid_frame_boxes *list, size_t count, clreid_status wanted,
                   const char *says)
{
  clreid_error error = {CLREID_OK, ""};
  float *features = floats(4 * length), *same = floats(4 * length);
  const clreid_status status = clreid_embed_frames(session, list, count, features, NULL, NULL, &error);
  if (status != wanted || !strstr(error.text, says))
    fail_msg("%s, '%s' instead of %s, '%s'", clreid_status_name(status), error.text, clreid_status_name(wanted), says);
  assert_memory_equal(features, same, 4 * length * sizeof *features);
  assert_int_equal(clreid_embed_frames(session, list, count, features, NULL, NULL, NULL), wanted);
  free(features);
  free(same);
}

static void wrong_frames_and_boxes_are_refused(void **state)
{
  (void)state;
  static const clreid_box good[2] = {{0, 0, 5, 5}, {1, 1, 3, 3}}, bad[2] = {{0, 0, 5, 5}, {1, 1, NAN, 3}},
                          empty[2] = {{0, 0, 5, 5}, {20, 1, 4, 4}};
  static const uint8_t bytes[1000];
  const clreid_frame right = {bytes, bytes, 20, 10, 0, 0, CLREID_FORMAT_RGB};
  const struct {
    clreid_frame frame;
    const char *says;
  } table[] = {
      {{NULL, bytes, 20, 10, 0, 0, CLREID_FORMAT_RGB}, "frame 1 has no pixels"},
      {{bytes, NULL, 20, 10, 0, 0, CLREID_FORMAT_NV12_BT601}, "frame 1 has a format of two planes, but no chroma"},
      {{bytes, NULL, 20, 10, 0, 0, CLREID_FORMAT_NV12_BT709}, "no chroma"},
      {{bytes, NULL, 0, 10, 0, 0, CLREID_FORMAT_RGB}, "frame 1 is 0 x 10; each side must be from 1 to 65535"},
      {{bytes, NULL, 20, -1, 0, 0, CLREID_FORMAT_RGB}, "20 x -1"},
      {{bytes, NULL, 65536, 10, 0, 0, CLREID_FORMAT_GREY}, "65536 x 10"},
      {{bytes, NULL, 20, 2147483647, 0, 0, CLREID_FORMAT_GREY}, "20 x 2147483647"},
      {{bytes, NULL, 20, 10, 59, 0, CLREID_FORMAT_RGB},
       "frame 1 has a pitch of 59 bytes, but a row of 20 pixels takes 60"},
      {{bytes, NULL, 20, 10, 79, 0, CLREID_FORMAT_BGRA}, "takes 80"},
      {{bytes, NULL, 20, 10, 19, 0, CLREID_FORMAT_GREY}, "takes 20"},
      {{bytes, bytes, 21, 10, 0, 21, CLREID_FORMAT_NV12_BT601},
       "chroma pitch of 21 bytes, but a row of 21 pixels takes 22"},
      {{bytes, bytes, 20, 10, 0, 0, (clreid_format)FORMATS}, "frame 1 has format 7, but there are 0 to 6"},
      {{bytes, bytes, 20, 10, 0, 0, (clreid_format)-1}, "format -1"},
  };
  clreid_session *session = create(model, 2);
  clreid_frame_boxes list[2] = {{&right, good, 2, false}, {&right, good, 2, false}};
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    list[1].frame = &table[i].frame;
    refuse(session, list, 2, CLREID_INVALID_PICTURE, table[i].says);
  }
  list[1] = (clreid_frame_boxes){&right, bad, 2, false};
  refuse(session, list, 2, CLREID_INVALID_PICTURE, "box 1 of frame 1 is nan x 3 from (1, 1) on");
  list[1].boxes = empty;
  refuse(session, list, 2, CLREID_INVALID_PICTURE, "box 1 of frame 1 is 4 x 4 from (20, 1) on and has no pixel");
  list[1].boxes = NULL;
  refuse(session, list, 2, CLREID_INVALID_ARGUMENT, "frame 1 has no boxes");
  list[1] = (clreid_frame_boxes){NULL, good, 2, false};
  refuse(session, list, 2, CLREID_INVALID_ARGUMENT, "frame 1 has no address");
  refuse(session, NULL, 2, CLREID_INVALID_ARGUMENT, "needs session and frames");

  float *features = floats(4 * length);
  clreid_error error = {CLREID_OK, ""};
  assert_int_equal(clreid_embed_frames(NULL, list, 2, features, NULL, NULL, NULL), CLREID_INVALID_ARGUMENT);
  assert_int_equal(clreid_embed_boxes(NULL, &right, good, 2, features, NULL, NULL), CLREID_INVALID_ARGUMENT);
  assert_int_equal(clreid_embed_boxes(session, NULL, good, 2, features, NULL, NULL), CLREID_INVALID_ARGUMENT);
  assert_int_equal(clreid_embed_boxes(session, &right, NULL, 2, features, NULL, NULL), CLREID_INVALID_ARGUMENT);
  assert_int_equal(clreid_embed_boxes(session, &right, empty, 2, features, NULL, &error), CLREID_INVALID_PICTURE);
  assert_non_null(strstr(error.text, "box 1 of frame 0"));
  error.status = CLREID_OK;
  must(clreid_embed_boxes(session, &right, NULL, 0, NULL, NULL, &error), &error);
  must(clreid_embed_frames(session, NULL, 0, NULL, NULL, NULL, &error), &error);
  must(clreid_embed_boxes(session, &right, good, 2, features, NULL, &error), &error);
  free(features);
  clreid_session_destroy(session);
}

#define IN_BANDS(test)  ((struct CMUnitTest){#test " in bands", test, in_bands, in_own_type, NULL})
#define IN_PIXELS(test) ((struct CMUnitTest){#test " in pixels", test, in_pixels, in_own_type, NULL})

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      IN_BANDS(every_colour),
      IN_PIXELS(every_colour),
      IN_BANDS(boxes_of_every_format),
      IN_PIXELS(boxes_of_every_format),
      IN_BANDS(a_frame_stays_for_the_next_run),
      IN_PIXELS(a_frame_stays_for_the_next_run),
      IN_BANDS(nothing_behind_a_buffer_is_read),
      IN_PIXELS(nothing_behind_a_buffer_is_read),
      cmocka_unit_test(a_frame_that_leaves_its_buffer_is_refused),
      cmocka_unit_test(corners_are_rounded_and_cut),
      cmocka_unit_test(a_batch_takes_no_more_than_it_may),
      cmocka_unit_test(the_bits_are_those_of_pictures),
      cmocka_unit_test(batches_are_filled_across_frames),
      cmocka_unit_test(a_frame_is_uploaded_once),
      cmocka_unit_test(the_plain_twin_gives_the_same),
      cmocka_unit_test(wrong_frames_and_boxes_are_refused),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, open_all, close_all);
}
