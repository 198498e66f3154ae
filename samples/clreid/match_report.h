/*
 * match_report.h - what `clreid match` tells of each query: rows of text or one array of JSON on stdout, and a contact
 * sheet.
 */
#ifndef MATCH_REPORT_H
#define MATCH_REPORT_H

#include <stdbool.h>

#include "sheet.h"

typedef struct match_report {
  bool json;
  sheet *sheet; /* owned by the caller, or NULL */
} match_report;

/* Queries come in order, from 0; matches nearest first. */
clreid_status match_report_query(const match_report *to, uint64_t query, const sheet_match *matches, size_t count,
                                 clreid_error *error);
/* After the last query. */
clreid_status match_report_finish(const match_report *to, clreid_error *error);

#endif
