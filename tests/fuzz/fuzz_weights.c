/*
 * fuzz_weights.c - lib/weights.c: opens the bytes as a weight file, matches it against a small network, reads numbers.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "weights.h"

static const cr_weight_spec specs[] = {
    {"conv.weight", 4, {2, 1, 1, 3}, CR_ROLE_KERNEL, 1},
    {"conv.bias", 1, {2}, CR_ROLE_BIAS, 1},
    {"norm.running_var", 1, {2}, CR_ROLE_VARIANCE, 1},
};
enum { SPECS = sizeof specs / sizeof *specs, MOST_ELEMENTS = 6, SOME = 16 };

const char *const fuzz_tensors[] = {"conv.weight", "conv.bias", "norm.running_var", "norm.num_batches_tracked", NULL};

static bool is_known(const void *user, const char *key)
{
  (void)user;
  return !strcmp(key, "network");
}

static void say_nothing(void *user, const char *line)
{
  (void)user;
  fuzz_expect(!strchr(line, '\n'), "what is logged is a line");
}

static void look_at_tensors(const cr_weights *weights)
{
  for (const char *const *name = fuzz_tensors; *name; name++) {
    cr_tensor t;
    if (!cr_weights_tensor(weights, *name, &t)) continue;
    fuzz_expect(!strcmp(t.name, *name) && t.dims >= 0, "the tensor is the one that was asked for");
    const unsigned bytes = strstr(t.dtype, "64") ? 8 : strstr(t.dtype, "32") ? 4 : strstr(t.dtype, "16") ? 2 : 1;
    uint64_t size = bytes;
    for (int i = 0; i < t.dims && i < 4; i++) size *= t.shape[i];
    if (t.dims > 4) continue;
    fuzz_touch(t.bytes, size);
    if (strcmp(t.dtype, "F32") && strcmp(t.dtype, "F16") && strcmp(t.dtype, "BF16")) continue;
    float values[SOME];
    const size_t elements = size / bytes, some = elements < SOME ? elements : SOME;
    cr_weights_values(weights, *name, elements - some, some, values);
    fuzz_touch(values, some * sizeof *values);
  }
}

static void look_at_numbers(const cr_weights *weights)
{
  static const size_t elements[SPECS] = {6, 2, 2};
  for (size_t i = 0; i < SPECS; i++) {
    float scratch[MOST_ELEMENTS];
    const float *values;
    cr_weights_read(weights, &specs[i], scratch, &values);
    fuzz_expect(values, "what was matched can be read");
    for (size_t k = 0; k < elements[i]; k++) fuzz_expect(values[k] - values[k] == 0, "what was matched is finite");
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  cr_weights *weights = NULL;
  clreid_error error = {CLREID_OK, ""};
  fuzz_set_mapped(data, size);
  clreid_status status = cr_weights_open("weights", &weights, &error);
  fuzz_expect((status == CLREID_OK) == (weights != NULL), "there are weights if they were opened");
  if (weights) {
    const cr_log log = {say_nothing, NULL};
    cr_weights_say_unknown(weights, is_known, NULL, &log);
    const char *network = cr_weights_metadata(weights, "network");
    if (network) fuzz_touch(network, strlen(network) + 1);
    look_at_tensors(weights);
    status = cr_weights_match(weights, specs, SPECS, &error);
    if (status == CLREID_OK) look_at_numbers(weights);
    cr_weights_close(weights);
  }
  fuzz_judge(status, &error);
  fuzz_expect(status == CLREID_OK || status == CLREID_INVALID_WEIGHTS, "weights are refused as such");
  return 0;
}
