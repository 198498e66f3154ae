/*
 * session.c - a model's plan with memory under it: steps ready to be launched, and the run.
 *
 * A run walks the step list once. It allocates, compiles and looks up nothing; only a batch of pictures with more
 * pixels than any before makes the upload buffer grow.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "session.h"

/* ---- Preparation ------------------------------------------------------------------------------------------------ */

/* In the arena of the session. */
static void resolve(const clreid_session *s, cr_view *view)
{
  cr_model_resolve(s->model, s->arena, s->pass_batch, view);
}

static clreid_status create_step(clreid_session *s, int index, clreid_error *error)
{
  const cr_op op = cr_model_operator(s->model, index, s->arena, s->pass_batch);
  CR_TRY(cr_step_create_proven(s->queue, &op, s->pass_batch, &s->steps[index], error));
  s->info.launches += cr_step_launches(s->steps[index]);
  return CLREID_OK;
}

static clreid_status create_resize(clreid_session *s, clreid_error *error)
{
  const clreid_model *m = s->model;
  const cr_plan *plan = m->plan;
  const cr_plan_tensor *tensor = &plan->tensors[plan->input];
  cr_view output = {.tensor = plan->input, .picture = cr_plan_tensor_elements(tensor), .row = tensor->row};
  resolve(s, &output);
  cr_resize_spec spec = {.height = plan->input_height,
                         .width = plan->input_width,
                         .margin = plan->input_margin,
                         .reversed = m->preprocess.bgr,
                         .half = plan->config.half,
                         .plain = plan->config.plain_kernels};
  cr_preprocess_table(&m->preprocess, spec.table);
  s->info.launches++;
  return cr_resize_create_proven(s->queue, &spec, &output, s->pass_batch, &s->resize, error);
}

/* Of one picture, as it comes from the device. */
static size_t largest_map_bytes(const cr_plan *plan)
{
  size_t largest = 0;
  for (int m = 0; m < plan->map_count; m++) {
    const cr_plan_tensor *tensor = &plan->tensors[plan->maps[m].view.tensor];
    const size_t bytes = cr_plan_tensor_elements(tensor) * cr_plan_element_bytes(plan, tensor);
    largest = bytes > largest ? bytes : largest;
  }
  return largest;
}

static clreid_status allocate(clreid_session *s, clreid_error *error)
{
  const cr_plan *plan = s->model->plan;
  const size_t batch = (size_t)s->pass_batch;
  s->steps = calloc((size_t)plan->step_count, sizeof *s->steps);
  s->pictures = calloc(batch, sizeof *s->pictures);
  s->frames = calloc(batch, sizeof *s->frames);
  s->features = malloc(batch * cr_padded(plan->feature_length) * sizeof *s->features);
  s->halves = malloc(batch * cr_padded(plan->feature_length) * sizeof *s->halves);
  s->axes = cr_axes_create(s->model->preprocess.filter);
  if (!s->steps || !s->pictures || !s->frames || !s->features || !s->halves || !s->axes)
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for passes of %d pictures", s->pass_batch);
  const size_t map_bytes = largest_map_bytes(plan);
  s->map = map_bytes ? malloc(batch * map_bytes) : NULL;
  if (map_bytes && !s->map)
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for maps of %d pictures", s->pass_batch);
  s->info.pass_batch = s->pass_batch;
  s->info.launches = 0;
  s->info.arena_bytes = plan->arena_bytes * batch;
  return cr_buffer_create(s->model->device, s->info.arena_bytes, NULL, &s->arena, error);
}

clreid_status cr_session_run_steps(clreid_session *s, int batch, clreid_error *error)
{
  const int count = s->model->plan->step_count;
  for (int k = 0; k < count; k++) {
    cr_profile_stamp(s->profile, CR_STAMP_STEP + k);
    CR_TRY(cr_step_run(s->steps[k], batch, error));
  }
  cr_profile_stamp(s->profile, CR_STAMP_STEP + count);
  return CLREID_OK;
}

/* Grey pictures of the network's own size, batch boxes of one frame. */
static clreid_status resize_blanks(clreid_session *s, int batch, clreid_error *error)
{
  const cr_plan *plan = s->model->plan;
  const size_t bytes = (size_t)plan->input_height * plan->input_width * 3;
  uint8_t *grey = malloc(bytes);
  if (!grey) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a picture of %zu bytes", bytes);
  memset(grey, 128, bytes);
  const cr_frame frame = {.width = plan->input_width,
                          .height = plan->input_height,
                          .pixels = grey,
                          .pitch_bytes = (size_t)plan->input_width * 3};
  const cr_axis *across, *down;
  clreid_status status = cr_axes_get(s->axes, plan->input_width, plan->input_width, &across, error);
  if (status == CLREID_OK) status = cr_axes_get(s->axes, plan->input_height, plan->input_height, &down, error);
  for (int k = 0; k < batch && status == CLREID_OK; k++)
    s->pictures[k] = (cr_resize_picture){
        .frame = &frame, .width = frame.width, .height = frame.height, .across = across, .down = down};
  if (status == CLREID_OK) status = cr_resize_run(s->resize, s->pictures, batch, error);
  if (status == CLREID_OK) status = cr_queue_finish(s->queue, error);
  free(grey);
  return status;
}

/* Drivers compile at the first launch, some for each shape of the index space: launch the largest pass and one. */
static clreid_status launch_all(clreid_session *s, clreid_error *error)
{
  const int batches[] = {s->pass_batch, 1};
  for (int i = 0; i < (s->pass_batch > 1 ? 2 : 1); i++) {
    CR_TRY(resize_blanks(s, batches[i], error));
    CR_TRY(cr_session_run_steps(s, batches[i], error));
    CR_TRY(cr_queue_finish(s->queue, error));
  }
  return CLREID_OK;
}

static clreid_status warm_up(clreid_session *s, clreid_error *error)
{
  cr_device_compile_alone(s->model->device);
  const clreid_status status = launch_all(s, error);
  cr_device_compile_done(s->model->device);
  return status;
}

/* How frames come from an application's memory, and features leave for it. */
static clreid_status create_deliver(clreid_session *s, clreid_error *error)
{
  s->loans = cr_loans_create(s->model->device, s->pass_batch);
  if (!s->loans) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a batch of %d", s->pass_batch);
  const cr_plan *plan = s->model->plan;
  cr_deliver_spec spec = {.columns = plan->feature_length};
  for (int output = 0; output < CR_OUTPUTS; output++) {
    const cr_plan_tensor *tensor = &plan->tensors[plan->outputs[output]];
    spec.half[output] = cr_plan_element_bytes(plan, tensor) == sizeof(uint16_t);
    spec.view[output] =
        (cr_view){.tensor = plan->outputs[output], .picture = cr_plan_tensor_elements(tensor), .row = tensor->row};
    resolve(s, &spec.view[output]);
  }
  return cr_deliver_create_proven(s->queue, &spec, s->pass_batch, &s->deliver, error);
}

static clreid_status prepare(clreid_session *s, const clreid_session_config *config, struct _cl_command_queue *queue,
                             clreid_error *error)
{
  CR_TRY(allocate(s, error));
  if (config->profile)
    CR_TRY(cr_queue_create_timed(s->model->device, cr_profile_commands(s->model->plan), &s->queue, error));
  else
    CR_TRY(cr_queue_create(s->model->device, &s->queue, error));
  if (config->sleeping_wait) cr_queue_sleep(s->queue);
  CR_TRY(create_resize(s, error));
  for (int k = 0; k < s->model->plan->step_count; k++) CR_TRY(create_step(s, k, error));
  CR_TRY(warm_up(s, error));
  if (config->profile) CR_TRY(cr_profile_create(s->model, s->steps, s->resize, s->queue, &s->profile, error));
  if (cr_device_is_adopted(s->model->device)) CR_TRY(create_deliver(s, error));
  return queue ? cr_queue_adopt(s->queue, queue, error) : CLREID_OK;
}

/* Undoes prepare, however far it came. */
static void release(clreid_session *s)
{
  cr_profile_destroy(s->profile);
  for (int k = 0; s->steps && k < s->model->plan->step_count; k++) cr_step_destroy(s->steps[k]);
  cr_resize_destroy(s->resize);
  cr_deliver_destroy(s->deliver);
  cr_loans_destroy(s->loans);
  cr_queue_destroy(s->queue);
  cr_buffer_release(s->arena);
  cr_axes_destroy(s->axes);
  free(s->steps);
  free(s->pictures);
  free(s->frames);
  free(s->features);
  free(s->halves);
  free(s->map);
  *s = (clreid_session){.model = s->model, .pass_batch = s->pass_batch, .info = s->info};
}

/* ---- Passes ------------------------------------------------------------------------------------------------------ */

/* What is said where not even one picture fits; cause: what the last try said. */
static clreid_status fail_to_fit(const clreid_session *s, const clreid_error *cause, clreid_error *error)
{
  const cr_facts *facts = cr_device_facts(s->model->device);
  return cr_fail(error, CLREID_OUT_OF_DEVICE_MEMORY,
                 "a pass of 1 picture needs %llu bytes for activations beside %llu of weights, but %s, which has %llu "
                 "and allows %llu in a buffer, has no room for it (%s); use fp16, free memory of the device, or take "
                 "another",
                 (unsigned long long)s->model->plan->arena_bytes, (unsigned long long)s->model->info.weight_bytes,
                 facts->name, (unsigned long long)facts->global_memory_bytes,
                 (unsigned long long)facts->largest_buffer_bytes, cause->text);
}

/* The largest pass that the device takes: facts say what it should, and what it has no memory for is halved. */
static clreid_status prepare_passes(clreid_session *s, const clreid_session_config *config,
                                    struct _cl_command_queue *queue, clreid_error *error)
{
  const cr_log *log = cr_device_log(s->model->device);
  const int batch = s->info.largest_batch;
  clreid_error cause = {CLREID_OK, ""};
  s->pass_batch = cr_model_pass(s->model, batch);
  clreid_status status = prepare(s, config, queue, &cause);
  while (status == CLREID_OUT_OF_DEVICE_MEMORY && s->pass_batch > 1) {
    release(s);
    cr_say(log, "session: no room for passes of %d pictures: %s", s->pass_batch, cause.text);
    s->pass_batch /= 2;
    status = prepare(s, config, queue, &cause);
  }
  cr_proofs_save(s->model->device);
  if (status == CLREID_OUT_OF_DEVICE_MEMORY) return fail_to_fit(s, &cause, error);
  if (status != CLREID_OK) return cr_fail(error, status, "%s", cause.text);
  cr_say(log, "session: batch %d in passes of up to %d, %d launches, arena %.2f MiB a picture", batch, s->pass_batch,
         s->info.launches, (double)s->model->plan->arena_bytes / (1 << 20));
  return CLREID_OK;
}

clreid_status cr_session_create(clreid_model *model, const clreid_session_config *config,
                                struct _cl_command_queue *queue, clreid_session **result, clreid_error *error)
{
  int batch;
  const clreid_session_config defaults = {0};
  if (!config) config = &defaults;
  CR_TRY(cr_model_batch(config->largest_batch, &batch, error));
  clreid_session *s = calloc(1, sizeof *s);
  if (!s) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a session");
  s->model = model;
  s->info.largest_batch = batch;
  cr_model_retain(model);
  const clreid_status status = prepare_passes(s, config, queue, error);
  if (status != CLREID_OK) {
    clreid_session_destroy(s);
    return status;
  }
  *result = s;
  return CLREID_OK;
}

clreid_status clreid_session_create(clreid_model *model, const clreid_session_config *config, clreid_session **result,
                                    clreid_error *error)
{
  if (!model || !result)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_session_create needs model and session");
  *result = NULL;
  return cr_session_create(model, config, NULL, result, error);
}

void clreid_session_destroy(clreid_session *s)
{
  if (!s) return;
  release(s);
  clreid_model_free(s->model);
  free(s);
}

void clreid_session_describe(const clreid_session *session, clreid_session_info *info)
{
  if (session && info) *info = session->info;
}

clreid_status clreid_session_profile(clreid_session *s, const clreid_profile_row **rows, size_t *count, double *pass_ms,
                                     clreid_error *error)
{
  if (!s || !rows || !count || !pass_ms)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_session_profile needs session, rows, count and pass_ms");
  *rows = NULL;
  *count = 0;
  *pass_ms = 0;
  if (!s->profile)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "the session of %s was created without a profile; create it with "
                   "profile set",
                   s->model->network->name);
  return cr_profile_rows(s->profile, rows, count, pass_ms, error);
}

/* ---- Not finite ------------------------------------------------------------------------------------------------- */

/* Planes and panels are other layouts of what a step before or after them holds. */
static bool is_rows(cr_kind kind)
{
  return kind != CR_PACK && kind != CR_WINOGRAD_INPUT && kind != CR_WINOGRAD_PRODUCT;
}

static clreid_status output_is_finite(clreid_session *s, int index, int batch, bool *finite, clreid_error *error)
{
  const cr_plan *plan = s->model->plan;
  const cr_op *op = &plan->steps[index].op;
  cr_view view = op->view[CR_OUTPUT];
  const bool half = cr_plan_element_bytes(plan, &plan->tensors[view.tensor]) == sizeof(uint16_t);
  const size_t element = half ? sizeof(uint16_t) : sizeof(float), elements = view.picture - view.offset;
  const cr_shape shape = cr_op_shape(op, CR_OUTPUT); /* of a stream of a picture, if it has several */
  *finite = true;
  if (!is_rows(op->kind)) return CLREID_OK;
  resolve(s, &view);
  float *values = malloc(elements * sizeof *values);
  uint16_t *halves = half ? malloc(elements * sizeof *halves) : NULL;
  clreid_status status = values && (!half || halves)
                             ? CLREID_OK
                             : cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu numbers", elements);
  const int pictures = batch * (op->streams > 1 ? op->streams : 1);
  for (int b = 0; b < pictures && status == CLREID_OK && *finite; b++) {
    status = cr_queue_read(s->queue, view.buffer, (view.offset + (size_t)b * view.picture) * element,
                           elements * element, half ? (void *)halves : values, error);
    if (status == CLREID_OK && half) cr_from_half(halves, values, elements);
    for (size_t r = 0; r < shape.rows && status == CLREID_OK; r++)
      for (size_t c = 0; c < shape.columns; c++)
        if (!isfinite(values[r * view.row + c])) *finite = false;
  }
  free(values);
  free(halves);
  return status;
}

/* Runs the batch that is on the device once more, step by step, to name the first step that overflows. */
static clreid_status name_step(clreid_session *s, int batch, clreid_error *error)
{
  CR_TRY(cr_resize_run(s->resize, s->pictures, batch, error));
  for (int k = 0; k < s->model->plan->step_count; k++) {
    bool finite;
    CR_TRY(cr_step_run(s->steps[k], batch, error));
    CR_TRY(output_is_finite(s, k, batch, &finite, error));
    if (!finite)
      return cr_fail(error, CLREID_NOT_FINITE, "step %d of %d, %s, gives numbers that are not finite%s", k + 1,
                     s->model->plan->step_count, s->model->plan->steps[k].name,
                     s->model->plan->config.half ? "; half storage ends at 65504, use fp32" : "; check the weights");
  }
  return cr_fail(error, CLREID_DEVICE_FAILED,
                 "features are not finite, but every step is when it runs alone; `clreid "
                 "selftest` tells whether the device computes right");
}

/* ---- The run ---------------------------------------------------------------------------------------------------- */

clreid_status cr_session_resize(clreid_session *s, int batch, clreid_error *error)
{
  const cr_plan *plan = s->model->plan;
  cr_axes_trim(s->axes);
  for (int k = 0; k < batch; k++) {
    cr_resize_picture *picture = &s->pictures[k];
    CR_TRY(cr_axes_get(s->axes, picture->width, plan->input_width, &picture->across, error));
    CR_TRY(cr_axes_get(s->axes, picture->height, plan->input_height, &picture->down, error));
  }
  CR_TRY(cr_resize_upload(s->resize, s->pictures, batch, error));
  cr_profile_stamp(s->profile, CR_STAMP_UPLOADED);
  return cr_resize_launch(s->resize, batch, error);
}

/* features[batch][D] of one output; false in *finite if a number is not. */
static clreid_status download(clreid_session *s, cr_output output, int batch, float *features, bool *finite,
                              clreid_error *error)
{
  const cr_plan *plan = s->model->plan;
  const size_t length = (size_t)plan->feature_length, row = cr_padded(length);
  const size_t element = cr_plan_element_bytes(plan, &plan->tensors[plan->outputs[output]]),
               count = (size_t)batch * row;
  const bool half = element == sizeof *s->halves;
  cr_view view = {.tensor = plan->outputs[output]};
  resolve(s, &view);
  CR_TRY(cr_queue_read(s->queue, view.buffer, view.offset * element, count * element,
                       half ? (void *)s->halves : s->features, error));
  cr_profile_stamp(s->profile, CR_STAMP_READ);
  if (half) cr_from_half(s->halves, s->features, count);
  for (int k = 0; k < batch; k++) {
    for (size_t i = 0; i < length; i++) *finite &= isfinite(s->features[k * row + i]) != 0;
    if (features) memcpy(features + k * length, s->features + k * row, length * sizeof *features);
  }
  return CLREID_OK;
}

static float element_at(const void *elements, bool half, size_t at)
{
  if (!half) return ((const float *)elements)[at];
  float value;
  cr_from_half((const uint16_t *)elements + at, &value, 1);
  return value;
}

/* map[batch][height][width] from the tensor that holds it. */
static clreid_status download_map(clreid_session *s, const cr_plan_map *planned, int batch, float *map,
                                  clreid_error *error)
{
  const cr_plan *plan = s->model->plan;
  const cr_view within = planned->view; /* the tensor, of one picture */
  const size_t size = cr_plan_element_bytes(plan, &plan->tensors[within.tensor]);
  const size_t numbers = (size_t)planned->height * planned->width;
  cr_view view = {.tensor = within.tensor};
  resolve(s, &view);
  CR_TRY(
      cr_queue_read(s->queue, view.buffer, view.offset * size, (size_t)batch * within.picture * size, s->map, error));
  cr_profile_stamp(s->profile, CR_STAMP_READ);
  for (size_t k = 0; k < (size_t)batch; k++)
    for (size_t i = 0; i < numbers; i++)
      map[k * numbers + i] =
          element_at(s->map, size == sizeof(uint16_t), k * within.picture + within.offset + i * within.row);
  return CLREID_OK;
}

/* The maps of pictures done .. done + batch - 1 of the call. */
static clreid_status download_maps(clreid_session *s, size_t done, int batch, float *const *maps, clreid_error *error)
{
  const cr_plan *plan = s->model->plan;
  for (int m = 0; maps && m < plan->map_count; m++) {
    const cr_plan_map *map = &plan->maps[m];
    if (maps[m]) CR_TRY(download_map(s, map, batch, maps[m] + done * map->height * map->width, error));
  }
  return CLREID_OK;
}

/* Uploads the batch that the feed has filled; where the pixels do not fit, fewer of them, from the feed as it was
 * before. */
static clreid_status upload_pass(clreid_session *s, cr_feed before, cr_feed *feed, int *batch, clreid_error *error)
{
  clreid_error cause = {CLREID_OK, ""};
  clreid_status status = cr_session_resize(s, *batch, &cause);
  while ((status == CLREID_OUT_OF_DEVICE_MEMORY || status == CLREID_OUT_OF_MEMORY) && *batch > 1) {
    *feed = before;
    *batch = cr_feed_fill(feed, s->frames, s->pictures, *batch / 2);
    status = cr_session_resize(s, *batch, &cause);
  }
  return status == CLREID_OK ? status : cr_fail(error, status, "%s", cause.text);
}

/* A pass over what is uploaded. */
static clreid_status run_pass(clreid_session *s, int batch, float *neck, float *pooled, clreid_error *error)
{
  bool finite = true;
  CR_TRY(cr_session_run_steps(s, batch, error));
  CR_TRY(download(s, CR_OUTPUT_NECK, batch, neck, &finite, error));
  if (pooled) CR_TRY(download(s, CR_OUTPUT_POOLED, batch, pooled, &finite, error));
  return finite ? CLREID_OK : name_step(s, batch, error);
}

static clreid_status embed(clreid_session *s, cr_feed feed, float *neck, float *pooled, float *const *maps,
                           clreid_error *error)
{
  const size_t length = (size_t)s->model->plan->feature_length;
  size_t done = 0;
  int batch;
  feed.serial = &s->serial;
  CR_TRY(cr_feed_check(&feed, error));
  for (cr_feed before = feed; (batch = cr_feed_fill(&feed, s->frames, s->pictures, s->pass_batch)) > 0; before = feed) {
    cr_profile_stamp(s->profile, CR_STAMP_BEGIN);
    CR_TRY(upload_pass(s, before, &feed, &batch, error));
    CR_TRY(run_pass(s, batch, neck ? neck + done * length : NULL, pooled ? pooled + done * length : NULL, error));
    CR_TRY(download_maps(s, done, batch, maps, error));
    cr_profile_end(s->profile, batch);
    done += (size_t)batch;
  }
  return CLREID_OK;
}

static clreid_status check_maps(const clreid_session *s, clreid_error *error)
{
  if (s->model->plan->config.maps) return CLREID_OK;
  return cr_fail(error, CLREID_INVALID_ARGUMENT, "the model of %s was loaded without maps; load it with maps set",
                 s->model->network->name);
}

clreid_status clreid_embed(clreid_session *s, const clreid_picture *pictures, size_t count, float *neck, float *pooled,
                           clreid_error *error)
{
  if (!s || (count && !pictures))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_embed needs session and pictures");
  return embed(s, (cr_feed){.pictures = pictures, .count = count}, neck, pooled, NULL, error);
}

clreid_status clreid_embed_maps(clreid_session *s, const clreid_picture *pictures, size_t count, float *neck,
                                float *pooled, float *const *maps, clreid_error *error)
{
  if (!s || !maps || (count && !pictures))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_embed_maps needs session, pictures and maps");
  CR_TRY(check_maps(s, error));
  return embed(s, (cr_feed){.pictures = pictures, .count = count}, neck, pooled, maps, error);
}

clreid_status clreid_embed_boxes(clreid_session *s, const clreid_frame *frame, const clreid_box *boxes, size_t count,
                                 float *neck, float *pooled, clreid_error *error)
{
  if (!s || !frame || (count && !boxes))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_embed_boxes needs session, frame and boxes");
  const clreid_frame_boxes entry = {.frame = frame, .boxes = boxes, .count = count};
  return embed(s, (cr_feed){.frames = &entry, .count = 1}, neck, pooled, NULL, error);
}

clreid_status clreid_embed_frames(clreid_session *s, const clreid_frame_boxes *frames, size_t frame_count, float *neck,
                                  float *pooled, float *const *maps, clreid_error *error)
{
  if (!s || (frame_count && !frames))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_embed_frames needs session and frames");
  if (maps) CR_TRY(check_maps(s, error));
  return embed(s, (cr_feed){.frames = frames, .count = frame_count}, neck, pooled, maps, error);
}
