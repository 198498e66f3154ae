/*
 * command_selftest.c - clreid selftest: every operator of the library on a device, against double precision.
 */
#include <stdio.h>

#include "clock.h"
#include "command.h"
#include "console.h"

int command_selftest(int argc, char **argv)
{
  const options_table table = {
      .summary = "Runs every operator of the library on a device and compares with double precision on the host."};
  options_common common;
  int first, code;
  if (!options_parse(&table, argc, argv, &common, &first, &code)) return code;

  clreid_error error;
  clreid_device *device;
  if (command_open_device(&common, &device, &error) != CLREID_OK) return console_error(&error);
  clreid_device_info info;
  clreid_device_describe(device, &info);
  const double started = clock_seconds();
  int checks = 0;
  const clreid_status status = clreid_selftest(device, &checks, &error);
  clreid_device_close(device);
  if (status != CLREID_OK) {
    console_complain("%s failed the self-test after %d checks: %s", info.name, checks, error.text);
    return PROGRAM_FAILED;
  }
  printf("%s: %d checks passed in %.1f s\n", info.name, checks, clock_seconds() - started);
  return PROGRAM_DONE;
}
