/* embed.c - libclreid in 40 lines: embed WEIGHTS PICTURE.ppm prints the embedding of a picture, a number a line. A PPM
 * (P6) is 8-bit RGB behind a line of numbers: `convert YOURS.jpg PICTURE.ppm` and many others write it. */
#include <clreid/clreid.h>
#include <stdio.h>
#include <stdlib.h>

static uint8_t *read_ppm(const char *path, clreid_picture *picture)
{
  FILE *file = fopen(path, "rb");
  uint8_t *pixels = NULL;
  if (file && fscanf(file, "P6 %d %d 255", &picture->width, &picture->height) == 2 && fgetc(file) != EOF &&
      picture->width > 0 && picture->width < 32768 && picture->height > 0 && picture->height < 32768) {
    const size_t row_bytes = 3 * (size_t)picture->width, height = (size_t)picture->height;
    pixels = malloc(height * row_bytes);
    if (pixels && fread(pixels, row_bytes, height, file) == height) picture->pixels = pixels;
  }
  if (file) fclose(file);
  return pixels;
}

int main(int argc, char **argv)
{
  clreid_error error = {CLREID_INVALID_ARGUMENT, "usage: embed WEIGHTS PICTURE.ppm; the picture is a PPM (P6, 255)"};
  clreid_device *device = NULL;
  clreid_model *model = NULL;
  clreid_session *session = NULL;
  clreid_model_info info = {0};
  clreid_picture picture = {0};
  uint8_t *pixels = argc == 3 ? read_ppm(argv[2], &picture) : NULL;
  bool done = picture.pixels && !clreid_device_open(NULL, &device, &error) &&
              !clreid_model_load(device, argv[1], NULL, &model, &error) &&
              !clreid_session_create(model, NULL, &session, &error);
  if (done) clreid_model_describe(model, &info);
  float *features = calloc((size_t)info.feature_length + 1, sizeof *features);
  done = done && features && !clreid_embed(session, &picture, 1, features, NULL, &error);
  for (int i = 0; done && i < info.feature_length; i++) printf("%.9g\n", features[i]);
  if (!done) fprintf(stderr, "embed: %s\n", error.text);
  clreid_session_destroy(session), clreid_model_free(model), clreid_device_close(device);
  return free(features), free(pixels), !done;
}
