/*
 * fuzz_labels.c - samples/common/labels.c, and lines.c under it: reads the bytes as a label file, for as many features
 * as it has lines, and for one fewer.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "labels.h"

static void read_labels(const uint8_t *data, size_t size, uint64_t count)
{
  clreid_error error = {CLREID_OK, ""};
  clreid_label *labels = malloc((size_t)count * sizeof *labels + 1);
  fuzz_expect(labels, "there is memory for labels");
  const clreid_status status = labels_read(fuzz_file(data, size), "features.npy", count, labels, &error);
  fuzz_judge(status, &error);
  if (status == CLREID_OK) fuzz_touch(labels, (size_t)count * sizeof *labels);
  free(labels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  uint64_t ends = 0;
  for (size_t i = 0; i < size; i++) ends += data[i] == '\n';
  read_labels(data, size, ends);
  if (ends) read_labels(data, size, ends - 1);
  return 0;
}
