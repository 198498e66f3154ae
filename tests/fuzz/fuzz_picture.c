/*
 * fuzz_picture.c - samples/common/picture.c, and stb_image as it is built there: reads the bytes as a JPEG, PNG or BMP.
 */
#include "fuzz.h"
#include "picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  picture read;
  clreid_error error = {CLREID_OK, ""};
  const clreid_status status = picture_read(fuzz_file(data, size), &read, &error);
  fuzz_judge(status, &error);
  fuzz_expect((status == CLREID_OK) == (read.pixels != NULL), "there are pixels if the picture was read");
  if (status != CLREID_OK) return 0;
  fuzz_expect(read.width >= 1 && read.height >= 1 && read.width <= PICTURE_LARGEST_SIDE &&
                  read.height <= PICTURE_LARGEST_SIDE && read.width <= PICTURE_LARGEST_PIXELS / read.height,
              "its size is within the limits");
  fuzz_touch(read.pixels, (size_t)read.width * (size_t)read.height * 3);
  picture_free(&read);
  return 0;
}
