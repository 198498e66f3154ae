/*
 * command_evaluate.c - clreid evaluate: how well features tell who is who, as mAP and CMC.
 */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "console.h"
#include "feature_file.h"
#include "json.h"
#include "reranking.h"

enum { RANKS = 50 }; /* of the CMC curve, as it is usually given */

typedef struct settings {
  const char *query, *query_labels, *gallery, *gallery_labels;
  int metric;
  reranking rerank;
  bool multiple_query, json;
  options_common common;
} settings;

static void print_text(const clreid_evaluation *result)
{
  printf("mAP      %.4f\n", result->mean_average_precision);
  printf("rank-1   %.4f\n", result->cmc[0]);
  printf("rank-5   %.4f\n", result->cmc[4]);
  printf("rank-10  %.4f\n", result->cmc[9]);
  printf("queries  %zu of %zu counted\n", result->counted, result->queries);
}

static int print_json(const clreid_evaluation *result, size_t ranks)
{
  json_t *cmc = json_array();
  for (size_t k = 0; k < ranks; ++k) cmc = json_add(cmc, json_real(result->cmc[k]));
  json_t *all = json_pack("{s:f, s:f, s:f, s:f, s:I, s:I, s:o}", "mAP", result->mean_average_precision, "rank1",
                          result->cmc[0], "rank5", result->cmc[4], "rank10", result->cmc[9], "queries",
                          (json_int_t)result->queries, "counted", (json_int_t)result->counted, "cmc", cmc);
  const int code = json_show(all, 2);
  printf("\n");
  return code;
}

static clreid_status judge(const settings *set, const feature_file *query, const feature_file *gallery,
                           clreid_evaluation *result, clreid_error *error)
{
  const clreid_rerank_config rerank = reranking_config(&set->rerank, set->metric);
  const clreid_evaluate_config config = {.metric = (clreid_metric)set->metric,
                                         .multiple_query = set->multiple_query,
                                         .rerank = set->rerank.wanted ? &rerank : NULL};
  const clreid_labelled queries = {query->values, query->labels, query->rows};
  const clreid_labelled entries = {gallery->values, gallery->labels, gallery->rows};
  clreid_device *device;
  clreid_status status = command_open_device(&set->common, &device, error);
  if (status != CLREID_OK) return status;
  status = clreid_evaluate(device, &queries, &entries, query->length, &config, result, error);
  clreid_device_close(device);
  return status;
}

static int evaluate(const settings *set)
{
  double cmc[RANKS];
  clreid_evaluation result = {.cmc = cmc, .ranks = RANKS};
  feature_file query, gallery = {0};
  clreid_error error;
  clreid_status status = feature_file_load(set->query, set->query_labels, &query, &error);
  if (status == CLREID_OK) status = feature_file_load(set->gallery, set->gallery_labels, &gallery, &error);
  if (status == CLREID_OK) status = feature_file_check(&query, &gallery, &error);
  if (status == CLREID_OK) status = judge(set, &query, &gallery, &result, &error);
  const size_t ranks = gallery.rows < RANKS ? gallery.rows : RANKS;
  feature_file_free(&query);
  feature_file_free(&gallery);
  if (status != CLREID_OK) return console_error(&error);
  if (set->json) return print_json(&result, ranks);
  print_text(&result);
  return PROGRAM_DONE;
}

int command_evaluate(int argc, char **argv)
{
  settings set = {.rerank = RERANKING_DEFAULTS};
  const options_row rows[] = {
      {.name = "query",
       .kind = OPTIONS_TEXT,
       .value = &set.query,
       .argument = "Q.npy",
       .required = true,
       .help = "features to look for"},
      {.name = "query-labels",
       .kind = OPTIONS_TEXT,
       .value = &set.query_labels,
       .argument = "Q.csv",
       .required = true,
       .help = "theirs: the header pid,camid, then a row a feature"},
      {.name = "gallery",
       .kind = OPTIONS_TEXT,
       .value = &set.gallery,
       .argument = "G.npy",
       .required = true,
       .help = "features to look among"},
      {.name = "gallery-labels",
       .kind = OPTIONS_TEXT,
       .value = &set.gallery_labels,
       .argument = "G.csv",
       .required = true,
       .help = "theirs"},
      {.name = "metric",
       .kind = OPTIONS_WORD,
       .value = &set.metric,
       .argument = "cosine|euclidean",
       .help = "what near means (cosine)"},
      {.name = "multi-query",
       .kind = OPTIONS_FLAG,
       .value = &set.multiple_query,
       .help = "one query a person and camera: its features' mean"},
      RERANKING_OPTIONS(set.rerank),
      {.name = "json", .kind = OPTIONS_FLAG, .value = &set.json, .help = "one object; fractions, not per cent"},
  };
  const options_table table = {
      .summary =
          "Prints mean average precision and the CMC curve, as fractions. Gallery entries of the query's own person\n"
          "and camera are left out, pid -1 is junk and ignored, a query without another true match is not counted.\n"
          "Average precision is the mean of the precisions at the true matches; of equal distances the lower gallery\n"
          "row is first.",
      .rows = rows,
      .row_count = sizeof rows / sizeof *rows};
  int first, code;
  if (!options_parse(&table, argc, argv, &set.common, &first, &code)) return code;
  return reranking_is_clear("evaluate", &set.rerank) ? evaluate(&set) : PROGRAM_USAGE;
}
