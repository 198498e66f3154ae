/*
 * json.c - see json.h.
 */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "program.h"

json_t *json_text(const char *text)
{
  json_t *value = json_string(text);
  if (value) return value;
  char *copy = strdup(text);
  if (!copy) return NULL;
  for (char *c = copy; *c; ++c) {
    if ((unsigned char)*c >= 128) *c = '?';
  }
  value = json_string(copy);
  free(copy);
  return value;
}

json_t *json_add(json_t *array, json_t *value)
{
  if (json_array_append_new(array, value) == 0) return array; /* takes value in any case, and refuses NULL */
  json_decref(array);
  return NULL;
}

int json_show(json_t *value, size_t indent)
{
  if (!value) {
    console_complain("no memory left for printing the results");
    return PROGRAM_FAILED;
  }
  json_dumpf(value, stdout, JSON_INDENT(indent) | JSON_REAL_PRECISION(9) | JSON_ENCODE_ANY);
  json_decref(value);
  return PROGRAM_DONE;
}
