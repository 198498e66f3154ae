/*
 * clreid_street.c - the program: footage of a drawn street seen by two cameras, with the truth about it; or crops of
 * persons and vehicles from many such streets.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"
#include "crops.h"
#include "footage.h"
#include "interrupt.h"
#include "options.h"
#include "program.h"
#include "street.h"

const char program_name[] = "clreid-street";

enum { MOST_IDENTITIES = 99999, SECONDS = 40, STREETS = 1, VIEWS = 8 };

typedef struct settings {
  const char *out, *crops;
  uint64_t seed, persons, vehicles;
  uint64_t seconds, streets, views; /* 0: not given */
} settings;

/* Makes the folder if need be; its parent must be there. */
static clreid_status make_folder(const char *path, clreid_error *error)
{
  struct stat facts;
  if (mkdir(path, 0777) != 0 && errno != EEXIST) {
    return console_fail(error, CLREID_INVALID_FILE, "%s: cannot make the folder: %s", path, strerror(errno));
  }
  if (stat(path, &facts) == 0 && !S_ISDIR(facts.st_mode)) {
    return console_fail(error, CLREID_INVALID_FILE, "%s: not a folder; name one, or a path that is free", path);
  }
  if (access(path, W_OK | X_OK) != 0) {
    return console_fail(error, CLREID_INVALID_FILE, "%s: cannot write into the folder: %s", path, strerror(errno));
  }
  return CLREID_OK;
}

/* Crops of two runs would share names and numbers. */
static clreid_status check_no_crops(const char *folder, clreid_error *error)
{
  DIR *open = opendir(folder);
  bool holds = false;
  for (const struct dirent *entry; open && !holds && (entry = readdir(open)) != NULL;) {
    const size_t length = strlen(entry->d_name);
    holds = length > 4 && strcmp(entry->d_name + length - 4, ".png") == 0;
  }
  if (open) closedir(open);
  if (!holds) return CLREID_OK;
  return console_fail(error, CLREID_INVALID_FILE,
                      "%s: holds pictures already, and persons of two runs have the same numbers; name another folder",
                      folder);
}

static uint64_t or_default(uint64_t given, uint64_t otherwise)
{
  return given ? given : otherwise;
}

static clreid_status film(const settings *given, clreid_error *error)
{
#if CLREID_VIDEO
  const footage_config config = {given->out, given->seed, (int)or_default(given->seconds, SECONDS), (int)given->persons,
                                 (int)given->vehicles};
  const clreid_status status = make_folder(given->out, error);
  return status == CLREID_OK ? footage_write(&config, error) : status;
#else
  return console_fail(error, CLREID_INVALID_ARGUMENT,
                      "--out %s: this clreid-street writes no videos; build it with -DCLREID_VIDEO=ON", given->out);
#endif
}

static clreid_status cut(const settings *given, clreid_error *error)
{
  const crops_config config = {given->crops,        given->seed,          (int)or_default(given->streets, STREETS),
                               (int)given->persons, (int)given->vehicles, (int)or_default(given->views, VIEWS)};
  uint64_t written = 0;
  clreid_status status = make_folder(given->crops, error);
  if (status == CLREID_OK) status = check_no_crops(given->crops, error);
  if (status == CLREID_OK) status = crops_write(&config, &written, error);
  if (status == CLREID_OK) printf("%" PRIu64 " crops\n", written);
  return status;
}

static int run(const settings *given)
{
  clreid_error error;
  if (!given->out == !given->crops) {
    console_complain(given->out ? "--out and --crops exclude each other: videos of one street, or crops of many"
                                : "nothing to do; --out FOLDER makes videos, --crops FOLDER makes crops");
    return PROGRAM_USAGE;
  }
  if (given->out ? given->streets || given->views : given->seconds != 0) {
    console_complain(given->out ? "--streets and --views are for --crops: --out films one street"
                                : "--seconds is for --out: --crops lasts until all have passed");
    return PROGRAM_USAGE;
  }
  if (given->persons + given->vehicles == 0) {
    console_complain("--persons 0 --vehicles 0: nobody is in the street; give at least one of both");
    return PROGRAM_USAGE;
  }
  const uint64_t identities = or_default(given->streets, STREETS) * (given->persons + given->vehicles);
  if (given->crops && identities > MOST_IDENTITIES) {
    console_complain("--streets, --persons, --vehicles: %" PRIu64 " identities; names have five digits, for %d at most",
                     identities, MOST_IDENTITIES);
    return PROGRAM_USAGE;
  }
  interrupt_start();
  const clreid_status status = given->out ? film(given, &error) : cut(given, &error);
  return status == CLREID_OK ? PROGRAM_DONE : console_error(&error);
}

int main(int argc, char **argv)
{
  settings given = {.seed = 4, .persons = 24, .vehicles = 8};
  const options_row rows[] = {
      {.name = "out",
       .kind = OPTIONS_TEXT,
       .value = &given.out,
       .argument = "FOLDER",
       .help = "write camera1.mp4 and camera2.mp4, and for each .gt.txt (truth) and .det.txt (boxes)"},
      {.name = "crops",
       .kind = OPTIONS_TEXT,
       .value = &given.crops,
       .argument = "FOLDER",
       .help = "write crops named as in Market-1501 instead, to train or test a network"},
      {.name = "seed",
       .kind = OPTIONS_NUMBER,
       .value = &given.seed,
       .argument = "N",
       .most = UINT64_MAX,
       .help = "another number, another street (default 4)"},
      {.name = "persons",
       .kind = OPTIONS_NUMBER,
       .value = &given.persons,
       .argument = "N",
       .most = 1000,
       .help = "who walk in a street (default 24)"},
      {.name = "vehicles",
       .kind = OPTIONS_NUMBER,
       .value = &given.vehicles,
       .argument = "N",
       .most = 1000,
       .help = "that drive in a street (default 8)"},
      {.name = "seconds",
       .kind = OPTIONS_NUMBER,
       .value = &given.seconds,
       .argument = "N",
       .least = 1,
       .most = 3600,
       .help = "of footage, at 12.5 frames a second (default 40)"},
      {.name = "streets",
       .kind = OPTIONS_NUMBER,
       .value = &given.streets,
       .argument = "N",
       .least = 1,
       .most = 499,
       .help = "of which crops are cut (default 1)"},
      {.name = "views",
       .kind = OPTIONS_NUMBER,
       .value = &given.views,
       .argument = "N",
       .least = 1,
       .most = 99,
       .help = "crops of an identity and camera, at most (default 8)"},
  };
  const options_table table = {.summary = "Draws a street seen by two cameras: videos whose truth is known, or crops.",
                               .rows = rows,
                               .row_count = sizeof rows / sizeof *rows,
                               .program = true,
                               .no_device = true};
  options_common common;
  int first, code;
  return options_parse(&table, argc, argv, &common, &first, &code) ? run(&given) : code;
}
