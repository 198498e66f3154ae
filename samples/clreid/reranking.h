/*
 * reranking.h - the options of re-ranking, which evaluate and match share.
 */
#ifndef RERANKING_H
#define RERANKING_H

#include <clreid/clreid_evaluate.h>

#include "options.h"

typedef struct reranking {
  bool wanted;
  uint64_t k1, k2;
  double lambda;
} reranking;

/* What says that an option was not given. */
#define RERANKING_DEFAULTS                                                                                             \
  {                                                                                                                    \
    .lambda = -1                                                                                                       \
  }

/* Rows of an options_table. */
#define RERANKING_OPTIONS(set)                                                                                         \
  {.name = "rerank",                                                                                                   \
   .kind = OPTIONS_FLAG,                                                                                               \
   .value = &(set).wanted,                                                                                             \
   .help = "rank again by mutual neighbours (k-reciprocal)"},                                                          \
      {.name = "k1",                                                                                                   \
       .kind = OPTIONS_NUMBER,                                                                                         \
       .value = &(set).k1,                                                                                             \
       .argument = "K",                                                                                                \
       .least = 1,                                                                                                     \
       .most = 1000,                                                                                                   \
       .help = "with --rerank: neighbours that must be mutual (20)"},                                                  \
      {.name = "k2",                                                                                                   \
       .kind = OPTIONS_NUMBER,                                                                                         \
       .value = &(set).k2,                                                                                             \
       .argument = "K",                                                                                                \
       .least = 1,                                                                                                     \
       .most = 1000,                                                                                                   \
       .help = "with --rerank: neighbours that are averaged (6)"},                                                     \
  {                                                                                                                    \
    .name = "lambda", .kind = OPTIONS_SHARE, .value = &(set).lambda, .argument = "SHARE",                              \
    .help = "with --rerank: share of the first distance (0.3)"                                                         \
  }

/* Whether settings were given without --rerank; false after a complaint. */
bool reranking_is_clear(const char *command, const reranking *set);
clreid_rerank_config reranking_config(const reranking *set, int metric);

#endif
