/*
 * test_report.c - proves host/report.c: errors are one line whatever they quote, and log lines come one by one.
 */
#include "support.h"

#include "report.h"

static void an_error_is_one_line(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  assert_int_equal(cr_fail(&error, CLREID_INVALID_FILE, "no file '%s'", "a\nb\tc\r\x1b[31md\x7f"), CLREID_INVALID_FILE);
  assert_int_equal(error.status, CLREID_INVALID_FILE);
  assert_string_equal(error.text, "no file 'a?b?c??[31md?'");
  cr_fail(&error, CLREID_INVALID_FILE, "%s", "Zürich, 北京"); /* what is not control stays */
  assert_string_equal(error.text, "Zürich, 北京");
  assert_int_equal(cr_fail(NULL, CLREID_NOT_FINITE, "nobody %s", "asks"), CLREID_NOT_FINITE);
}

static void a_long_error_is_cut(void **state)
{
  (void)state;
  clreid_error error;
  memset(&error, 'x', sizeof error);
  cr_fail(&error, CLREID_INVALID_FILE, "%02000d", 1);
  assert_int_equal(strlen(error.text), CLREID_ERROR_TEXT_BYTES - 1);
}

static void note(void *user, const char *line)
{
  char *all = user;
  strcat(strcat(all, line), "|");
}

static void a_log_line_is_one_line(void **state)
{
  (void)state;
  char all[256] = "";
  const cr_log log = {note, all};
  cr_say(&log, "built %s with %d\n\n%s", "conv", 3, "error: no\n\twarning: yes\n");
  assert_string_equal(all, "built conv with 3|error: no|?warning: yes|");
  cr_say(NULL, "nobody hears %d", 1);
  cr_say(&(cr_log){NULL, NULL}, "nobody hears %d", 1);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_error_is_one_line),
      cmocka_unit_test(a_long_error_is_cut),
      cmocka_unit_test(a_log_line_is_one_line),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
