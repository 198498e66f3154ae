/*
 * selftest.c - placeholder until the oracles land.
 */
#include "ops.h"

clreid_status cr_selftest(cr_device *device, int *checks, clreid_error *error)
{
  (void)device;
  *checks = 0;
  return cr_fail(error, CLREID_UNSUPPORTED_DEVICE, "no self-test in this build");
}
