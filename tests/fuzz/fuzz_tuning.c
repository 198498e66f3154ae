/*
 * fuzz_tuning.c - host/tuning.c: loads the bytes as the user's tuning.rows, keeps a row, and resets. Rows that were
 * read are written and read as the same; what stands in the file for other devices is still there afterwards.
 */
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "fuzz.h"
#include "source.h"
#include "tuning.h"
#include "written.h"

enum { MOST_LINE = 1024 };

clreid_status __wrap_cr_source_read(const char *folder, const char *file, char **text, clreid_error *error);

/* The rows of the user alone: those that are shipped are always the same. */
clreid_status __wrap_cr_source_read(const char *folder, const char *file, char **text, clreid_error *error)
{
  (void)folder;
  (void)file;
  (void)text;
  return cr_fail(error, CLREID_INVALID_FILE, "no rows are shipped");
}

static int complaints;

static void hear(void *user, const char *line)
{
  (void)user;
  complaints++;
  fuzz_expect(*line && !strchr(line, '\n'), "what is logged is a line");
}

static const cr_tiled_shape shapes[] = {
    {CR_TILED_CONV, 64, 64, 64, 9, 1, false},
    {CR_TILED_GEMM, 1, 512, 2048, 1, 1, true},
    {CR_TILED_WINOGRAD, 4096, 128, 128, 36, 1, false},
};

static void open_device(cr_device *device)
{
  static char folder[] = "tuning";
  device->tuning_folder = folder;
  device->log = (cr_log){hear, NULL};
  device->mutex = cr_mutex_create();
  device->facts = (cr_facts){.type = CR_DEVICE_CPU,
                             .platform = "P",
                             .name = "a \"device\"",
                             .driver = "1",
                             .compute_units = 8,
                             .float_vector_width = 8,
                             .largest_work_group = 4096};
}

static void write_and_read(const cr_tuned *row)
{
  char line[MOST_LINE], again[MOST_LINE];
  cr_tuned read;
  const int length = cr_tuned_write(row, line, sizeof line);
  fuzz_expect(length > 0 && length < MOST_LINE, "a row that was read fits a line");
  if (!row->kernels) return; /* of attention alone: without effect */
  fuzz_expect(!cr_tuned_read(line, (size_t)length, &read), "a row that was written can be read");
  cr_tuned_write(&read, again, sizeof again);
  fuzz_expect(!strcmp(line, again), "a row that was written is read as the same");
}

static bool contains(const uint8_t *text, size_t size, const char *line, size_t length)
{
  for (size_t at = 0; at < size;) {
    const uint8_t *end = memchr(text + at, '\n', size - at);
    const size_t here = end ? (size_t)(end - text) - at : size - at;
    if (here == length && !memcmp(text + at, line, length)) return true;
    at += here + 1;
  }
  return false;
}

/* Every good line of the old text that is not bound to the device of `ours` stands in the new one. */
static void lines_stay(const uint8_t *old, size_t old_size, const uint8_t *text, size_t size, const cr_tuned *ours)
{
  for (size_t at = 0; at < old_size;) {
    const char *line = (const char *)old + at;
    const char *end = memchr(line, '\n', old_size - at);
    const size_t length = end ? (size_t)(end - line) : old_size - at;
    cr_tuned row;
    if (!cr_tuned_read(line, length, &row) &&
        (strcmp(row.text[0], ours->text[0]) || strcmp(row.text[1], ours->text[1])))
      fuzz_expect(contains(text, size, line, length), "the rows of others stay");
    at += length + 1;
  }
}

static void keep_and_reset(cr_device *device, const uint8_t *data, size_t size)
{
  const cr_tile tile = {.rows = 4, .vectors = 1, .vector = 8, .local_rows = 1, .local_columns = 1};
  const cr_tuned ours = cr_tuned_make(&device->facts, &shapes[0], &tile);
  clreid_error error = {CLREID_OK, ""};
  fuzz_expect(cr_tuning_keep(device, &ours, &error) == CLREID_OK, "a row can be kept");
  size_t written_size;
  const uint8_t *written = fuzz_written(&written_size);
  char line[MOST_LINE];
  fuzz_expect(contains(written, written_size, line, (size_t)cr_tuned_write(&ours, line, sizeof line)),
              "it is in the file");
  lines_stay(data, size, written, written_size, &ours);
  cr_tile found = {0};
  fuzz_expect(cr_tuning_find(device, &shapes[0], &found) && cr_tile_same(&found, &tile), "what was kept comes first");
  size_t dropped = 0;
  fuzz_expect(cr_tuning_reset(device, &dropped, &error) == CLREID_OK, "rows can be reset");
  written = fuzz_written(&written_size);
  lines_stay(data, size, written, written_size, &ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static cr_device device;
  if (!device.mutex) open_device(&device);
  complaints = 0;
  fuzz_set_mapped(data, size);
  cr_tuning_load(&device);
  const size_t loaded = device.tuned_count;
  cr_tuned row;
  for (size_t i = 0; cr_tuning_at(&device, i, &row); i++) write_and_read(&row);
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    cr_tile tile = {0};
    if (cr_tuning_find(&device, &shapes[i], &tile))
      fuzz_expect(cr_tile_valid(&tile, &device.facts) && cr_tile_fits(&tile, &shapes[i]), "a tile that is found fits");
  }
  keep_and_reset(&device, data, size);
  cr_tuning_free(&device);
  fuzz_forget_written();
  fuzz_taken += loaded > 0;
  fuzz_refused += complaints > 0;
  return 0;
}
