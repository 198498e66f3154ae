/*
 * progress.h - a progress bar on stderr, where stderr is a terminal; silence elsewhere.
 *
 * There is one bar at a time, as there is one terminal. Thread rule: the main thread alone.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stddef.h>

void progress_start(const char *what, size_t total); /* 0: nobody knows. Where more is done than total, none is shown */
void progress_show(size_t done);                     /* draws at most ten times a second */
void progress_clear(void); /* wipes the line, before another line is printed or at the end; harmless without a bar */

#endif
