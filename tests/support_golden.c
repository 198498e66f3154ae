/*
 * support_golden.c - see golden.h. Owns the reading of fixtures; compares nothing. Their pictures: support_picture.c.
 */
#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops.h"
#include "random.h"
#include "system.h"

enum { HEAD_BYTES = 16, VERSION = 1 };

const char *const golden_stems[] = {
    "rga-none.1",    "rga-none.2",   "rga-none.3",     "rga-s.1",        "rga-s.2",        "rga-s.3",
    "rga-c.1",       "rga-c.2",      "rga-c.3",        "rga-sc.1",       "rga-sc.2",       "rga-sc.3",
    "rga-cs.1",      "rga-cs.2",     "rga-cs.3",       "rga-parallel.1", "rga-parallel.2", "rga-parallel.3",
    "rga-sc-ratios", "rga-sc-unary", "rga-s-pairwise", "rga-sc-tall",    "han-small.1",    "han-small.2",
    "han-small.3",   "han-medium.1", "han-large.1",    "fnc.1",          "fnc-add.1",      NULL,
};

static uint32_t u32(const uint8_t *bytes)
{
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static float half_at(const uint8_t *bytes, size_t index)
{
  uint16_t half = (uint16_t)(bytes[2 * index] | bytes[2 * index + 1] << 8);
  float value;
  cr_from_half(&half, &value, 1);
  return value;
}

/* ---- The fixture ------------------------------------------------------------------------------------------------ */

static void copy(char *to, size_t size, const char *from)
{
  snprintf(to, size, "%s", from);
}

/* Takes one line of the text: a word and its value. */
static int take_line(golden *g, const char *word, const char *value)
{
  if (strcmp(word, "hint") == 0) {
    copy(g->hint, sizeof g->hint, value);
  } else if (strcmp(word, "network") == 0) {
    copy(g->network, sizeof g->network, value);
  } else if (strcmp(word, "option") == 0 && g->option_count < GOLDEN_OPTIONS) {
    copy(g->option[g->option_count++], sizeof g->option[0], value);
  } else if (strcmp(word, "seed") == 0) {
    g->seed = strtoull(value, NULL, 10);
  } else if (strcmp(word, "float32_error") == 0) {
    g->float32_error = strtod(value, NULL);
  } else if (strcmp(word, "pictures") == 0) {
    g->pictures = strtoul(value, NULL, 10);
  } else if (strcmp(word, "length") == 0) {
    g->length = strtoul(value, NULL, 10);
  } else if (strcmp(word, "norm") == 0) {
    golden_norm *norm = &g->norms[g->norm_count++];
    return sscanf(value, "%95s %zu", norm->name, &norm->channels) == 2;
  } else {
    return 0;
  }
  return 1;
}

static int take_text(golden *g, char *text, char *end)
{
  size_t lines = 0;
  for (char *at = text; at < end; at++) lines += *at == '\n';
  g->norms = calloc(lines + 1, sizeof *g->norms);
  while (g->norms && text < end) {
    char *line_end = memchr(text, '\n', (size_t)(end - text));
    if (!line_end) return 0;
    *line_end = '\0';
    char *value = strchr(text, ' ');
    if (!value) return 0;
    *value = '\0';
    if (!take_line(g, text, value + 1)) return 0;
    text = line_end + 1;
  }
  return g->norms != NULL;
}

/* Points the norms into the data and copies the features; the sizes must come out even. */
static int take_data(golden *g, const uint8_t *data, const uint8_t *end)
{
  size_t room = (size_t)(end - data), need = 0, numbers = g->pictures * g->length;
  for (size_t i = 0; i < g->norm_count; i++) need += 4 * g->norms[i].channels;
  if (g->pictures != GOLDEN_PICTURES || g->length == 0 || need + 8 * numbers != room) return 0;
  for (size_t i = 0; i < g->norm_count; i++) {
    golden_norm *norm = &g->norms[i];
    norm->mean = data;
    norm->deviation = data + 2 * norm->channels;
    data += 4 * norm->channels;
  }
  g->neck = malloc(numbers * sizeof(float));
  g->pooled = malloc(numbers * sizeof(float));
  if (!g->neck || !g->pooled) return 0;
  for (size_t i = 0; i < 2 * numbers; i++) {
    uint32_t bits = u32(data + 4 * i);
    memcpy(i < numbers ? &g->neck[i] : &g->pooled[i - numbers], &bits, sizeof bits);
  }
  return 1;
}

clreid_status golden_load(const char *stem, golden *fixture, clreid_error *error)
{
  *fixture = (golden){0};
  copy(fixture->stem, sizeof fixture->stem, stem);
  char path[1024];
  snprintf(path, sizeof path, "%s/golden/%s.golden", TESTS_FOLDER, stem);
  cr_mapping file;
  CR_TRY(cr_map(path, &file, error));
  uint8_t *bytes = fixture->bytes = malloc(file.size + 1); /* its text is cut into lines: a copy */
  int good = bytes && file.size > HEAD_BYTES && memcmp(file.bytes, "crgolden", 8) == 0 &&
             u32(file.bytes + 8) == VERSION && u32(file.bytes + 12) < file.size - HEAD_BYTES;
  if (good) {
    memcpy(bytes, file.bytes, file.size);
    uint8_t *data = bytes + HEAD_BYTES + u32(bytes + 12);
    good = take_text(fixture, (char *)bytes + HEAD_BYTES, (char *)data) && take_data(fixture, data, bytes + file.size);
  }
  cr_unmap(&file);
  if (good) return CLREID_OK;
  golden_free(fixture);
  return cr_fail(error, CLREID_INVALID_FILE, "'%s' is no golden fixture of version %d; make it with golden/make.py",
                 path, VERSION);
}

void golden_free(golden *fixture)
{
  free(fixture->neck);
  free(fixture->pooled);
  free(fixture->norms);
  free(fixture->bytes);
  *fixture = (golden){0};
}

/* ---- Its weights ------------------------------------------------------------------------------------------------ */

static const golden_norm *find_norm(const golden *g, const char *name, const char *ending)
{
  for (size_t i = 0; i < g->norm_count; i++) {
    size_t length = strlen(g->norms[i].name);
    if (strncmp(name, g->norms[i].name, length) == 0 && strcmp(name + length, ending) == 0) return &g->norms[i];
  }
  return NULL;
}

void golden_fill(void *user, const cr_weight_spec *spec, float *values, size_t count)
{
  golden *g = user;
  cr_random_fill(g->seed, spec, values, count);
  const char *dot = strrchr(spec->name, '.');
  const bool of_logits = dot && dot - spec->name > 2 && (!strncmp(dot - 2, ".g.", 3) || !strncmp(dot - 2, ".h.", 3));
  for (size_t i = 0; i < count && of_logits && g->loudness > 0; i++) values[i] *= g->loudness;
  if (spec->role != CR_ROLE_MEAN && spec->role != CR_ROLE_VARIANCE) return;
  int mean = spec->role == CR_ROLE_MEAN;
  const golden_norm *norm = find_norm(g, spec->name, mean ? ".running_mean" : ".running_var");
  if (!norm || norm->channels != count) {
    snprintf(g->problem, sizeof g->problem, "%s[%zu] is not in the fixture", spec->name, count);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    float deviation = half_at(norm->deviation, i);
    values[i] = mean ? half_at(norm->mean, i) : deviation * deviation; /* 22 bits: exact */
  }
}

clreid_status golden_write(golden *fixture, const cr_weight_spec *specs, size_t count, const char *path,
                           clreid_error *error)
{
  char key[GOLDEN_OPTIONS][64];
  cr_metadata metadata[GOLDEN_OPTIONS + 1] = {{"network", fixture->network}};
  for (size_t i = 0; i < fixture->option_count; i++) {
    copy(key[i], sizeof key[i], fixture->option[i]);
    char *equals = strchr(key[i], '=');
    if (!equals) return cr_fail(error, CLREID_INVALID_FILE, "the option '%s' has no '='", key[i]);
    *equals = '\0';
    metadata[i + 1] = (cr_metadata){key[i], equals + 1};
  }
  fixture->problem[0] = '\0';
  CR_TRY(cr_weights_write(path, specs, count, metadata, fixture->option_count + 1, golden_fill, fixture, error));
  if (fixture->problem[0]) return cr_fail(error, CLREID_INVALID_FILE, "%s: %s", fixture->stem, fixture->problem);
  return CLREID_OK;
}
