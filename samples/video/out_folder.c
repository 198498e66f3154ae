/*
 * out_folder.c - see out_folder.h.
 */
#include "out_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"
#include "output.h"

char *folder_path(const char *folder, const char *name, const char *ending)
{
  const size_t room = strlen(folder) + strlen(name) + strlen(ending) + 2;
  char *path = malloc(room);
  if (path) snprintf(path, room, "%s/%s%s", folder, name, ending);
  return path;
}

static clreid_status make_folder(const char *folder, clreid_error *error)
{
  struct stat facts;
  const char *reason = NULL;
  if (mkdir(folder, 0777) == 0) return CLREID_OK;
  if (stat(folder, &facts) != 0) {
    reason = errno == ENOENT ? "the folder that it would be in does not exist, make it first" : strerror(errno);
  } else if (!S_ISDIR(facts.st_mode)) {
    reason = "it is not a folder";
  } else if (access(folder, W_OK | X_OK) != 0) {
    reason = strerror(errno);
  }
  if (!reason) return CLREID_OK;
  return console_fail(error, CLREID_INVALID_FILE, "cannot write results into '%s': %s", folder, reason);
}

/* Neither can be written, nor is any of the inputs. */
static clreid_status check_path(const char *path, const camera *cameras, size_t count, const char *weights,
                                clreid_error *error)
{
  clreid_status status = output_check(path, error);
  if (status == CLREID_OK) status = output_check_input(path, weights, error);
  for (size_t c = 0; c < count && status == CLREID_OK; ++c) {
    const camera_files *files = &cameras[c].files;
    status = output_check_input(path, files->video, error);
    if (status == CLREID_OK) status = output_check_input(path, files->boxes, error);
    if (status == CLREID_OK && files->truth) status = output_check_input(path, files->truth, error);
  }
  return status;
}

static clreid_status check_name(const char *folder, const char *name, const char *ending, const camera *cameras,
                                size_t count, const char *weights, clreid_error *error)
{
  char *path = folder_path(folder, name, ending);
  if (!path) return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for a path in '%s'", folder);
  const clreid_status status = check_path(path, cameras, count, weights, error);
  free(path);
  return status;
}

clreid_status folder_prepare(const char *folder, const camera *cameras, size_t count, const char *weights,
                             clreid_error *error)
{
  static const char *const endings[] = {".npy", ".txt", ".mp4"}, *const pictures[] = {"identities", "still"};
  clreid_status status = make_folder(folder, error);
  for (size_t i = 0; i < sizeof pictures / sizeof *pictures && status == CLREID_OK; ++i) {
    status = check_name(folder, pictures[i], ".png", cameras, count, weights, error);
  }
  for (size_t i = 0; i < count * sizeof endings / sizeof *endings && status == CLREID_OK; ++i) {
    status = check_name(folder, cameras[i % count].name, endings[i / count], cameras, count, weights, error);
  }
  return status;
}
