/*
 * masks.c - see masks.h.
 */
#include "masks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"
#include "npy.h"
#include "output.h"
#include "overlay.h"
#include "stretch.h"

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

enum { LEAST_HEIGHT = 256 }; /* of a drawing: the network's size, a whole number of times */

struct masks {
  const char *folder;
  size_t count;
  clreid_map_info *maps; /* [count] */
  float **room;          /* [count]: float[most][height][width] each */
  int height, width;     /* of a drawing */
};

clreid_status masks_check_folder(const char *folder, clreid_error *error)
{
  struct stat facts;
  const char *reason = NULL;
  if (stat(folder, &facts) != 0) {
    reason = errno == ENOENT ? "it does not exist, make it first" : strerror(errno);
  } else if (!S_ISDIR(facts.st_mode)) {
    reason = "it is not a folder";
  } else if (access(folder, W_OK | X_OK) != 0) {
    reason = strerror(errno);
  }
  if (!reason) return CLREID_OK;
  return console_fail(error, CLREID_INVALID_FILE, "cannot write masks into '%s': %s", folder, reason);
}

static clreid_status no_memory(clreid_error *error)
{
  return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for the maps of a batch: make --batch smaller");
}

static size_t numbers(const clreid_map_info *map)
{
  return (size_t)map->height * (size_t)map->width;
}

static clreid_status allocate(masks *made, const clreid_model *model, size_t most, clreid_error *error)
{
  for (clreid_map_info info; clreid_model_map_at(model, made->count, &info);) ++made->count;
  made->maps = calloc(made->count + 1, sizeof *made->maps);
  made->room = calloc(made->count + 1, sizeof *made->room);
  if (!made->maps || !made->room) return no_memory(error);
  for (size_t i = 0; i < made->count; ++i) {
    clreid_model_map_at(model, i, &made->maps[i]);
    made->room[i] = calloc(most * numbers(&made->maps[i]), sizeof *made->room[i]);
    if (!made->room[i]) return no_memory(error);
  }
  return CLREID_OK;
}

clreid_status masks_create(const char *folder, const clreid_model *model, size_t most, masks **result,
                           clreid_error *error)
{
  masks *made = calloc(1, sizeof *made);
  if (!made) return no_memory(error);
  clreid_model_info info;
  clreid_model_describe(model, &info);
  const int times = (LEAST_HEIGHT + info.height - 1) / info.height;
  made->folder = folder;
  made->height = info.height * times;
  made->width = info.width * times;
  const clreid_status status = allocate(made, model, most, error);
  if (status == CLREID_OK) {
    *result = made;
  } else {
    masks_destroy(made);
  }
  return status;
}

void masks_destroy(masks *made)
{
  if (!made) return;
  for (size_t i = 0; made->room && i < made->count; ++i) free(made->room[i]);
  free(made->room);
  free(made->maps);
  free(made);
}

size_t masks_count(const masks *made)
{
  return made->count;
}

const char *masks_name(const masks *made, size_t map)
{
  return made->maps[map].name;
}

float *const *masks_room(const masks *made)
{
  return made->room;
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* FOLDER/INDEX.NAME.TYPE, to be filled. */
static clreid_status create_file(const masks *made, size_t index, const char *name, const char *type, output **file,
                                 clreid_error *error)
{
  const size_t room = strlen(made->folder) + strlen(name) + strlen(type) + 32;
  char *path = malloc(room);
  if (!path) return no_memory(error);
  snprintf(path, room, "%s/%05zu.%s.%s", made->folder, index, name, type);
  const clreid_status status = output_create(path, file, error);
  free(path);
  return status;
}

static clreid_status finish_file(output *file, clreid_status status, clreid_error *error)
{
  if (status == CLREID_OK) return output_commit(file, error);
  output_abandon(file);
  return status;
}

static clreid_status write_numbers(const masks *made, size_t index, const clreid_map_info *map, const float *values,
                                   clreid_error *error)
{
  char header[NPY_HEADER_BYTES];
  output *file;
  clreid_status status = create_file(made, index, map->name, "npy", &file, error);
  if (status != CLREID_OK) return status;
  status = output_write(file, header, npy_header((uint64_t)map->height, (uint64_t)map->width, header), error);
  if (status == CLREID_OK) status = output_write(file, values, numbers(map) * sizeof *values, error);
  return finish_file(file, status, error);
}

static void draw(const masks *made, const clreid_map_info *map, const float *values, uint8_t *canvas)
{
  switch (map->kind) {
  case CLREID_MAP_HEAT:
    overlay_heat(canvas, made->height, made->width, values, map->height, map->width);
    break;
  case CLREID_MAP_REGIONS:
    overlay_boxes(canvas, made->height, made->width, values, map->height, map->region_height, map->region_width);
    break;
  }
}

static clreid_status write_drawing(const masks *made, size_t index, const char *name, const uint8_t *canvas,
                                   clreid_error *error)
{
  int size;
  unsigned char *png = stbi_write_png_to_mem(canvas, 0, made->width, made->height, 3, &size);
  if (!png) return no_memory(error);
  output *file;
  clreid_status status = create_file(made, index, name, "png", &file, error);
  if (status == CLREID_OK) status = finish_file(file, output_write(file, png, (size_t)size, error), error);
  STBIW_FREE(png);
  return status;
}

clreid_status masks_write(const masks *made, size_t place, size_t index, const picture *shown, clreid_error *error)
{
  const size_t bytes = (size_t)made->height * (size_t)made->width * 3;
  uint8_t *plain = stretch_picture(shown, made->height, made->width), *canvas = malloc(bytes);
  clreid_status status = plain && canvas ? CLREID_OK : no_memory(error);
  for (size_t i = 0; i < made->count && status == CLREID_OK; ++i) {
    const clreid_map_info *map = &made->maps[i];
    const float *values = made->room[i] + place * numbers(map);
    memcpy(canvas, plain, bytes);
    draw(made, map, values, canvas);
    status = write_numbers(made, index, map, values, error);
    if (status == CLREID_OK) status = write_drawing(made, index, map->name, canvas, error);
  }
  free(plain);
  free(canvas);
  return status;
}
