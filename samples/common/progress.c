/*
 * progress.c - see progress.h.
 */
#include "progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"

enum { BAR_CELLS = 24 };

static struct {
  const char *what;
  size_t total;
  double started, drawn; /* seconds */
  bool active, visible;
} bar;

void progress_start(const char *what, size_t total)
{
  bar.what = what;
  bar.total = total;
  bar.started = bar.drawn = clock_seconds();
  bar.active = isatty(STDERR_FILENO) == 1;
  bar.visible = false;
}

void progress_show(size_t done)
{
  const double now = clock_seconds();
  if (!bar.active || (now - bar.drawn < 0.1 && done != bar.total)) return;
  bar.drawn = now;
  bar.visible = true;
  const double rate = now > bar.started ? (double)done / (now - bar.started) : 0;

  if (done > bar.total) { /* a file announced fewer, or nothing */
    fprintf(stderr, "\r%s %zu, %.1f/s\033[K", bar.what, done, rate);
    fflush(stderr);
    return;
  }
  char cells[BAR_CELLS + 1];
  const int full = bar.total ? (int)((double)done / (double)bar.total * BAR_CELLS) : 0;
  for (int i = 0; i < BAR_CELLS; ++i) cells[i] = i < full ? '#' : '.';
  cells[BAR_CELLS] = '\0';
  const double left = rate > 0 ? (double)(bar.total - done) / rate : 0;
  fprintf(stderr, "\r%s [%s] %zu/%zu, %.1f/s, %.0f s left\033[K", bar.what, cells, done, bar.total, rate, left);
  fflush(stderr);
}

void progress_clear(void)
{
  if (!bar.visible) return;
  bar.visible = false;
  fprintf(stderr, "\r\033[K");
  fflush(stderr);
}
