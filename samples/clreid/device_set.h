/*
 * device_set.h - the devices that --device names: one, or all that can be used.
 */
#ifndef DEVICE_SET_H
#define DEVICE_SET_H

#include <clreid/clreid_group.h>

#include "command.h"

typedef struct device_set {
  size_t count;
  clreid_device *items[CLREID_GROUP_MOST];
} device_set;

/* With --device all every usable device, in the order of the list; one that cannot be opened is passed over and, with
 * -v, named, unless none can. Devices beyond CLREID_GROUP_MOST stay idle. */
clreid_status device_set_open(const options_common *common, device_set *set, clreid_error *error);
void device_set_close(device_set *set);

/* "all (2)", or the name of the one device: size bytes of text. */
void device_set_name(const device_set *set, bool all, char *text, size_t size);

#endif
