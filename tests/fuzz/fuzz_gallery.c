/*
 * fuzz_gallery.c - lib/gallery_file.c: loads the bytes as a gallery, reads it, saves it and loads what was saved.
 * Without a device (no_device.c), and in small blocks, so that a small file fills several.
 */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "device.h"
#include "fuzz.h"
#include "gallery.h"
#include "written.h"

const char *const fuzz_tensors[] = {"features", "ids", "labels", "times", NULL};

clreid_status __wrap_clreid_gallery_create(clreid_device *device, const clreid_gallery_config *config,
                                           clreid_gallery **gallery, clreid_error *error);

clreid_status __wrap_clreid_gallery_create(clreid_device *device, const clreid_gallery_config *config,
                                           clreid_gallery **gallery, clreid_error *error)
{
  return cr_gallery_create(device, config, CR_PANEL, gallery, error);
}

/* All that is in a gallery of `count` features of length `length`. */
typedef struct contents {
  size_t count, length;
  float *features;
  int64_t *ids, *labels, *times;
} contents;

static contents read_all(clreid_gallery *gallery)
{
  clreid_gallery_info info;
  clreid_gallery_describe(gallery, &info);
  contents all = {.count = info.count, .length = (size_t)info.feature_length};
  all.features = calloc(all.count * all.length + 1, sizeof *all.features);
  all.ids = calloc(all.count + 1, sizeof *all.ids);
  all.labels = calloc(all.count + 1, sizeof *all.labels);
  all.times = calloc(all.count + 1, sizeof *all.times);
  fuzz_expect(all.features && all.ids && all.labels && all.times, "there is memory for what was read");
  clreid_error error = {CLREID_OK, ""};
  fuzz_expect(clreid_gallery_read(gallery, 0, all.count, all.features, all.ids, all.labels, all.times, &error) ==
                  CLREID_OK,
              "what was loaded can be read");
  for (size_t i = 1; i < all.count; i++) fuzz_expect(all.ids[i - 1] < all.ids[i], "ids ascend");
  fuzz_expect(!all.count || (all.ids[0] >= 0 && all.ids[all.count - 1] < info.next_id), "ids lie below the next");
  return all;
}

static void free_contents(contents *all)
{
  free(all->features);
  free(all->ids);
  free(all->labels);
  free(all->times);
}

static void expect_same(const contents *a, const contents *b)
{
  fuzz_expect(a->count == b->count && a->length == b->length, "a gallery is saved with its size");
  fuzz_expect(!memcmp(a->features, b->features, a->count * a->length * sizeof *a->features), "... its features");
  fuzz_expect(!memcmp(a->ids, b->ids, a->count * sizeof *a->ids), "... its ids");
  fuzz_expect(!memcmp(a->labels, b->labels, a->count * sizeof *a->labels), "... its labels");
  fuzz_expect(!memcmp(a->times, b->times, a->count * sizeof *a->times), "... its times");
}

static void save_and_load(clreid_device *device, clreid_gallery *gallery, const contents *before)
{
  clreid_error error = {CLREID_OK, ""};
  fuzz_expect(clreid_gallery_save(gallery, "saved", &error) == CLREID_OK, "what was loaded can be saved");
  size_t size;
  const uint8_t *saved = fuzz_written(&size);
  fuzz_set_mapped(saved, size);
  clreid_gallery *again = NULL;
  fuzz_expect(clreid_gallery_load(device, "saved", &again, &error) == CLREID_OK, "what was saved can be loaded");
  contents after = read_all(again);
  expect_same(before, &after);
  free_contents(&after);
  clreid_gallery_destroy(again);
  fuzz_forget_written();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static cr_device inner;
  static clreid_device device = {&inner};
  if (!inner.mutex) inner = (cr_device){.mutex = cr_mutex_create(), .building = cr_mutex_create(), .references = 1};
  clreid_gallery *gallery = NULL;
  clreid_error error = {CLREID_OK, ""};
  fuzz_set_mapped(data, size);
  const clreid_status status = clreid_gallery_load(&device, "gallery", &gallery, &error);
  fuzz_judge(status, &error);
  fuzz_expect((status == CLREID_OK) == (gallery != NULL), "there is a gallery if it was loaded");
  fuzz_expect(status == CLREID_OK || status == CLREID_INVALID_FILE, "a file is refused as such");
  if (!gallery) return 0;
  contents all = read_all(gallery);
  save_and_load(&device, gallery, &all);
  free_contents(&all);
  clreid_gallery_destroy(gallery);
  return 0;
}
