/*
 * movie.c - see movie.h.
 */
#include "movie.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/error.h>
#include <libavutil/log.h>

static clreid_log *log_to;
static void *log_user;

/* libav calls this from its decoders' threads too. Its lines may come in pieces; each piece is shown as a line. */
static void show_line(void *context, int level, const char *format, va_list arguments)
{
  if (!log_to || level > AV_LOG_WARNING) return;
  char text[512];
  int prefix = 1;
  const int length = av_log_format_line2(context, level, format, arguments, text, sizeof text, &prefix);
  if (length < 0) return;
  text[strcspn(text, "\n")] = '\0';
  if (*text) log_to(log_user, text);
}

static void take_log(void)
{
  av_log_set_callback(show_line);
}

void movie_silence(void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, take_log);
}

void movie_log_to(clreid_log *log, void *user)
{
  log_to = log;
  log_user = user;
  movie_silence();
}

const char *movie_reason(int number, char text[MOVIE_REASON_BYTES])
{
  if (av_strerror(number, text, MOVIE_REASON_BYTES) != 0) snprintf(text, MOVIE_REASON_BYTES, "error %d", number);
  return text;
}
