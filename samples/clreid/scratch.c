/*
 * scratch.c - see scratch.h.
 */
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console.h"
#include "interrupt.h"

clreid_status scratch_make(scratch *weights, const char *network, clreid_error *error)
{
  const char *place = getenv("TMPDIR");
  if (!place || !*place || strlen(place) > 40) place = "/tmp";
  interrupt_hold();
  snprintf(weights->folder, sizeof weights->folder, "%s/clreid-XXXXXX", place);
  const bool made = mkdtemp(weights->folder) != NULL;
  if (!made) weights->folder[0] = '\0';
  interrupt_release();
  if (!made) {
    return console_fail(error, CLREID_INVALID_FILE, "cannot make a folder for random weights in '%s': set TMPDIR",
                        place);
  }
  snprintf(weights->path, sizeof weights->path, "%s/weights.safetensors", weights->folder);
  interrupt_guard(weights->folder);
  interrupt_guard(weights->path);
  interrupt_hold();
  const clreid_status status = clreid_weights_random(network, NULL, 0, 1, weights->path, error);
  interrupt_release();
  return status;
}

void scratch_remove(scratch *weights)
{
  if (!weights->folder[0]) return;
  remove(weights->path);
  remove(weights->folder);
  interrupt_forget(weights->path);
  interrupt_forget(weights->folder);
  weights->folder[0] = '\0';
}
