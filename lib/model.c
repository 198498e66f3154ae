/*
 * model.c - a weight file on a device: validated, planned, folded, packed. Shared by any number of sessions.
 */
#include <stdlib.h>
#include <string.h>

#include "api.h"

static const char *get_metadata(const void *user, const char *key)
{
  return cr_weights_metadata(user, key);
}

/* What the file says is wrong: told with the file's name. */
static clreid_status blame(const cr_weights *weights, clreid_status status, const clreid_error *said,
                           clreid_error *error)
{
  return cr_fail(error, status, "'%s': %s", cr_weights_path(weights), said->text);
}

/* Keys that weight files of other programs have, beside those of ours. */
static bool is_known(const void *user, const char *key)
{
  static const char *const keys[] = {"network", "random_seed", "format"};
  for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
    if (!strcmp(keys[k], key)) return true;
  return cr_network_takes(user, key) || cr_preprocess_takes(key);
}

/* The caller's name, the file's, or both if they agree. */
static clreid_status find_network(const char *asked, const cr_weights *weights, const cr_network **network,
                                  clreid_error *error)
{
  const char *given = cr_weights_metadata(weights, "network");
  if (!asked && !given)
    return cr_fail(error, CLREID_INVALID_NETWORK,
                   "'%s' does not name its network; name one of those that `clreid networks` lists",
                   cr_weights_path(weights));
  if (asked && given && strcmp(asked, given))
    return cr_fail(error, CLREID_INVALID_NETWORK, "'%s' is for network %.64s, not for %.64s", cr_weights_path(weights),
                   given, asked);
  clreid_error said = {CLREID_OK, ""};
  *network = cr_network_find(asked ? asked : given, &said);
  if (*network) return CLREID_OK;
  return given ? blame(weights, said.status, &said, error) : cr_fail(error, said.status, "%s", said.text);
}

/* What the metadata says of preprocessing and of the network's options. */
static clreid_status read_metadata(clreid_model *model, const cr_weights *weights, cr_graph **graph,
                                   clreid_error *error)
{
  const cr_options options = {get_metadata, weights};
  clreid_error said = {CLREID_OK, ""};
  clreid_status status = cr_preprocess_read(&model->preprocess, get_metadata, weights, &said);
  if (status == CLREID_OK) status = cr_network_build(model->network, &options, graph, &said);
  if (status != CLREID_OK) return blame(weights, status, &said, error);
  cr_weights_say_unknown(weights, is_known, model->network, cr_device_log(model->device));
  return CLREID_OK;
}

static uint64_t buffer_bytes(const cr_buffer *buffer)
{
  return buffer ? cr_buffer_bytes(buffer) : 0;
}

static void retain(const cr_step_constants *c)
{
  if (c->weights) cr_buffer_retain(c->weights);
  if (c->bias) cr_buffer_retain(c->bias);
  if (c->matrix) cr_buffer_retain(c->matrix);
}

/* The constants of an earlier step with the same recipes, or NULL: a convolution that runs over a map and over its
 * mean. */
static const cr_step_constants *same_constants(const clreid_model *model, int s)
{
  const cr_plan_step *steps = model->plan->steps;
  for (int t = 0; t < s; t++)
    if (steps[t].op.half == steps[s].op.half && cr_constant_same(&steps[t].weights, &steps[s].weights) &&
        cr_constant_same(&steps[t].bias, &steps[s].bias) && cr_constant_same(&steps[t].matrix, &steps[s].matrix))
      return &model->constants[t];
  return NULL;
}

static clreid_status make_constants(clreid_model *model, const cr_weights *weights, const cr_graph *graph,
                                    clreid_error *error)
{
  size_t count;
  const cr_weight_spec *specs = cr_graph_weights(graph, &count);
  const cr_plan *plan = model->plan;
  model->constants = calloc((size_t)plan->step_count, sizeof *model->constants);
  if (!model->constants) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %d steps", plan->step_count);
  for (int s = 0; s < plan->step_count; s++) {
    const cr_plan_step *step = &plan->steps[s];
    cr_step_constants *c = &model->constants[s];
    const cr_step_constants *same = same_constants(model, s);
    if (same) {
      *c = *same;
      retain(c);
      continue;
    }
    CR_TRY(cr_constant_make(&step->weights, &step->op, weights, specs, count, model->device, &c->weights, error));
    CR_TRY(cr_constant_make(&step->bias, &step->op, weights, specs, count, model->device, &c->bias, error));
    CR_TRY(cr_constant_make(&step->matrix, &step->op, weights, specs, count, model->device, &c->matrix, error));
    model->info.weight_bytes += buffer_bytes(c->weights) + buffer_bytes(c->bias) + buffer_bytes(c->matrix);
  }
  return CLREID_OK;
}

static void describe(clreid_model *model, const cr_graph *graph)
{
  clreid_model_info *info = &model->info;
  info->network = model->network->name;
  info->height = model->plan->input_height;
  info->width = model->plan->input_width;
  info->feature_length = model->plan->feature_length;
  info->parameters = cr_graph_parameters(graph);
  info->multiply_adds = cr_graph_multiply_adds(graph);
  info->planned_multiply_adds = model->plan->multiply_adds;
}

/* Where local memory is a part of global memory the fused form gains nothing, and reads its operands once for each few
 * rows: it was slower than the plain one there. */
static int positions_to_fuse(const cr_device *device)
{
  return cr_device_facts(device)->local_memory_is_real ? cr_attention_most(device) : 0;
}

/* Work-items walk, and the device's local memory holds some lines. */
static int width_to_separate(const cr_device *device)
{
  return cr_facts_walk(cr_device_facts(device)) ? cr_separable_most(device) : 0;
}

static clreid_status build(clreid_model *model, const cr_weights *weights, const clreid_model_config *config,
                           clreid_error *error)
{
  const cr_plan_config plan_config = {.half = config->precision == CLREID_FP16,
                                      .relation = config->relation,
                                      .library_gemm = config->gemm == CLREID_GEMM_CLBLAST,
                                      .plain_kernels = config->plain_kernels,
                                      .direct_convolution = config->direct_convolution,
                                      .attention = config->attention,
                                      .attention_positions = positions_to_fuse(model->device),
                                      .separable_width = width_to_separate(model->device),
                                      .maps = config->maps};
  cr_graph *graph = NULL;
  CR_TRY(find_network(config->network, weights, &model->network, error));
  CR_TRY(read_metadata(model, weights, &graph, error));
  size_t count;
  const cr_weight_spec *specs = cr_graph_weights(graph, &count);
  clreid_status status = cr_weights_match(weights, specs, count, error);
  if (status == CLREID_OK)
    status = cr_plan_create(graph, &plan_config, cr_device_log(model->device), &model->plan, error);
  if (status == CLREID_OK) status = make_constants(model, weights, graph, error);
  if (status == CLREID_OK) describe(model, graph);
  cr_graph_destroy(graph);
  return status;
}

static void destroy(clreid_model *model)
{
  for (int s = 0; model->constants && s < model->plan->step_count; s++) {
    cr_buffer_release(model->constants[s].weights);
    cr_buffer_release(model->constants[s].bias);
    cr_buffer_release(model->constants[s].matrix);
  }
  free(model->constants);
  cr_plan_destroy(model->plan);
  if (model->mutex) cr_mutex_destroy(model->mutex);
  cr_device_release(model->device);
  free(model);
}

static clreid_status check_config(const clreid_model_config *config, clreid_error *error)
{
  if ((unsigned)config->precision > CLREID_FP16)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "precision %d is neither CLREID_FP32 (%d) nor CLREID_FP16 (%d)",
                   (int)config->precision, CLREID_FP32, CLREID_FP16);
  if ((unsigned)config->relation > CLREID_RELATION_CONTRACTED)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "relation %d is outside [0, %d]", (int)config->relation,
                   CLREID_RELATION_CONTRACTED);
  if ((unsigned)config->attention > CLREID_ATTENTION_FUSED)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "attention %d is outside [0, %d]", (int)config->attention,
                   CLREID_ATTENTION_FUSED);
  if ((unsigned)config->gemm > CLREID_GEMM_CLBLAST)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "gemm %d is outside [0, %d]", (int)config->gemm,
                   CLREID_GEMM_CLBLAST);
  return CLREID_OK;
}

clreid_status clreid_model_load(clreid_device *device, const char *path, const clreid_model_config *config,
                                clreid_model **result, clreid_error *error)
{
  if (!device || !path || !result)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_model_load needs device, path and model");
  *result = NULL;
  const clreid_model_config defaults = {0};
  if (!config) config = &defaults;
  CR_TRY(check_config(config, error));
  cr_weights *weights;
  CR_TRY(cr_weights_open(path, &weights, error));
  clreid_model *model = calloc(1, sizeof *model);
  clreid_status status = CLREID_OK;
  if (model) {
    model->device = device->device;
    cr_device_retain(model->device);
    model->references = 1;
    model->mutex = cr_mutex_create();
  }
  if (!model || !model->mutex)
    status = cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a model");
  else
    status = build(model, weights, config, error);
  cr_weights_close(weights);
  if (status != CLREID_OK) {
    if (model) destroy(model);
    return status;
  }
  *result = model;
  return CLREID_OK;
}

void cr_model_retain(clreid_model *model)
{
  cr_mutex_lock(model->mutex);
  model->references++;
  cr_mutex_unlock(model->mutex);
}

void clreid_model_free(clreid_model *model)
{
  if (!model) return;
  cr_mutex_lock(model->mutex);
  const int left = --model->references;
  cr_mutex_unlock(model->mutex);
  if (!left) destroy(model);
}

void clreid_model_describe(const clreid_model *model, clreid_model_info *info)
{
  if (model && info) *info = model->info;
}

bool clreid_model_map_at(const clreid_model *model, size_t index, clreid_map_info *info)
{
  if (!model || !info || index >= (size_t)model->plan->map_count) return false;
  const cr_plan_map *map = &model->plan->maps[index];
  *info = (clreid_map_info){.name = map->name,
                            .kind = map->kind,
                            .height = map->height,
                            .width = map->width,
                            .region_height = map->region_height,
                            .region_width = map->region_width};
  return true;
}

/* ---- For what runs it -------------------------------------------------------------------------------------------- */

void cr_model_resolve(const clreid_model *model, cr_buffer *arena, int batch, cr_view *view)
{
  if (view->tensor < 0) return;
  const cr_plan_tensor *tensor = &model->plan->tensors[view->tensor];
  view->buffer = arena;
  view->offset += tensor->offset_bytes * (size_t)batch / cr_plan_element_bytes(model->plan, tensor);
}

cr_op cr_model_operator(const clreid_model *model, int step, cr_buffer *arena, int batch)
{
  const cr_plan_step *planned = &model->plan->steps[step];
  const cr_step_constants *constants = &model->constants[step];
  cr_op op = planned->op;
  for (int v = 0; v < CR_VIEWS; v++) cr_model_resolve(model, arena, batch, &op.view[v]);
  op.weights = constants->weights;
  op.bias = constants->bias;
  if (constants->matrix) op.view[planned->matrix_role].buffer = constants->matrix;
  return op;
}

clreid_status cr_model_batch(int largest_batch, int *batch, clreid_error *error)
{
  enum { MOST = 65536 };
  *batch = largest_batch ? largest_batch : 1;
  if (*batch >= 1 && *batch <= MOST) return CLREID_OK;
  return cr_fail(error, CLREID_INVALID_ARGUMENT, "a largest batch of %d is outside 1 to %d", *batch, MOST);
}

/* Bytes that the activations of a pass may have: one buffer, and no more than half of what the weights leave of the
 * memory, for others use it too. A driver that does not say how much it has gives 0. */
static uint64_t room_for_arena(const clreid_model *model)
{
  const cr_facts *facts = cr_device_facts(model->device);
  const uint64_t memory = facts->global_memory_bytes, weights = model->info.weight_bytes;
  const uint64_t half = !memory ? UINT64_MAX : memory > weights ? (memory - weights) / 2 : 0;
  const uint64_t buffer = facts->largest_buffer_bytes ? facts->largest_buffer_bytes : UINT64_MAX;
  return half < buffer ? half : buffer;
}

int cr_model_pass(const clreid_model *model, int batch)
{
  const cr_plan *plan = model->plan;
  const uint64_t fit = room_for_arena(model) / plan->arena_bytes;
  int most = fit < 1 ? 1 : fit < (uint64_t)batch ? (int)fit : batch;
  for (int k = 0; k < plan->step_count; k++) {
    const int counted = cr_op_most_pictures(&plan->steps[k].op);
    if (counted < most) most = counted;
  }
  const int passes = (batch - 1) / most + 1;
  return (batch - 1) / passes + 1;
}
