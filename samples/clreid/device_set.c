/*
 * device_set.c - see device_set.h.
 */
#include "device_set.h"

#include <stdio.h>
#include <string.h>

#include "console.h"

static clreid_status open_index(const options_common *common, int index, device_set *set, clreid_error *error)
{
  char choice[16];
  options_common one = *common;
  snprintf(choice, sizeof choice, "%d", index);
  one.device = choice;
  const clreid_status status = command_open_device(&one, &set->items[set->count], error);
  if (status == CLREID_OK) {
    set->count++;
  } else if (common->verbose) {
    console_complain("device %d is passed over: %s", index, error->text);
  }
  return status;
}

static clreid_status open_all(const options_common *common, device_set *set, clreid_error *error)
{
  clreid_device_info *list;
  size_t count;
  clreid_status status = clreid_devices_list(&list, &count, NULL, NULL, error);
  if (status != CLREID_OK) return status;
  status = console_fail(error, CLREID_UNSUPPORTED_DEVICE,
                        "none of the %zu OpenCL devices is usable: see clreid devices", count);
  for (size_t i = 0; i < count && set->count < CLREID_GROUP_MOST; ++i) {
    if (list[i].usable) status = open_index(common, list[i].index, set, error);
  }
  clreid_devices_free(list);
  return set->count ? CLREID_OK : status;
}

clreid_status device_set_open(const options_common *common, device_set *set, clreid_error *error)
{
  set->count = 0;
  if (options_all_devices(common)) return open_all(common, set, error);
  const clreid_status status = command_open_device(common, &set->items[0], error);
  set->count = status == CLREID_OK;
  return status;
}

void device_set_close(device_set *set)
{
  for (size_t i = 0; i < set->count; ++i) clreid_device_close(set->items[i]);
  set->count = 0;
}

void device_set_name(const device_set *set, bool all, char *text, size_t size)
{
  clreid_device_info info = {0};
  if (set->count) clreid_device_describe(set->items[0], &info);
  if (all) {
    snprintf(text, size, "all (%zu)", set->count);
  } else {
    snprintf(text, size, "%s", info.name);
  }
}
