/*
 * reranked.h - the matches of `clreid match --rerank`: all features in memory, distances by the library.
 */
#ifndef RERANKED_H
#define RERANKED_H

#include <clreid/clreid_evaluate.h>

#include "nearest.h"

/* Called for each query in turn, with its matches, nearest first. */
typedef clreid_status reranked_take(void *user, uint64_t query, const nearest_list *matches, clreid_error *error);

/* Memory: both files twice, and float[queries][gallery rows]. */
clreid_status reranked_match(clreid_device *device, const char *query, const char *gallery,
                             const clreid_rerank_config *config, uint64_t top, reranked_take *take, void *user,
                             clreid_error *error);

#endif
