/*
 * main.c - clreid-street: footage of a drawn street seen by two cameras, with the truth about it; or crops of persons
 * and vehicles from many such streets.
 */
#include <inttypes.h>
#include <stdio.h>

#include "console.h"
#include "crops.h"
#include "options.h"
#include "program.h"
#include "street.h"

const char program_name[] = "clreid-street";

int main(int argc, char **argv)
{
  const char *crops = NULL;
  uint64_t seed = 1, streets = 1, persons = 24, vehicles = 8, views = 8;
  const options_row rows[] = {
      {.name = "crops", .kind = OPTIONS_TEXT, .value = &crops, .argument = "FOLDER", .help = "write crops"},
      {.name = "seed",
       .kind = OPTIONS_NUMBER,
       .value = &seed,
       .argument = "NUMBER",
       .help = "another street",
       .most = UINT64_MAX},
      {.name = "streets",
       .kind = OPTIONS_NUMBER,
       .value = &streets,
       .argument = "COUNT",
       .help = "streets",
       .least = 1,
       .most = 499},
      {.name = "persons",
       .kind = OPTIONS_NUMBER,
       .value = &persons,
       .argument = "COUNT",
       .help = "persons",
       .most = 1000},
      {.name = "vehicles",
       .kind = OPTIONS_NUMBER,
       .value = &vehicles,
       .argument = "COUNT",
       .help = "vehicles",
       .most = 1000},
      {.name = "views",
       .kind = OPTIONS_NUMBER,
       .value = &views,
       .argument = "COUNT",
       .help = "views",
       .least = 1,
       .most = 100},
  };
  const options_table table = {.summary = "Draws a street seen by two cameras.",
                               .rows = rows,
                               .row_count = sizeof rows / sizeof *rows,
                               .program = true,
                               .no_device = true};
  options_common common;
  int first, code;
  if (!options_parse(&table, argc, argv, &common, &first, &code)) return code;
  const crops_config config = {crops, seed, (int)streets, (int)persons, (int)vehicles, (int)views};
  clreid_error error;
  uint64_t written;
  if (crops_write(&config, &written, &error) != CLREID_OK) return console_error(&error);
  printf("%" PRIu64 " crops\n", written);
  return PROGRAM_DONE;
}
