/*
 * json.h - what the subcommands print with --json. The format is jansson's work; here is only how we call it.
 */
#ifndef JSON_H
#define JSON_H

#include <jansson.h>

/* A string value; text that is not UTF-8 (a driver may say anything) has its strange bytes replaced by '?'. */
json_t *json_text(const char *text);

/* Appends value to array, taking both; returns the array, or NULL if there was no memory for either. */
json_t *json_add(json_t *array, json_t *value);

/* Prints value, without a newline, and releases it. Failing to print shows at the last flush of stdout; returns an exit
 * code: PROGRAM_FAILED, after a complaint, if there was no memory (value may be NULL then). */
int json_show(json_t *value, size_t indent);

#endif
