/*
 * command_weights.c - clreid weights: a weight file with random weights.
 */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "console.h"
#include "interrupt.h"
#include "output.h"

int command_weights(int argc, char **argv)
{
  const char *network = NULL, *out = NULL;
  options_texts options = {0};
  uint64_t seed = 0;
  const options_row rows[] = {
      {.name = "network",
       .kind = OPTIONS_TEXT,
       .value = &network,
       .argument = "NAME",
       .required = true,
       .help = "as clreid networks lists them"},
      {.name = "option",
       .kind = OPTIONS_TEXTS,
       .value = &options,
       .argument = "KEY=VALUE",
       .help = "an option of the network; may be repeated"},
      {.name = "seed",
       .kind = OPTIONS_NUMBER,
       .value = &seed,
       .argument = "S",
       .most = UINT64_MAX,
       .required = true,
       .help = "the same seed gives the same file on every machine"},
      {.name = "out",
       .kind = OPTIONS_TEXT,
       .value = &out,
       .argument = "W.safetensors",
       .required = true,
       .help = "the file to write"},
  };
  const options_table table = {
      .summary = "Writes random weights: good for trying things and for timing, not for identification.",
      .rows = rows,
      .row_count = sizeof rows / sizeof *rows};
  options_common common;
  int first, code;
  if (!options_parse(&table, argc, argv, &common, &first, &code)) {
    free(options.items);
    return code;
  }
  clreid_error error;
  clreid_status status = output_check(out, &error);
  if (status == CLREID_OK) {
    interrupt_start();
    interrupt_hold(); /* the library writes the file aside and renames it: a second or two */
    status = clreid_weights_random(network, options.items, options.count, seed, out, &error);
    interrupt_release();
  }
  free(options.items);
  return status == CLREID_OK ? PROGRAM_DONE : console_error(&error);
}
