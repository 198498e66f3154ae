/*
 * cache.h - compiled programs on disk, so that a second start does not compile.
 *
 * An entry is FOLDER/KEY.clbin: an 8-byte magic with the format's version, the XXH3 hash of what follows, the driver's
 * binary. KEY is the 128-bit XXH3 hash of source, options, device, driver, platform and library version. Entries are
 * written aside and renamed; one that is cut or altered is dropped. No failure here is an error: the program is built
 * from source.
 */
#ifndef CR_CACHE_H
#define CR_CACHE_H

#include "device.h"

typedef struct cr_cache_key {
  char text[33]; /* hexadecimal */
} cr_cache_key;

cr_cache_key cr_cache_make_key(const cr_device *device, const char *source, const char *options);
bool cr_cache_read(const cr_device *device, const cr_cache_key *key, unsigned char **binary, size_t *size);
void cr_cache_write(const cr_device *device, const cr_cache_key *key, const unsigned char *binary, size_t size);
void cr_cache_drop(const cr_device *device, const cr_cache_key *key);

#endif
