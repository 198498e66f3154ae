/*
 * embed_picture.c - the library in an application of sixty lines: two pictures in, the cosine of their features out.
 *
 *     embed_picture WEIGHTS PICTURE PICTURE
 *
 * Pictures are binary PPM files here, which need no decoder; an application brings pixels from where it has them.
 */
#include <clreid/clreid.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Reads a binary PPM file of 8 bits; the pixels are for free(). */
static clreid_picture read_ppm(const char *path)
{
  clreid_picture picture = {0};
  FILE *file = fopen(path, "rb");
  int width = 0, height = 0;
  if (file && fscanf(file, "P6 %5d %5d 255", &width, &height) == 2 && fgetc(file) != EOF && width > 0 && height > 0) {
    const size_t bytes = (size_t)width * (size_t)height * 3;
    uint8_t *pixels = malloc(bytes);
    if (pixels && fread(pixels, 1, bytes, file) == bytes) {
      picture = (clreid_picture){.pixels = pixels, .width = width, .height = height};
    } else {
      free(pixels);
    }
  }
  if (file) fclose(file);
  return picture;
}

static double cosine(const float *a, const float *b, int length)
{
  double ab = 0, aa = 0, bb = 0;
  for (int i = 0; i < length; ++i) {
    ab += (double)a[i] * b[i];
    aa += (double)a[i] * a[i];
    bb += (double)b[i] * b[i];
  }
  return ab / sqrt(aa * bb);
}

/* Every step may fail and says why; what was made is given back in any order, NULL or not. */
static clreid_status compare(const char *weights, const clreid_picture pictures[2], double *likeness,
                             clreid_error *error)
{
  clreid_device *device = NULL;
  clreid_model *model = NULL;
  clreid_session *session = NULL;
  float *features = NULL;
  clreid_model_info info = {0};

  clreid_status status = clreid_device_open(NULL, &device, error); /* the default device */
  if (status == CLREID_OK) status = clreid_model_load(device, weights, NULL, &model, error);
  if (status == CLREID_OK)
    status = clreid_session_create(model, &(clreid_session_config){.largest_batch = 2}, &session, error);
  if (status == CLREID_OK) {
    clreid_model_describe(model, &info);
    features = calloc(2 * (size_t)info.feature_length, sizeof *features);
    status = clreid_embed(session, pictures, 2, features, NULL, error);
  }
  if (status == CLREID_OK) *likeness = cosine(features, features + info.feature_length, info.feature_length);

  free(features);
  clreid_session_destroy(session);
  clreid_model_free(model);
  clreid_device_close(device);
  return status;
}

int main(int argc, char **argv)
{
  if (argc != 4) {
    fprintf(stderr, "usage: embed_picture WEIGHTS.safetensors PICTURE.ppm PICTURE.ppm\n");
    return 2;
  }
  const clreid_picture pictures[2] = {read_ppm(argv[2]), read_ppm(argv[3])};
  double likeness;
  clreid_error error;
  const clreid_status status = compare(argv[1], pictures, &likeness, &error);
  if (status == CLREID_OK) {
    printf("%.4f\n", likeness);
  } else {
    fprintf(stderr, "%s: %s\n", clreid_status_name(status), error.text);
  }
  free((void *)pictures[0].pixels);
  free((void *)pictures[1].pixels);
  return status == CLREID_OK ? 0 : 1;
}
