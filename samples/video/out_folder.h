/*
 * out_folder.h - the folder that results go to: its making, the paths in it, and that no input is written over.
 */
#ifndef OUT_FOLDER_H
#define OUT_FOLDER_H

#include "camera.h"

/* For free(); NULL: no memory. ending: ".npy". */
char *folder_path(const char *folder, const char *name, const char *ending);

/* Makes the folder if it is missing, and refuses one where a result would take the place of an input. */
clreid_status folder_prepare(const char *folder, const camera *cameras, size_t count, const char *weights,
                             clreid_error *error);

#endif
