/*
 * command_devices.c - clreid devices: the OpenCL devices of this machine, as a table or as JSON.
 */
#include <inttypes.h>
#include <stdio.h>

#include "command.h"
#include "console.h"
#include "json.h"

static const char *const type_names[] = {
    [CLREID_DEVICE_OTHER] = "other",
    [CLREID_DEVICE_CPU] = "cpu",
    [CLREID_DEVICE_GPU] = "gpu",
    [CLREID_DEVICE_ACCELERATOR] = "accelerator",
};

static int print_table(const clreid_device_info *list, size_t count)
{
  printf("index  type  units  memory MiB  name\n");
  for (size_t i = 0; i < count; ++i) {
    const clreid_device_info *device = &list[i];
    printf("%5d  %-4.4s  %5u  %10" PRIu64 "  %s (%s)%s\n", device->index, type_names[device->type],
           device->compute_units, device->global_memory_bytes >> 20, device->name, device->platform,
           device->is_default ? ", the default" : "");
    if (!device->usable) printf("       cannot be used: %s\n", device->problem);
  }
  return PROGRAM_DONE;
}

static json_t *describe(const clreid_device_info *device)
{
  return json_pack("{s:i, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:i, s:b, s:b, s:I, s:I, s:I, s:I}", //
                   "index", device->index,                                                                            //
                   "type", type_names[device->type],                                                                  //
                   "default", device->is_default,                                                                     //
                   "usable", device->usable,                                                                          //
                   "problem", json_text(device->problem),                                                             //
                   "name", json_text(device->name),                                                                   //
                   "vendor", json_text(device->vendor),                                                               //
                   "platform", json_text(device->platform),                                                           //
                   "version", json_text(device->version),                                                             //
                   "driver", json_text(device->driver),                                                               //
                   "compute_units", (int)device->compute_units,                                                       //
                   "clock_mhz", (int)device->clock_mhz,                                                               //
                   "float_vector_width", (int)device->float_vector_width,                                             //
                   "fused_multiply_add", device->fused_multiply_add,                                                  //
                   "half_arithmetic", device->half_arithmetic,                                                        //
                   "global_memory_bytes", (json_int_t)device->global_memory_bytes,                                    //
                   "largest_buffer_bytes", (json_int_t)device->largest_buffer_bytes,                                  //
                   "local_memory_bytes", (json_int_t)device->local_memory_bytes,                                      //
                   "largest_work_group", (json_int_t)device->largest_work_group);
}

static int print_json(const clreid_device_info *list, size_t count)
{
  json_t *array = json_array();
  for (size_t i = 0; i < count; ++i) array = json_add(array, describe(&list[i]));
  const int code = json_show(array, 2);
  printf("\n");
  return code;
}

int command_devices(int argc, char **argv)
{
  bool json = false;
  const options_row rows[] = {
      {.name = "json", .kind = OPTIONS_FLAG, .value = &json, .help = "one array, an object a device"},
  };
  const options_table table = {
      .summary = "Lists the OpenCL devices of all platforms.", .rows = rows, .row_count = sizeof rows / sizeof *rows};
  options_common common;
  int first, code;
  if (!options_parse(&table, argc, argv, &common, &first, &code)) return code;

  clreid_device_info *list;
  size_t count;
  clreid_error error;
  if (clreid_devices_list(&list, &count, common.verbose ? console_log : NULL, NULL, &error) != CLREID_OK) {
    return console_error(&error);
  }
  code = json ? print_json(list, count) : print_table(list, count);
  clreid_devices_free(list);
  return code;
}
