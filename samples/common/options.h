/*
 * options.h - command lines as data: a program or subcommand describes its options in a table and gets them parsed,
 * checked and explained from it.
 *
 * Owns --help, --device and -v, which almost every one takes, and the strict reading of numbers.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum options_kind {
  OPTIONS_FLAG,   /* value: bool; giving it twice is giving it */
  OPTIONS_TEXT,   /* value: const char *, not empty */
  OPTIONS_TEXTS,  /* value: options_texts, not empty either; may be given again and again */
  OPTIONS_NUMBER, /* value: uint64_t, in decimal digits alone, from least to most; given once, as texts and words are */
  OPTIONS_SHARE,  /* value: double, from 0 to 1 */
  OPTIONS_REAL,   /* value: double, of digits and a point, from least to most */
  OPTIONS_WORD,   /* value: int, the place of the word among words */
} options_kind;

typedef struct options_texts {
  const char **items; /* for free(); the texts themselves are those of argv */
  size_t count;
} options_texts;

typedef struct options_row {
  const char *name; /* without the dashes */
  options_kind kind;
  void *value;          /* holds the default; left alone if the option is not given */
  const char *argument; /* as --help shows it; for a word all words: "fp32|fp16" */
  const char *help;
  bool required;
  uint64_t least, most;
} options_row;

typedef struct options_common {
  const char *device; /* "cpu", "gpu", an index in digits, "all" where the table allows it, or NULL */
  bool verbose;
} options_common;

typedef struct options_table {
  const char *summary;
  const char *operands; /* as --help shows them, at least one is needed; NULL: takes none */
  const options_row *rows;
  size_t row_count;
  bool all_devices; /* --device may be "all" */
  bool no_device;   /* there is no --device */
  bool program;     /* of a program, not of a subcommand */
} options_table;

/* Is "all" the device? */
bool options_all_devices(const options_common *common);

/* Reads argv (argv[0] is the subcommand's name, of a program anything) into the values of the table. Afterwards
 * argv[*first_operand ...] are the operands. Returns false if the program is to end with *exit_code: help was asked for
 * and printed, or the usage is wrong and one line says how. */
bool options_parse(const options_table *table, int argc, char **argv, options_common *common, int *first_operand,
                   int *exit_code);

#endif
