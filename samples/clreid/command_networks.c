/*
 * command_networks.c - clreid networks: the networks that the library knows, as a table or as JSON.
 */
#include <inttypes.h>
#include <stdio.h>

#include "command.h"
#include "json.h"

static int print_table(void)
{
  printf("network        input    feature  parameters  G multiply-adds, as written and as planned\n");
  clreid_network_info network;
  for (size_t i = 0; clreid_network_at(i, &network); ++i) {
    printf("%-13s %3d x %-3d %8d  %8.2f M  %.3f  %.3f\n", network.name, network.height, network.width,
           network.feature_length, 1e-6 * (double)network.parameters, 1e-9 * (double)network.multiply_adds,
           1e-9 * (double)network.planned_multiply_adds);
  }
  return PROGRAM_DONE;
}

static json_t *describe(const clreid_network_info *network)
{
  return json_pack("{s:s, s:i, s:i, s:i, s:I, s:I, s:I}",               //
                   "network", network->name,                            //
                   "height", network->height,                           //
                   "width", network->width,                             //
                   "feature_length", network->feature_length,           //
                   "parameters", (json_int_t)network->parameters,       //
                   "multiply_adds", (json_int_t)network->multiply_adds, //
                   "planned_multiply_adds", (json_int_t)network->planned_multiply_adds);
}

static int print_json(void)
{
  json_t *array = json_array();
  clreid_network_info network;
  for (size_t i = 0; clreid_network_at(i, &network); ++i) array = json_add(array, describe(&network));
  const int code = json_show(array, 2);
  printf("\n");
  return code;
}

int command_networks(int argc, char **argv)
{
  bool json = false;
  const options_row rows[] = {
      {.name = "json", .kind = OPTIONS_FLAG, .value = &json, .help = "one array, an object a network"},
  };
  const options_table table = {.summary = "Lists the networks, each with its default options.",
                               .rows = rows,
                               .row_count = sizeof rows / sizeof *rows};
  options_common common;
  int first, code;
  if (!options_parse(&table, argc, argv, &common, &first, &code)) return code;
  return json ? print_json() : print_table();
}
