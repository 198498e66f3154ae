/*
 * interrupt.h - an end by Ctrl-C (SIGINT, SIGTERM, SIGHUP), or by a driver that calls exit(), that leaves nothing
 * half-written behind.
 *
 * Guarded paths are removed before the process dies of the signal. A thread of its own waits for the signals, so the
 * cleaning up is ordinary code; the threads that come later (those of OpenCL too) inherit the blocked signals.
 */
#ifndef INTERRUPT_H
#define INTERRUPT_H

/* Begins to wait for the signals; call it before a device is opened. Guarding a path calls it too. */
void interrupt_start(void);

/* From here on path (borrowed) is removed on an interrupt, a file or an empty folder. Guard before it is created. What
 * was guarded last is removed first. At most 8 at a time. */
void interrupt_guard(const char *path);
void interrupt_forget(const char *path);

/* Between the two an interrupt waits: for a short work that makes files of its own and must be done or not done. */
void interrupt_hold(void);
void interrupt_release(void);

#endif
