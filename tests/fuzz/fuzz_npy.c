/*
 * fuzz_npy.c - samples/common/npy.c: opens the bytes as a feature file and reads its first and last rows.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "npy.h"

static void read_row(const npy *file, uint64_t row)
{
  clreid_error error = {CLREID_OK, ""};
  float *values = malloc((size_t)file->columns * sizeof *values);
  fuzz_expect(values, "there is memory for a row");
  fuzz_expect(npy_read(file, row, 1, values, &error) == CLREID_OK, "a row that is there can be read");
  fuzz_touch(values, (size_t)file->columns * sizeof *values);
  free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  npy file;
  clreid_error error = {CLREID_OK, ""};
  const clreid_status status = npy_open(fuzz_file(data, size), &file, &error);
  fuzz_judge(status, &error);
  if (status != CLREID_OK) return 0;
  fuzz_expect(file.rows && file.columns && file.columns <= size / 4 && file.rows <= size / 4 / file.columns,
              "there are no more numbers than bytes for them");
  read_row(&file, 0);
  read_row(&file, file.rows - 1);
  npy_close(&file);
  return 0;
}
