/*
 * match_report.c - see match_report.h.
 */
#include "match_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "command.h"
#include "console.h"
#include "json.h"

static void print_rows(uint64_t query, const sheet_match *matches, size_t count)
{
  if (query == 0) printf(" query  rank  gallery  distance\n");
  for (size_t i = 0; i < count; ++i) {
    printf("%6" PRIu64 " %5zu %8" PRIu64 "  %.6g\n", query, i + 1, matches[i].index, matches[i].distance);
  }
}

static int print_object(uint64_t query, const sheet_match *matches, size_t count)
{
  json_t *array = json_array();
  for (size_t i = 0; i < count; ++i) {
    array = json_add(array,
                     json_pack("{s:I, s:f}", "index", (json_int_t)matches[i].index, "distance", matches[i].distance));
  }
  printf(query > 0 ? ",\n" : "[");
  return json_show(json_pack("{s:I, s:o}", "query", (json_int_t)query, "matches", array), 0);
}

clreid_status match_report_query(const match_report *to, uint64_t query, const sheet_match *matches, size_t count,
                                 clreid_error *error)
{
  if (!to->json) {
    print_rows(query, matches, count);
  } else if (print_object(query, matches, count) != PROGRAM_DONE) {
    return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for matching: make --top smaller");
  }
  return to->sheet ? sheet_add(to->sheet, query, matches, count, error) : CLREID_OK;
}

clreid_status match_report_finish(const match_report *to, clreid_error *error)
{
  if (to->json) printf("]\n");
  return to->sheet ? sheet_finish(to->sheet, error) : CLREID_OK;
}
