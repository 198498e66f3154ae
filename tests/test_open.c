/*
 * test_open.c - proves host/device.c and host/buffer.c: the list, the choice, and what lives how long.
 *
 * PoCL is told to offer two devices, so that an index has something to choose from.
 */
#include "support.h"

#include "buffer.h"

static cr_facts *list;
static size_t count, default_index;

static int read_list(void **state)
{
  clreid_error error = {CLREID_OK, ""};
  (void)state;
  if (cr_devices_list(&list, &count, &default_index, NULL, &error) == CLREID_OK) return 0;
  fprintf(stderr, "no device to test on: %s\n", error.text);
  return -1;
}

static int free_list(void **state)
{
  (void)state;
  free(list);
  return 0;
}

static clreid_status open_as(const char *choice, cr_facts *facts, clreid_error *error)
{
  cr_device *device;
  const clreid_status status = cr_device_open(&(cr_device_config){.choice = choice}, &device, error);
  if (status != CLREID_OK) return status;
  *facts = *cr_device_facts(device);
  cr_device_release(device);
  return CLREID_OK;
}

static void facts_are_there(void **state)
{
  (void)state;
  assert_true(count >= 1 && default_index < count);
  for (size_t i = 0; i < count; i++) {
    const cr_facts *f = &list[i];
    printf("%d: %s, %s, %s, %u units, float%u\n", f->index, f->name, f->platform, f->version, f->compute_units,
           f->float_vector_width);
    assert_int_equal(f->index, i);
    assert_true(*f->name && *f->platform && *f->version && *f->driver && *f->vendor && *f->platform_version);
    assert_true(f->usable == !*f->problem);
    if (f->usable)
      assert_true(f->compute_units && f->float_vector_width && f->global_memory_bytes && f->largest_buffer_bytes &&
                  f->largest_work_group);
  }
}

static void choice_by_type_and_default(void **state)
{
  (void)state;
  static const struct {
    const char *choice;
    cr_device_type type;
  } choices[] = {{"cpu", CR_DEVICE_CPU}, {"gpu", CR_DEVICE_GPU}};
  cr_facts facts;
  clreid_error error = {CLREID_OK, ""};
  for (size_t c = 0; c < 2; c++) {
    size_t usable = 0;
    for (size_t i = 0; i < count; i++) usable += list[i].usable && list[i].type == choices[c].type;
    if (usable) {
      assert_int_equal(open_as(choices[c].choice, &facts, &error), CLREID_OK);
      assert_int_equal(facts.type, choices[c].type);
    } else {
      assert_int_equal(open_as(choices[c].choice, &facts, &error), CLREID_UNSUPPORTED_DEVICE);
      printf("%s\n", error.text);
      assert_non_null(strstr(error.text, choices[c].choice));
    }
  }
  assert_int_equal(open_as(NULL, &facts, &error), CLREID_OK);
  assert_int_equal(facts.index, default_index);
}

static void choice_by_index(void **state)
{
  (void)state;
  for (size_t i = 0; i < count; i++) {
    char choice[24];
    cr_facts facts;
    clreid_error error = {CLREID_OK, ""};
    snprintf(choice, sizeof choice, "%zu", i);
    const clreid_status status = open_as(choice, &facts, &error);
    assert_int_equal(status, list[i].usable ? CLREID_OK : CLREID_UNSUPPORTED_DEVICE);
    if (status == CLREID_OK) assert_int_equal(facts.index, i);
  }
  char beyond[24];
  cr_facts facts;
  clreid_error error = {CLREID_OK, ""};
  snprintf(beyond, sizeof beyond, "%zu", count);
  assert_int_equal(open_as(beyond, &facts, &error), CLREID_UNSUPPORTED_DEVICE);
  assert_non_null(strstr(error.text, "there is no device"));
}

static void choices_that_cannot_be(void **state)
{
  (void)state;
  static const struct {
    const char *choice;
    clreid_status status;
  } choices[] = {
      {"", CLREID_INVALID_ARGUMENT},     {"tpu", CLREID_INVALID_ARGUMENT},
      {"-1", CLREID_INVALID_ARGUMENT},   {" 0", CLREID_INVALID_ARGUMENT},
      {"0x", CLREID_INVALID_ARGUMENT},   {"cpu ", CLREID_INVALID_ARGUMENT},
      {"99", CLREID_UNSUPPORTED_DEVICE}, {"99999999999999999999999", CLREID_UNSUPPORTED_DEVICE},
  };
  for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
    cr_facts facts;
    clreid_error error = {CLREID_OK, ""};
    assert_int_equal(open_as(choices[i].choice, &facts, &error), choices[i].status);
    assert_int_equal(error.status, choices[i].status);
    assert_non_null(strstr(error.text, choices[i].choice));
    char number[24];
    snprintf(number, sizeof number, "%zu devices", count);
    assert_non_null(strstr(error.text, number)); /* how many there are */
  }
}

/* A buffer keeps its device, whatever the order of the ends. */
static void what_is_held_lives(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  cr_device *device;
  cr_buffer *buffer;
  cr_queue *queue;
  char data[100] = "held", back[100] = "";
  assert_int_equal(cr_device_open(&(cr_device_config){.choice = support_choice()}, &device, &error), CLREID_OK);
  assert_int_equal(cr_buffer_create(device, sizeof data, data, &buffer, &error), CLREID_OK);
  assert_int_equal(cr_queue_create(device, &queue, &error), CLREID_OK);
  assert_int_equal(device->references, 3);
  cr_device_release(device);
  cr_buffer_retain(buffer);
  cr_buffer_release(buffer);
  assert_int_equal(cr_buffer_bytes(buffer), sizeof data);
  assert_int_equal(cr_queue_write(queue, buffer, 4, 3, "on", &error), CLREID_OK);
  assert_int_equal(cr_queue_read(queue, buffer, 0, sizeof back, back, &error), CLREID_OK);
  assert_string_equal(back, "heldon");
  assert_int_equal(cr_queue_finish(queue, &error), CLREID_OK);
  assert_int_equal(cr_queue_read(queue, buffer, 90, 20, back, &error), CLREID_DEVICE_FAILED);
  assert_non_null(strstr(error.text, "clEnqueueReadBuffer failed with CL_INVALID_VALUE (-30)"));
  cr_queue_destroy(queue);
  cr_buffer_release(buffer);
  cr_buffer_release(NULL);
  cr_queue_destroy(NULL);
  cr_device_release(NULL);
}

static void a_buffer_larger_than_the_device_allows(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  cr_device *device;
  cr_buffer *buffer;
  char number[24];
  assert_int_equal(cr_device_open(&(cr_device_config){.choice = support_choice()}, &device, &error), CLREID_OK);
  const uint64_t largest = cr_device_facts(device)->largest_buffer_bytes;
  assert_int_equal(cr_buffer_create(device, largest + 1, NULL, &buffer, &error), CLREID_OUT_OF_DEVICE_MEMORY);
  snprintf(number, sizeof number, "%llu", (unsigned long long)largest);
  assert_non_null(strstr(error.text, number));
  snprintf(number, sizeof number, "%llu", (unsigned long long)largest + 1);
  assert_non_null(strstr(error.text, number));
  cr_device_release(device);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(facts_are_there),    cmocka_unit_test(choice_by_type_and_default),
      cmocka_unit_test(choice_by_index),    cmocka_unit_test(choices_that_cannot_be),
      cmocka_unit_test(what_is_held_lives), cmocka_unit_test(a_buffer_larger_than_the_device_allows),
  };
  if (!getenv("POCL_DEVICES")) setenv("POCL_DEVICES", "pthread basic", 0);
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, read_list, free_list);
}
