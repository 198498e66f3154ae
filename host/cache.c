/*
 * cache.c - see cache.h for the format.
 */
#include "cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static const char magic[8] = "clreid1";
enum { HEAD = sizeof magic + sizeof(XXH64_hash_t) };

static void add_text(XXH3_state_t *state, const char *text)
{
  XXH3_128bits_update(state, text, strlen(text) + 1); /* with its end, so that no two lists of texts are alike */
}

cr_cache_key cr_cache_make_key(const cr_device *device, const char *source, const char *options)
{
  const cr_facts *facts = &device->facts;
  const char *parts[] = {magic,         CLREID_VERSION, source,        options,         facts->name,
                         facts->vendor, facts->version, facts->driver, facts->platform, facts->platform_version};
  cr_cache_key key = {""};
  XXH3_state_t *state = XXH3_createState();
  if (!state) return key;
  XXH3_128bits_reset(state);
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) add_text(state, parts[i]);
  const XXH128_hash_t hash = XXH3_128bits_digest(state);
  XXH3_freeState(state);
  snprintf(key.text, sizeof key.text, "%016llx%016llx", (unsigned long long)hash.high64,
           (unsigned long long)hash.low64);
  return key;
}

static bool entry_path(const cr_device *device, const cr_cache_key *key, char *path, size_t size)
{
  return device->cache_folder && *key->text &&
         snprintf(path, size, "%s/%s.clbin", device->cache_folder, key->text) < (int)size;
}

bool cr_cache_read(const cr_device *device, const cr_cache_key *key, unsigned char **binary, size_t *size)
{
  char path[1200];
  cr_mapping file;
  if (!entry_path(device, key, path, sizeof path) || cr_map(path, &file, NULL) != CLREID_OK) return false;
  XXH64_hash_t hash = 0;
  bool good = file.size > HEAD && !memcmp(file.bytes, magic, sizeof magic);
  if (good) {
    memcpy(&hash, file.bytes + sizeof magic, sizeof hash);
    good = hash == XXH3_64bits(file.bytes + HEAD, file.size - HEAD);
  }
  *size = good ? file.size - HEAD : 0;
  *binary = good ? malloc(*size) : NULL;
  if (*binary) memcpy(*binary, file.bytes + HEAD, *size);
  cr_unmap(&file);
  if (!good) {
    cr_say(&device->log, "the cached program %s is damaged: dropped", path);
    cr_cache_drop(device, key);
  }
  return *binary != NULL;
}

void cr_cache_write(const cr_device *device, const cr_cache_key *key, const unsigned char *binary, size_t size)
{
  char path[1200];
  clreid_error error = {CLREID_OK, ""};
  cr_file *file = NULL;
  if (!entry_path(device, key, path, sizeof path)) return;
  const XXH64_hash_t hash = XXH3_64bits(binary, size);
  if (cr_make_folders(device->cache_folder, &error) == CLREID_OK && cr_file_create(path, &file, &error) == CLREID_OK &&
      cr_file_write(file, magic, sizeof magic, &error) == CLREID_OK &&
      cr_file_write(file, &hash, sizeof hash, &error) == CLREID_OK &&
      cr_file_write(file, binary, size, &error) == CLREID_OK) {
    if (cr_file_commit(file, &error) == CLREID_OK) return;
    file = NULL; /* commit frees it in every case */
  }
  cr_file_abandon(file);
  cr_say(&device->log, "the program is not cached: %s", error.text);
}

void cr_cache_drop(const cr_device *device, const cr_cache_key *key)
{
  char path[1200];
  if (entry_path(device, key, path, sizeof path)) remove(path);
}
