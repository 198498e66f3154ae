/*
 * test_slab.c - proves host/slab.c: pieces are aligned and apart, live as long as they are held, and large ones are
 * alone.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "support.h"

#include "slab.h"
#include "system.h"

enum { PIECES = 300, ALIGNED = 256, MOST_TAKEN = 64 };

/* Pages that were taken and are not free. */
static void *_Atomic taken[MOST_TAKEN];

void *__real_cr_pages_take(size_t bytes);
void *__wrap_cr_pages_take(size_t bytes);
void __real_free(void *memory);
void __wrap_free(void *memory);

void *__wrap_cr_pages_take(size_t bytes)
{
  void *memory = __real_cr_pages_take(bytes), *none = NULL;
  int i = 0;
  while (memory && i < MOST_TAKEN && !atomic_compare_exchange_strong(&taken[i], &none, memory)) i++, none = NULL;
  assert_true(i < MOST_TAKEN);
  return memory;
}

void __wrap_free(void *memory)
{
  for (int i = 0; memory && i < MOST_TAKEN; i++) {
    void *one = memory;
    if (atomic_compare_exchange_strong(&taken[i], &one, NULL)) break;
  }
  __real_free(memory);
}

static int count_taken(void)
{
  int count = 0;
  for (int i = 0; i < MOST_TAKEN; i++) count += taken[i] != NULL;
  return count;
}

static size_t bytes_of(int i)
{
  return (size_t)support_random((uint64_t)i, 1, 1 << 20);
}

/* Each piece is filled with its own byte; all are looked at once all are filled. */
static void pieces_are_apart(void **state)
{
  (void)state;
  cr_device device = {.mutex = cr_mutex_create()};
  cr_piece piece[PIECES];
  const cr_slab *first = NULL;
  bool several = false;
  for (int i = 0; i < PIECES; i++) {
    piece[i] = cr_slab_take(&device, bytes_of(i));
    if (!piece[i].slab) {
      print_message("SKIPPED: no large pages here\n");
      skip();
    }
    assert_int_equal((uintptr_t)piece[i].memory % ALIGNED, 0);
    memset(piece[i].memory, i & 255, bytes_of(i));
    first = first ? first : piece[i].slab;
    several |= piece[i].slab != first;
  }
  assert_true(several); /* 150 MB do not fit one */
  assert_true(count_taken() > 1);
  cr_slab_give(device.slab); /* as a device that is closed before its buffers are freed */
  for (int turn = 0; turn < 2; turn++)
    for (int i = turn; i < PIECES; i += 2) {
      const unsigned char *memory = piece[i].memory;
      for (size_t at = 0; at < bytes_of(i); at += 997) assert_int_equal(memory[at], i & 255);
      assert_int_equal(memory[bytes_of(i) - 1], i & 255);
      cr_slab_give(piece[i].slab);
    }
  assert_int_equal(count_taken(), 0);
  cr_mutex_destroy(device.mutex);
}

/* Of which nobody has a piece any more. */
static void a_slab_begins_anew(void **state)
{
  (void)state;
  cr_device device = {.mutex = cr_mutex_create()};
  const cr_piece a = cr_slab_take(&device, 1000), b = cr_slab_take(&device, 1000);
  if (!a.slab) {
    print_message("SKIPPED: no large pages here\n");
    skip();
  }
  assert_int_equal(count_taken(), 1);
  cr_slab_give(a.slab);
  const cr_piece behind = cr_slab_take(&device, 1000); /* the other piece is still in use */
  assert_true((char *)behind.memory > (char *)b.memory);
  cr_slab_give(b.slab);
  cr_slab_give(behind.slab);
  const cr_piece again = cr_slab_take(&device, 1000);
  assert_ptr_equal(again.memory, a.memory);
  cr_slab_give(again.slab);
  cr_slab_give(device.slab);
  assert_int_equal(count_taken(), 0);
  cr_mutex_destroy(device.mutex);
}

static void small_pieces_share_and_large_ones_do_not(void **state)
{
  (void)state;
  cr_device device = {.mutex = cr_mutex_create()};
  const cr_piece a = cr_slab_take(&device, 1000), large = cr_slab_take(&device, (size_t)100 << 20),
                 b = cr_slab_take(&device, 1000), alone = cr_slab_take_alone(1000);
  if (!a.slab) {
    print_message("SKIPPED: no large pages here\n");
    skip();
  }
  assert_ptr_equal(a.slab, b.slab);
  assert_ptr_equal(a.slab, device.slab);
  assert_int_equal((char *)b.memory - (char *)a.memory, 1024);
  assert_ptr_not_equal(large.slab, a.slab);
  assert_ptr_not_equal(alone.slab, a.slab);
  ((char *)large.memory)[((size_t)100 << 20) - 1] = 1;
  const cr_piece all[] = {a, large, b, alone};
  for (int i = 0; i < 4; i++) cr_slab_give(all[i].slab);
  cr_slab_give(device.slab);
  cr_slab_give(NULL);
  cr_mutex_destroy(device.mutex);
}

/* Threads that take and give from one device, each piece with its own byte. */
static void *take_and_give(void *user)
{
  cr_device *device = user;
  for (int turn = 0; turn < 2000; turn++) {
    const size_t bytes = 1 + (size_t)turn * 37 % 5000;
    const cr_piece piece = cr_slab_take(device, bytes);
    if (!piece.slab) return device;
    memset(piece.memory, turn & 255, bytes);
    for (size_t at = 0; at < bytes; at++)
      if (((unsigned char *)piece.memory)[at] != (turn & 255)) return device;
    cr_slab_give(piece.slab);
  }
  return NULL;
}

static void threads_take_and_give(void **state)
{
  enum { THREADS = 8 };
  (void)state;
  cr_device device = {.mutex = cr_mutex_create()};
  pthread_t thread[THREADS];
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&thread[i], NULL, take_and_give, &device), 0);
  for (int i = 0; i < THREADS; i++) {
    void *failed = NULL;
    pthread_join(thread[i], &failed);
    assert_null(failed);
  }
  const cr_piece again = cr_slab_take(&device, 1); /* all are back: from the beginning */
  const cr_piece next = cr_slab_take(&device, 1);
  assert_int_equal((char *)next.memory - (char *)again.memory, ALIGNED);
  cr_slab_give(again.slab);
  cr_slab_give(next.slab);
  cr_slab_give(device.slab);
  cr_mutex_destroy(device.mutex);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pieces_are_apart),
      cmocka_unit_test(a_slab_begins_anew),
      cmocka_unit_test(small_pieces_share_and_large_ones_do_not),
      cmocka_unit_test(threads_take_and_give),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
