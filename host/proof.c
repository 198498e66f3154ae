/*
 * proof.c - see proof.h: the memory of known answers, and what becomes of a variant that is wrong.
 */
#include "proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "known.h"

enum { MOST_ROWS = 4096, MOST_BYTES = 1 << 20, ROW = 256 };
static const char head[] = "clreid-proofs 1 ";
static const char *const words[] = {[CR_GOOD] = "good ", [CR_WRONG] = "wrong "};

struct cr_proof {
  char row[ROW]; /* as in the file, without its newline */
  bool is_new;
};

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* "KEY KERNEL LOCAL": what a row is found by. */
static void identity_of(const cr_step *step, char text[ROW])
{
  snprintf(text, ROW, "%s %zux%zux%zu ", step->kernel_key, step->local[0], step->local[1], step->local[2]);
}

static cr_verdict verdict_in(const char *row, const char *identity)
{
  for (int v = CR_GOOD; v <= CR_WRONG; v++) {
    const size_t length = strlen(words[v]);
    if (!strncmp(row, words[v], length) && !strncmp(row + length, identity, strlen(identity))) return (cr_verdict)v;
  }
  return CR_UNKNOWN;
}

/* Under the device's mutex. */
static void add(cr_device *device, const char *row, size_t length, bool is_new)
{
  if (device->proof_count == MOST_ROWS || length >= ROW) return;
  cr_proof *larger = realloc(device->proofs, (device->proof_count + 1) * sizeof *larger);
  if (!larger) return; /* asked for again at the next start */
  device->proofs = larger;
  cr_proof *proof = &larger[device->proof_count++];
  memcpy(proof->row, row, length);
  proof->row[length] = 0;
  proof->is_new = is_new;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static bool file_path(const cr_device *device, char *path, size_t size)
{
  return device->cache_folder && *device->cache_folder &&
         snprintf(path, size, "%s/proofs.rows", device->cache_folder) < (int)size;
}

/* The rows behind a head that fits them; NULL: none. */
static const char *rows_of(const cr_mapping *file)
{
  char expected[64];
  const char *text = (const char *)file->bytes;
  const char *newline = file->size ? memchr(text, '\n', file->size) : NULL;
  if (!newline || file->size > MOST_BYTES) return NULL;
  const size_t length = (size_t)(newline + 1 - text);
  const int wanted = snprintf(expected, sizeof expected, "%s%016llx\n", head,
                              (unsigned long long)XXH3_64bits(file->bytes + length, file->size - length));
  return (size_t)wanted == length && !memcmp(text, expected, length) ? newline + 1 : NULL;
}

/* Under the device's mutex, once. */
static void load(cr_device *device)
{
  char path[1200];
  cr_mapping file;
  if (device->proofs_loaded) return;
  device->proofs_loaded = true;
  if (!file_path(device, path, sizeof path) || cr_map(path, &file, NULL) != CLREID_OK) return;
  const char *at = rows_of(&file), *end = (const char *)file.bytes + file.size;
  if (!at) cr_say(&device->log, "%s is damaged: known answers are asked for again", path);
  while (at && at < end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    if (!newline) break;
    add(device, at, (size_t)(newline - at), false);
    at = newline + 1;
  }
  cr_unmap(&file);
}

static clreid_status write_file(const char *path, const char *text, size_t size, clreid_error *error)
{
  char first[64];
  cr_file *file = NULL;
  const int length = snprintf(first, sizeof first, "%s%016llx\n", head, (unsigned long long)XXH3_64bits(text, size));
  CR_TRY(cr_file_create(path, &file, error));
  clreid_status status = cr_file_write(file, first, (size_t)length, error);
  if (status == CLREID_OK) status = cr_file_write(file, text, size, error);
  if (status == CLREID_OK) return cr_file_commit(file, error);
  cr_file_abandon(file);
  return status;
}

/* How many rows are new, and how many of those are wrong; none is new from now on. Under the device's mutex. */
static void count_new(cr_device *device, size_t *added, size_t *wrong)
{
  *added = *wrong = 0;
  for (size_t i = 0; i < device->proof_count; i++) {
    *added += device->proofs[i].is_new;
    *wrong += device->proofs[i].is_new && device->proofs[i].row[0] == words[CR_WRONG][0];
    device->proofs[i].is_new = false;
  }
}

static char *write_rows(const cr_device *device, size_t *size)
{
  char *text = malloc(device->proof_count * ROW + 1);
  *size = 0;
  for (size_t i = 0; text && i < device->proof_count; i++)
    *size += (size_t)sprintf(text + *size, "%s\n", device->proofs[i].row);
  return text;
}

/* Another process may have written the file since: what it added is asked for again, nothing worse. */
void cr_proofs_save(cr_device *device)
{
  char path[1200];
  clreid_error error = {CLREID_OK, ""};
  size_t size = 0, added, wrong;
  cr_mutex_lock(device->mutex);
  count_new(device, &added, &wrong);
  char *text = added ? write_rows(device, &size) : NULL;
  cr_mutex_unlock(device->mutex);
  if (!added) return;
  cr_say(&device->log, "%zu variants were asked for a known answer, %zu gave a wrong one", added, wrong);
  if (text && file_path(device, path, sizeof path) &&
      (cr_make_folders(device->cache_folder, &error) != CLREID_OK || write_file(path, text, size, &error) != CLREID_OK))
    cr_say(&device->log, "known answers are not remembered: %s", error.text);
  free(text);
}

void cr_proofs_free(cr_device *device)
{
  free(device->proofs);
}

/* ---- Verdicts ---------------------------------------------------------------------------------------------------- */

cr_verdict cr_proof_of(const cr_step *step)
{
  cr_device *device = step->queue->device;
  char identity[ROW];
  cr_verdict verdict = CR_UNKNOWN;
  identity_of(step, identity);
  cr_mutex_lock(device->mutex);
  load(device);
  for (size_t i = 0; i < device->proof_count && !verdict; i++) verdict = verdict_in(device->proofs[i].row, identity);
  cr_mutex_unlock(device->mutex);
  return verdict;
}

static void keep(const cr_step *step, cr_verdict verdict)
{
  cr_device *device = step->queue->device;
  char identity[ROW], row[2 * ROW];
  identity_of(step, identity);
  const int length = snprintf(row, sizeof row, "%s%s%s", words[verdict], identity, step->variant);
  cr_mutex_lock(device->mutex);
  add(device, row, (size_t)length, true);
  cr_mutex_unlock(device->mutex);
}

/* What is asked, of the step's kernel, and with what beside it. */
typedef clreid_status question(const cr_step *step, const void *what, bool *wrong, clreid_error *reason);

static clreid_status ask_operator(const cr_step *step, const void *nothing, bool *wrong, clreid_error *reason)
{
  (void)nothing;
  return cr_known_answer(step, wrong, reason);
}

static clreid_status ask_resize(const cr_step *step, const void *spec, bool *wrong, clreid_error *reason)
{
  return cr_known_resize(step->queue, spec, wrong, reason);
}

static clreid_status ask_search(const cr_step *step, const void *spec, bool *wrong, clreid_error *reason)
{
  return cr_known_search(step->queue, spec, wrong, reason);
}

static clreid_status ask_deliver(const cr_step *step, const void *spec, bool *wrong, clreid_error *reason)
{
  const cr_deliver_spec *asked = spec;
  return cr_known_deliver(step->queue, asked->columns, step->op.half, asked->plain, wrong, reason);
}

/* *reason says what is wrong if the answer is asked for now. What a driver's call says is no verdict: the status. */
static clreid_status find_out(const cr_step *step, question *ask, const void *what, cr_verdict *verdict,
                              clreid_error *reason)
{
  *verdict = cr_proof_of(step);
  if (*verdict != CR_UNKNOWN) return CLREID_OK;
  bool wrong;
  CR_TRY(ask(step, what, &wrong, reason));
  *verdict = wrong ? CR_WRONG : CR_GOOD;
  keep(step, *verdict);
  return CLREID_OK;
}

/* Drivers compile at a first launch: one thread at a time. A library's product (CLBlast) has no kernel here. */
static clreid_status prove(const cr_step *step, question *ask, const void *what, cr_verdict *verdict,
                           clreid_error *reason)
{
  cr_device *device = step->queue->device;
  *verdict = CR_GOOD;
  if (!*step->kernel_key) return CLREID_OK;
  *verdict = cr_proof_of(step);
  if (*verdict != CR_UNKNOWN) return CLREID_OK;
  cr_device_compile_alone(device);
  const clreid_status status = find_out(step, ask, what, verdict, reason);
  cr_device_compile_done(device);
  return status;
}

/* Is it good? If it is not, the log is told that the plain variant follows; that of a plain one is an error. */
static clreid_status judge(const cr_step *step, question *ask, const void *what, bool is_plain, bool *good,
                           clreid_error *error)
{
  clreid_error reason = {CLREID_OK, "as it was before"};
  cr_verdict verdict;
  const clreid_status status = prove(step, ask, what, &verdict, &reason);
  *good = status == CLREID_OK && verdict == CR_GOOD;
  if (status != CLREID_OK) return cr_fail(error, status, "%s", reason.text);
  if (!*good && is_plain)
    return cr_fail(error, CLREID_DEVICE_FAILED,
                   "%s: %s gives wrong numbers (%s), and there is no plainer variant; use another device or driver",
                   step->op.name, step->variant, reason.text);
  if (!*good)
    cr_say(&step->queue->device->log, "%s: %s gives wrong numbers and is replaced by its plain variant: %s",
           step->op.name, step->variant, reason.text);
  return CLREID_OK;
}

/* ---- What is made once it is good -------------------------------------------------------------------------------- */

clreid_status cr_step_create_proven(cr_queue *queue, const cr_op *op, int largest_batch, cr_step **result,
                                    clreid_error *error)
{
  cr_op tried = *op;
  for (bool good = false; !good; tried.plain = true) {
    cr_step *step;
    CR_TRY(cr_step_create(queue, &tried, largest_batch, &step, error));
    const clreid_status status = judge(step, ask_operator, NULL, tried.plain, &good, error);
    if (good)
      *result = step;
    else
      cr_step_destroy(step);
    CR_TRY(status);
  }
  return CLREID_OK;
}

clreid_status cr_resize_create_proven(cr_queue *queue, const cr_resize_spec *spec, const cr_view *output,
                                      int largest_batch, cr_resize **result, clreid_error *error)
{
  cr_resize_spec tried = *spec;
  for (bool good = false; !good; tried.plain = true) {
    cr_resize *resize;
    CR_TRY(cr_resize_create(queue, &tried, output, largest_batch, &resize, error));
    tried.plain = cr_resize_by_pixels(resize);
    const clreid_status status = judge(cr_resize_step(resize), ask_resize, &tried, tried.plain, &good, error);
    if (good)
      *result = resize;
    else
      cr_resize_destroy(resize);
    CR_TRY(status);
  }
  return CLREID_OK;
}

clreid_status cr_search_create_proven(cr_queue *queue, const cr_search_spec *spec, cr_search **result,
                                      clreid_error *error)
{
  cr_search_spec tried = *spec;
  for (bool good = false; !good; tried.plain = true) {
    cr_search *search;
    CR_TRY(cr_search_create(queue, &tried, &search, error));
    cr_search_spec like = tried;
    like.tile = cr_search_tile(search);
    const clreid_status status = judge(cr_search_step(search), ask_search, &like, tried.plain, &good, error);
    if (good)
      *result = search;
    else
      cr_search_destroy(search);
    CR_TRY(status);
  }
  return CLREID_OK;
}

/* Of both tensors. */
static clreid_status judge_deliver(const cr_deliver *deliver, const cr_deliver_spec *spec, bool *good,
                                   clreid_error *error)
{
  *good = true;
  for (int which = 0; which < CR_DELIVERIES && *good; which++)
    CR_TRY(judge(cr_deliver_step(deliver, which), ask_deliver, spec, spec->plain, good, error));
  return CLREID_OK;
}

clreid_status cr_deliver_create_proven(cr_queue *queue, const cr_deliver_spec *spec, int largest_batch,
                                       cr_deliver **result, clreid_error *error)
{
  cr_deliver_spec tried = *spec;
  for (bool good = false; !good; tried.plain = true) {
    cr_deliver *deliver;
    CR_TRY(cr_deliver_create(queue, &tried, largest_batch, &deliver, error));
    const clreid_status status = judge_deliver(deliver, &tried, &good, error);
    if (good)
      *result = deliver;
    else
      cr_deliver_destroy(deliver);
    CR_TRY(status);
  }
  return CLREID_OK;
}
