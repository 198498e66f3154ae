/*
 * reranking.c - see reranking.h.
 */
#include "reranking.h"

#include "console.h"

bool reranking_is_clear(const char *command, const reranking *set)
{
  if (set->wanted || (!set->k1 && !set->k2 && set->lambda < 0)) return true;
  console_complain("%s: --%s is a setting of --rerank, which is not given", command,
                   set->k1   ? "k1"
                   : set->k2 ? "k2"
                             : "lambda");
  return false;
}

clreid_rerank_config reranking_config(const reranking *set, int metric)
{
  return (clreid_rerank_config){.metric = (clreid_metric)metric,
                                .k1 = (int)set->k1,
                                .k2 = (int)set->k2,
                                .lambda = set->lambda > 0 ? (float)set->lambda : 0,
                                .jaccard_alone = set->lambda == 0};
}
