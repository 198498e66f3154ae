/*
 * reranked.h - the matches of `clreid match --rerank`: all features in memory, distances by the library.
 */
#ifndef RERANKED_H
#define RERANKED_H

#include <clreid/clreid_evaluate.h>

#include "match_report.h"

/* Tells the report of each query's `top` nearest gallery rows; of equal distances the lower row is nearer. Memory: both
 * files twice, and float[queries][gallery rows]. */
clreid_status reranked_match(clreid_device *device, const char *query, const char *gallery,
                             const clreid_rerank_config *config, uint64_t top, const match_report *to,
                             clreid_error *error);

#endif
