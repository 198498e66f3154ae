/*
 * app.c - libclreid in an application: the cosine distance of two pictures. The pictures here are made on the spot;
 * yours come from a decoder or a camera, as 8-bit RGB of any size.
 */
#include <clreid/clreid.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double cosine_distance(const float *a, const float *b, int length)
{
  double ab = 0, aa = 0, bb = 0;
  for (int i = 0; i < length; i++) {
    ab += (double)a[i] * b[i];
    aa += (double)a[i] * a[i];
    bb += (double)b[i] * b[i];
  }
  return 1 - ab / sqrt(aa * bb);
}

int main(int argc, char **argv)
{
  enum { WIDTH = 64, HEIGHT = 160 };
  static uint8_t first[HEIGHT][WIDTH][3], second[HEIGHT][WIDTH][3];
  for (int y = 0; y < HEIGHT; y++) {
    for (int x = 0; x < WIDTH; x++) first[y][x][0] = second[y][x][y > HEIGHT / 2] = (uint8_t)(3 * x);
  }
  const clreid_picture pictures[2] = {{&first[0][0][0], WIDTH, HEIGHT, 0, false},
                                      {&second[0][0][0], WIDTH, HEIGHT, 0, false}};

  clreid_device *device = NULL;
  clreid_model *model = NULL;
  clreid_session *session = NULL;
  clreid_session_config batches = {.largest_batch = 2};
  clreid_model_info info = {0};
  clreid_error error = {CLREID_OK, ""};
  float *features = NULL;
  if (clreid_device_open(NULL, &device, &error) == CLREID_OK &&
      clreid_model_load(device, argc > 1 ? argv[1] : "", NULL, &model, &error) == CLREID_OK &&
      clreid_session_create(model, &batches, &session, &error) == CLREID_OK) {
    clreid_model_describe(model, &info);
    features = calloc(2 * (size_t)info.feature_length, sizeof *features);
    if (features && clreid_embed(session, pictures, 2, features, NULL, &error) == CLREID_OK) {
      printf("%s: distance %f\n", info.network,
             cosine_distance(features, features + info.feature_length, info.feature_length));
    }
  }
  if (error.status) fprintf(stderr, "app: %s\n", error.text);

  free(features);
  clreid_session_destroy(session);
  clreid_model_free(model);
  clreid_device_close(device);
  return error.status != CLREID_OK;
}
