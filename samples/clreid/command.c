/*
 * command.c - see command.h.
 */
#include "command.h"

#include "console.h"

const char program_name[] = "clreid";

clreid_status command_open_device(const options_common *common, clreid_device **device, clreid_error *error)
{
  const clreid_device_config config = {
      .choice = common->device,
      .log = common->verbose ? console_log : NULL,
  };
  return clreid_device_open(&config, device, error);
}
