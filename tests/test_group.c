/*
 * test_group.c - proves lib/group.c: a batch spread over several devices comes back whole and in order, with the bits
 * of each device alone, also where a member fails.
 *
 * PoCL is told to show two devices; where there is one all the same, it is opened twice. The
 * linker sends clEnqueueNDRangeKernel through this file (tests/CMakeLists.txt), which lets one device fail.
 */
#include "support.h"

#include "api.h"
#include "clreid/clreid_group.h"
#include "folder.h"
#include "group.h"

enum { DEVICES = 2, PICTURES = 11, WIDTH = 40, HEIGHT = 90, MOST_FEATURES = 4096 };

static folder files;
static clreid_device *devices[DEVICES];
static uint8_t pixels[PICTURES][HEIGHT][WIDTH][3];
static clreid_picture pictures[PICTURES];
static size_t length;                                     /* D */
static float alone[DEVICES][2][PICTURES * MOST_FEATURES]; /* neck and pooled of each device by itself */
static float neck[PICTURES * MOST_FEATURES], pooled[PICTURES * MOST_FEATURES];
static char said[8192];
static cr_mutex *saying;

/* ---- A device that fails ----------------------------------------------------------------------------------------- */

static cl_context failing[DEVICES]; /* contexts whose launches fail, or NULL */

cl_int __real_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset,
                                     const size_t *global, const size_t *local, cl_uint waits, const cl_event *wait,
                                     cl_event *event);
cl_int __wrap_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset,
                                     const size_t *global, const size_t *local, cl_uint waits, const cl_event *wait,
                                     cl_event *event);
cl_int __wrap_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset,
                                     const size_t *global, const size_t *local, cl_uint waits, const cl_event *wait,
                                     cl_event *event)
{
  cl_context context = NULL;
  clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof context, &context, NULL);
  for (int d = 0; d < DEVICES; d++)
    if (context && context == failing[d]) return CL_OUT_OF_RESOURCES;
  return __real_clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global, local, waits, wait, event);
}

static void let_fail(int device, bool fails)
{
  failing[device] = fails ? devices[device]->device->context : NULL;
}

/* ---- What all tests share ---------------------------------------------------------------------------------------- */

static void listen(void *user, const char *line)
{
  (void)user;
  cr_mutex_lock(saying);
  const size_t used = strlen(said);
  snprintf(said + used, sizeof said - used, "%s\n", line);
  cr_mutex_unlock(saying);
}

static const char *weights(void)
{
  static char path[512];
  return folder_file(&files, "w.safetensors", path);
}

static clreid_group *create(int largest_batch, const clreid_model_config *model)
{
  clreid_error error = {CLREID_OK, ""};
  clreid_group *group = NULL;
  const clreid_session_config session = {.largest_batch = largest_batch};
  said[0] = 0;
  if (clreid_group_create(devices, DEVICES, weights(), model, &session, &group, &error) != CLREID_OK)
    fail_msg("%s", error.text);
  return group;
}

static clreid_group_member member_of(const clreid_group *group, size_t index)
{
  clreid_group_member member;
  assert_true(clreid_group_member_at(group, index, &member));
  return member;
}

/* The features of the last run are those that the devices give alone, each picture that of the member that had it. */
static void check_features(const clreid_group *group, size_t count)
{
  size_t k = 0;
  for (int d = 0; d < DEVICES; d++)
    for (size_t i = 0; i < member_of(group, (size_t)d).pictures; i++, k++) {
      if (memcmp(neck + k * length, alone[d][0] + k * length, length * sizeof *neck) ||
          memcmp(pooled + k * length, alone[d][1] + k * length, length * sizeof *pooled))
        fail_msg("picture %zu of %zu has other bits than on device %d alone", k, count, d);
    }
  assert_int_equal(k, count);
}

static void embed(clreid_group *group, size_t count)
{
  clreid_error error = {CLREID_OK, ""};
  memset(neck, 0, sizeof neck);
  memset(pooled, 0, sizeof pooled);
  if (clreid_group_embed(group, pictures, count, neck, pooled, NULL, &error) != CLREID_OK) fail_msg("%s", error.text);
}

static int open_all(void **state)
{
  (void)state;
  static const char *const small[] = {"height=64", "width=32"};
  clreid_error error = {CLREID_OK, ""};
  clreid_device_info *list;
  size_t count;
  saying = cr_mutex_create();
  files = folder_make();
  for (size_t i = 0; i < sizeof pixels; i++) (&pixels[0][0][0][0])[i] = (uint8_t)support_random(i, 0, 255);
  for (int k = 0; k < PICTURES; k++)
    pictures[k] = (clreid_picture){.pixels = &pixels[k][0][0][0], .width = WIDTH, .height = HEIGHT - k};
  if (clreid_weights_random("rga-sc", small, 2, 1, weights(), &error) != CLREID_OK ||
      clreid_devices_list(&list, &count, NULL, NULL, &error) != CLREID_OK)
    return fprintf(stderr, "%s\n", error.text);
  clreid_devices_free(list);
  if (count < DEVICES) printf("SKIPPED: two different devices; one is opened twice\n");
  for (int d = 0; d < DEVICES; d++) {
    char choice[16];
    clreid_model *model = NULL;
    clreid_session *session = NULL;
    clreid_model_info info;
    snprintf(choice, sizeof choice, "%d", d < (int)count ? d : 0);
    if (clreid_device_open(&(clreid_device_config){.choice = choice, .cache_folder = "", .log = listen}, &devices[d],
                           &error) ||
        clreid_model_load(devices[d], weights(), NULL, &model, &error) ||
        clreid_session_create(model, NULL, &session, &error) ||
        clreid_embed(session, pictures, PICTURES, alone[d][0], alone[d][1], &error))
      return fprintf(stderr, "%s\n", error.text);
    clreid_model_describe(model, &info);
    length = (size_t)info.feature_length;
    clreid_session_destroy(session);
    clreid_model_free(model);
  }
  return length <= MOST_FEATURES ? 0 : -1;
}

static int close_all(void **state)
{
  (void)state;
  for (int d = 0; d < DEVICES; d++) clreid_device_close(devices[d]);
  folder_remove(&files);
  cr_mutex_destroy(saying);
  return 0;
}

/* ---- Tests ------------------------------------------------------------------------------------------------------- */

static void shares_are_whole_and_in_proportion(void **state)
{
  (void)state;
  static const double speeds[][4] = {{1, 1, 1, 1}, {100, 1, 0, 0}, {3, 2, 1, 0}, {1e9, 1e-9, 5, 7}, {0, 0, 0, 2.5}};
  size_t shares[4];
  for (size_t s = 0; s < sizeof speeds / sizeof speeds[0]; s++)
    for (size_t all = 0; all < 1000; all = all < 20 ? all + 1 : all * 3) {
      double sum = 0;
      size_t given = 0;
      cr_group_share(speeds[s], 4, all, shares);
      for (int m = 0; m < 4; m++) sum += speeds[s][m];
      for (int m = 0; m < 4; m++) {
        assert_true(fabs((double)shares[m] - (double)all * speeds[s][m] / sum) < 1);
        assert_true(speeds[s][m] > 0 || !shares[m]);
        given += shares[m];
      }
      assert_int_equal(given, all);
    }
}

static void a_batch_is_spread_and_comes_back_in_order(void **state)
{
  (void)state;
  clreid_group *group = create(4, NULL);
  assert_non_null(strstr(said, "group: member 0 does"));
  assert_non_null(strstr(said, "group: member 1 does"));
  int both = 0;
  for (int round = 0; round < 3; round++)
    for (size_t count = 0; count <= PICTURES; count++) {
      double speeds[DEVICES];
      size_t shares[DEVICES];
      for (int d = 0; d < DEVICES; d++) speeds[d] = member_of(group, (size_t)d).pictures_per_second;
      assert_true(speeds[0] > 0 && speeds[1] > 0);
      embed(group, count);
      check_features(group, count);
      cr_group_share(speeds, DEVICES, count, shares);
      for (int d = 0; d < DEVICES && count; d++) assert_int_equal(member_of(group, (size_t)d).pictures, shares[d]);
      both += count && shares[0] && shares[1];
    }
  printf("speeds %.0f and %.0f, %d calls had both at work\n", member_of(group, 0).pictures_per_second,
         member_of(group, 1).pictures_per_second, both);
  assert_true(both > 0);
  clreid_group_destroy(group);
}

static void maps_come_back_in_order(void **state)
{
  (void)state;
  enum { MOST_MAPS = 8 };
  clreid_error error = {CLREID_OK, ""};
  clreid_group *group = create(3, &(clreid_model_config){.maps = true});
  const clreid_model *model = member_of(group, 0).model;
  clreid_map_info info;
  clreid_session *session = NULL;
  float *together[MOST_MAPS] = {NULL}, *apart[MOST_MAPS] = {NULL};
  size_t maps = 0, sizes[MOST_MAPS];
  for (; clreid_model_map_at(model, maps, &info); maps++) {
    assert_true(maps < MOST_MAPS);
    sizes[maps] = (size_t)info.height * (size_t)info.width;
    together[maps] = calloc(PICTURES * sizes[maps], sizeof(float));
    apart[maps] = calloc(PICTURES * sizes[maps], sizeof(float));
    assert_true(together[maps] && apart[maps]);
  }
  assert_int_equal(maps, 4);
  free(together[1]); /* one that is not wanted */
  together[1] = NULL;
  if (clreid_group_embed(group, pictures, PICTURES, neck, pooled, together, &error) != CLREID_OK)
    fail_msg("%s", error.text);
  check_features(group, PICTURES);
  size_t k = 0;
  for (int d = 0; d < DEVICES; d++) {
    const size_t share = member_of(group, (size_t)d).pictures;
    clreid_model *own = NULL;
    if (clreid_model_load(devices[d], weights(), &(clreid_model_config){.maps = true}, &own, &error) ||
        clreid_session_create(own, NULL, &session, &error) ||
        clreid_embed_maps(session, pictures, PICTURES, NULL, NULL, apart, &error))
      fail_msg("%s", error.text);
    for (size_t m = 0; m < maps; m++)
      if (together[m])
        assert_memory_equal(together[m] + k * sizes[m], apart[m] + k * sizes[m], share * sizes[m] * sizeof(float));
    k += share;
    clreid_session_destroy(session);
    clreid_model_free(own);
  }
  for (size_t m = 0; m < maps; m++) free(together[m]), free(apart[m]);
  clreid_group_destroy(group);
}

static void the_others_do_the_part_of_one_that_fails(void **state)
{
  (void)state;
  for (int bad = 0; bad < DEVICES; bad++) {
    clreid_error error = {CLREID_OK, ""};
    char line[64];
    clreid_group *group = create(4, NULL);
    let_fail(bad, true);
    embed(group, PICTURES);
    check_features(group, PICTURES);
    assert_int_equal(member_of(group, (size_t)bad).pictures, 0);
    assert_true(member_of(group, (size_t)bad).failed && !member_of(group, (size_t)(1 - bad)).failed);
    snprintf(line, sizeof line, "group: member %d leaves, the others do its", bad);
    if (!strstr(said, line)) fail_msg("'%s' was not said, but: %s", line, said);
    let_fail(bad, false); /* it stays away */
    embed(group, PICTURES);
    check_features(group, PICTURES);
    assert_int_equal(member_of(group, (size_t)bad).pictures, 0);
    let_fail(1 - bad, true); /* the last one's error is the group's */
    assert_int_equal(clreid_group_embed(group, pictures, 1, neck, NULL, NULL, &error), CLREID_OUT_OF_DEVICE_MEMORY);
    assert_non_null(strstr(error.text, "CL_OUT_OF_RESOURCES"));
    let_fail(1 - bad, false); /* and it may be tried again */
    embed(group, PICTURES);
    check_features(group, PICTURES);
    clreid_group_destroy(group);
  }
}

static void a_picture_is_to_blame_for_itself(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  clreid_group *group = create(2, NULL);
  clreid_picture list[PICTURES];
  memcpy(list, pictures, sizeof list);
  list[PICTURES - 2].pixels = NULL;
  assert_int_equal(clreid_group_embed(group, list, PICTURES, neck, NULL, NULL, &error), CLREID_INVALID_PICTURE);
  assert_string_equal(error.text, "picture 9 has no pixels");
  assert_int_equal(clreid_group_embed(group, NULL, 1, neck, NULL, NULL, &error), CLREID_INVALID_ARGUMENT);
  assert_int_equal(clreid_group_embed(NULL, list, 1, neck, NULL, NULL, &error), CLREID_INVALID_ARGUMENT);
  assert_int_equal(clreid_group_embed(group, NULL, 0, NULL, NULL, NULL, &error), CLREID_OK);
  assert_false(member_of(group, 0).failed || member_of(group, 1).failed);
  clreid_group_member member;
  assert_false(clreid_group_member_at(group, DEVICES, &member) || clreid_group_member_at(NULL, 0, &member));
  embed(group, PICTURES);
  check_features(group, PICTURES);
  clreid_group_destroy(group);
  clreid_group_destroy(NULL);
}

static void refuse(clreid_device *const *list, size_t count, const char *path, clreid_status wanted, const char *says)
{
  clreid_error error = {CLREID_OK, ""};
  clreid_group *group = (clreid_group *)&files;
  const clreid_status status = clreid_group_create(list, count, path, NULL, NULL, &group, &error);
  if (status != wanted || !strstr(error.text, says)) fail_msg("%d: '%s' does not say '%s'", status, error.text, says);
  assert_true(!group || group == (clreid_group *)&files);
}

static void wrong_groups(void **state)
{
  (void)state;
  clreid_device *const holes[] = {devices[0], NULL};
  clreid_error error = {CLREID_OK, ""};
  refuse(NULL, 1, weights(), CLREID_INVALID_ARGUMENT, "needs devices, path and group");
  refuse(devices, DEVICES, NULL, CLREID_INVALID_ARGUMENT, "needs devices, path and group");
  assert_int_equal(clreid_group_create(devices, DEVICES, weights(), NULL, NULL, NULL, &error), CLREID_INVALID_ARGUMENT);
  refuse(devices, 0, weights(), CLREID_INVALID_ARGUMENT, "a group of 0 devices; it takes 1 to 64");
  refuse(devices, 65, weights(), CLREID_INVALID_ARGUMENT, "a group of 65 devices");
  refuse(holes, 2, weights(), CLREID_INVALID_ARGUMENT, "device 1 of 2 of the group is NULL");
  refuse(devices, DEVICES, "/nowhere/w.safetensors", CLREID_INVALID_FILE, "nowhere");
}

/* A device without memory for the model is left out; if all are, the first one's error is the group's. */
static void a_device_that_is_too_small_is_left_out(void **state)
{
  (void)state;
  uint64_t *const largest[DEVICES] = {&devices[0]->device->facts.largest_buffer_bytes,
                                      &devices[1]->device->facts.largest_buffer_bytes};
  const uint64_t were[DEVICES] = {*largest[0], *largest[1]};
  *largest[0] = 1000;
  clreid_group *group = create(4, NULL);
  assert_non_null(strstr(said, "group: member 0 is left out: "));
  assert_true(member_of(group, 0).failed && !member_of(group, 0).model && !member_of(group, 1).failed);
  embed(group, PICTURES);
  check_features(group, PICTURES);
  clreid_group_destroy(group);
  *largest[1] = 1000;
  refuse(devices, DEVICES, weights(), CLREID_OUT_OF_DEVICE_MEMORY, "allows 1000 at most");
  *largest[0] = were[0];
  *largest[1] = were[1];
  group = create(4, NULL);
  embed(group, PICTURES);
  check_features(group, PICTURES);
  clreid_group_destroy(group);
}

/* A group of one is a session: nothing is measured before the first run, and it never leaves. */
static void a_group_of_one(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  clreid_group *group = NULL;
  assert_int_equal(clreid_group_create(devices, 1, weights(), NULL, NULL, &group, &error), CLREID_OK);
  assert_true(member_of(group, 0).pictures_per_second == 0);
  let_fail(0, true);
  assert_int_equal(clreid_group_embed(group, pictures, 2, neck, NULL, NULL, &error), CLREID_OUT_OF_DEVICE_MEMORY);
  let_fail(0, false);
  assert_int_equal(clreid_group_embed(group, pictures, PICTURES, neck, pooled, NULL, &error), CLREID_OK);
  assert_memory_equal(neck, alone[0][0], PICTURES * length * sizeof *neck);
  assert_true(member_of(group, 0).pictures_per_second > 0);
  assert_int_equal(member_of(group, 0).pictures, PICTURES);
  clreid_group_destroy(group);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shares_are_whole_and_in_proportion),
      cmocka_unit_test(a_batch_is_spread_and_comes_back_in_order),
      cmocka_unit_test(maps_come_back_in_order),
      cmocka_unit_test(the_others_do_the_part_of_one_that_fails),
      cmocka_unit_test(a_picture_is_to_blame_for_itself),
      cmocka_unit_test(wrong_groups),
      cmocka_unit_test(a_device_that_is_too_small_is_left_out),
      cmocka_unit_test(a_group_of_one),
  };
  setenv("POCL_DEVICES", "pthread pthread", 1); /* before any call of OpenCL */
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, open_all, close_all);
}
