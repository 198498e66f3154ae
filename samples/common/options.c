/*
 * options.c - see options.h. The splitting of a command line is getopt_long's; this file gives it meaning.
 */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "program.h"
#include "suggest.h"

enum { MOST_ROWS = 32, ROW_CODE = 256 }; /* getopt_long returns ROW_CODE + row for row of the table */

/* How lines speak of what was called. */
typedef struct invocation {
  char prefix[64]; /* "embed: "; empty for a program without subcommands */
  char usage[64];  /* "clreid embed" */
} invocation;

static const invocation *name_call(invocation *call, const options_table *table, const char *command)
{
  snprintf(call->prefix, sizeof call->prefix, "%.50s%s", table->program ? "" : command, table->program ? "" : ": ");
  snprintf(call->usage, sizeof call->usage, "%s%s%.40s", program_name, table->program ? "" : " ",
           table->program ? "" : command);
  return call;
}

static bool parse_number(const char *text, uint64_t *number)
{
  if (!*text) return false;
  for (const char *c = text; *c; ++c) {
    if (!isdigit((unsigned char)*c)) return false;
  }
  errno = 0;
  *number = strtoull(text, NULL, 10);
  return errno == 0;
}

/* The place of text among "fp32|fp16", or -1. */
static int find_word(const char *words, const char *text)
{
  const size_t length = strlen(text);
  for (int place = 0;; ++place) {
    const size_t word = strcspn(words, "|");
    if (word == length && strncmp(words, text, length) == 0) return place;
    if (!words[word]) return -1;
    words += word + 1;
  }
}

bool options_all_devices(const options_common *common)
{
  return common->device && strcmp(common->device, "all") == 0;
}

static bool is_device(const options_table *table, const char *text)
{
  uint64_t index;
  return strcmp(text, "cpu") == 0 || strcmp(text, "gpu") == 0 || (table->all_devices && strcmp(text, "all") == 0) ||
         parse_number(text, &index);
}

static bool is_some_text(const invocation *call, const options_row *row, const char *text)
{
  if (!*text) console_complain("%s--%s wants %s, not an empty text", call->prefix, row->name, row->argument);
  return *text;
}

static bool set_text(const options_row *row, const char *text)
{
  *(const char **)row->value = text;
  return true;
}

static bool add_text(options_texts *texts, const char *text)
{
  const char **items = realloc(texts->items, (texts->count + 1) * sizeof *items);
  if (!items) return false;
  items[texts->count++] = text;
  texts->items = items;
  return true;
}

static bool set_number(const invocation *call, const options_row *row, const char *text)
{
  uint64_t number;
  if (!parse_number(text, &number) || number < row->least || number > row->most) {
    console_complain("%s--%s wants a whole number from %" PRIu64 " to %" PRIu64 ", not '%s'", call->prefix, row->name,
                     row->least, row->most, text);
    return false;
  }
  *(uint64_t *)row->value = number;
  return true;
}

/* Digits, and a point among them: a number from least to most. */
static bool set_real(const invocation *call, const options_row *row, double least, double most, const char *text)
{
  const bool is_decimal = strspn(text, "0123456789.") == strlen(text) && strpbrk(text, "0123456789") != NULL;
  char *end = NULL;
  const double number = is_decimal ? strtod(text, &end) : -1;
  if (!is_decimal || *end || number < least || number > most) {
    console_complain("%s--%s wants a number from %g to %g, not '%s'", call->prefix, row->name, least, most, text);
    return false;
  }
  *(double *)row->value = number;
  return true;
}

static bool set_word(const invocation *call, const options_row *row, const char *text)
{
  const int place = find_word(row->argument, text);
  if (place < 0) {
    console_complain("%s--%s wants %s, not '%s'", call->prefix, row->name, row->argument, text);
    return false;
  }
  *(int *)row->value = place;
  return true;
}

/* Puts the text of an option where its row says; false after a complaint. */
static bool set_value(const invocation *call, const options_row *row, const char *text, bool again)
{
  if (again && row->kind != OPTIONS_FLAG && row->kind != OPTIONS_TEXTS) {
    console_complain("%s--%s can be given once, '%s' is one too many", call->prefix, row->name, text);
    return false;
  }
  switch (row->kind) {
  case OPTIONS_FLAG:
    *(bool *)row->value = true;
    return true;
  case OPTIONS_TEXT:
    return is_some_text(call, row, text) && set_text(row, text);
  case OPTIONS_TEXTS:
    return is_some_text(call, row, text) && add_text(row->value, text);
  case OPTIONS_NUMBER:
    return set_number(call, row, text);
  case OPTIONS_SHARE:
    return set_real(call, row, 0, 1, text);
  case OPTIONS_REAL:
    return set_real(call, row, (double)row->least, (double)row->most, text);
  case OPTIONS_WORD:
    return set_word(call, row, text);
  }
  return false;
}

enum { HELP_COLUMN = 26 }; /* letters that an option has before its explanation begins */

static void print_row(const options_row *row)
{
  char left[80];
  snprintf(left, sizeof left, "--%s%s%s", row->name, row->argument ? " " : "", row->argument ? row->argument : "");
  if (strlen(left) > HELP_COLUMN) {
    printf("  %s\n", left);
    *left = 0; /* the explanation has a line of its own */
  }
  printf("  %-*s %s%s\n", HELP_COLUMN, left, row->help, row->required ? " (needed)" : "");
}

static void print_help(const invocation *call, const options_table *table, const options_row *rows, size_t count)
{
  printf("usage: %s [OPTIONS]%s%s\n%s\n\n", call->usage, table->operands ? " " : "",
         table->operands ? table->operands : "", table->summary);
  for (size_t i = 0; i < count; ++i) print_row(&rows[i]);
  printf("  %-*s %s\n", HELP_COLUMN, "-v, --verbose", "show on stderr what the library says");
  printf("  %-*s %s\n", HELP_COLUMN, "-h, --help", "this text");
}

/* Names an unknown option, and the one that was meant. */
static void complain_mistyped(const invocation *call, const options_row *rows, size_t count, const char *option)
{
  char typed[SUGGEST_MOST_LETTERS + 2];
  snprintf(typed, sizeof typed, "%.*s", (int)strcspn(option + 2, "="), option + 2);
  suggestion best = {.typed = typed};
  for (size_t i = 0; i < count; ++i) suggest_offer(&best, rows[i].name);
  suggest_offer(&best, "verbose");
  suggest_offer(&best, "help");
  console_complain("%sthere is no option %s%s%s: see %s --help", call->prefix, option, best.word ? ", perhaps --" : "",
                   best.word ? best.word : "", call->usage);
}

/* What getopt_long did not understand, as one line. */
static void complain_unknown(const invocation *call, const options_row *rows, size_t count, char **argv)
{
  if (optopt >= ROW_CODE) {
    console_complain("%s--%s takes no value", call->prefix, rows[optopt - ROW_CODE].name);
  } else if (optopt) {
    console_complain("%sthere is no option -%c: see %s --help", call->prefix, optopt, call->usage);
  } else {
    complain_mistyped(call, rows, count, argv[optind - 1]);
  }
}

static bool check_whole(const invocation *call, const options_table *table, const options_row *rows, size_t count,
                        const bool *given, int operands, const char *first)
{
  for (size_t i = 0; i < count; ++i) {
    if (rows[i].required && !given[i]) {
      console_complain("%s--%s %s is missing: see %s --help", call->prefix, rows[i].name, rows[i].argument,
                       call->usage);
      return false;
    }
  }
  if (table->operands && operands == 0) {
    console_complain("%s%s is missing: see %s --help", call->prefix, table->operands, call->usage);
    return false;
  }
  if (!table->operands && operands > 0) {
    console_complain("%stakes options only, not '%s': see %s --help", call->prefix, first, call->usage);
    return false;
  }
  return true;
}

bool options_parse(const options_table *table, int argc, char **argv, options_common *common, int *first_operand,
                   int *exit_code)
{
  invocation called = {0};
  const invocation *call = name_call(&called, table, argv[0]);
  *common = (options_common){0};
  *exit_code = PROGRAM_USAGE;

  /* The rows of the table, and the one that all have who use a device. */
  options_row rows[MOST_ROWS];
  bool given[MOST_ROWS] = {false};
  const size_t count = table->row_count + (table->no_device ? 0 : 1);
  if (table->row_count) memcpy(rows, table->rows, table->row_count * sizeof *rows);
  if (!table->no_device) {
    rows[count - 1] = (options_row){.name = "device",
                                    .kind = OPTIONS_TEXT,
                                    .value = (void *)&common->device,
                                    .argument = table->all_devices ? "cpu|gpu|INDEX|all" : "cpu|gpu|INDEX",
                                    .help = "as clreid devices lists them (the fastest GPU, else a CPU)"};
  }

  struct option longs[MOST_ROWS + 3] = {{0}};
  for (size_t i = 0; i < count; ++i) {
    longs[i] = (struct option){rows[i].name, rows[i].kind == OPTIONS_FLAG ? no_argument : required_argument, NULL,
                               ROW_CODE + (int)i};
  }
  longs[count] = (struct option){"verbose", no_argument, NULL, 'v'};
  longs[count + 1] = (struct option){"help", no_argument, NULL, 'h'};

  opterr = 0;
  for (int code; (code = getopt_long(argc, argv, ":vh", longs, NULL)) != -1;) {
    if (code == 'h') {
      print_help(call, table, rows, count);
      *exit_code = PROGRAM_DONE;
      return false;
    }
    if (code == 'v') {
      common->verbose = true;
    } else if (code == ':') {
      console_complain("%s%s wants a value: see %s --help", call->prefix, argv[optind - 1], call->usage);
      return false;
    } else if (code == '?') {
      complain_unknown(call, rows, count, argv);
      return false;
    } else {
      const size_t row = (size_t)(code - ROW_CODE);
      if (!set_value(call, &rows[row], optarg, given[row])) return false;
      given[row] = true;
    }
  }
  if (common->device && !is_device(table, common->device)) {
    console_complain("%s--device wants cpu, gpu%s or an index, not '%s': see clreid devices", call->prefix,
                     table->all_devices ? ", all" : "", common->device);
    return false;
  }
  *first_operand = optind;
  return check_whole(call, table, rows, count, given, argc - optind, argv[optind]);
}
