/*
 * launch.c - the life of a step, and the one place that enqueues kernels.
 */
#include "depthwise.h"
#include "grouped.h"
#include "rows.h"
#include "tile.h"
#include "times.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cr_operator *const operators[CR_KINDS] = {
    [CR_CONV] = &cr_operator_conv,
    [CR_GEMM] = &cr_operator_gemm,
    [CR_PACK] = &cr_operator_pack,
    [CR_POOL] = &cr_operator_pool,
    [CR_SCALE] = &cr_operator_scale,
    [CR_MASK] = &cr_operator_mask,
    [CR_HARMONY] = &cr_operator_harmony,
    [CR_ATTEND] = &cr_operator_attend,
    [CR_CROP] = &cr_operator_crop,
    [CR_NORMALISE] = &cr_operator_normalise,
    [CR_WINOGRAD_INPUT] = &cr_operator_winograd_input,
    [CR_WINOGRAD_PRODUCT] = &cr_operator_winograd_product,
    [CR_WINOGRAD_OUTPUT] = &cr_operator_winograd_output,
    [CR_SOFTMAX] = &cr_operator_softmax,
    [CR_ATTENTION] = &cr_operator_attention,
    [CR_SEPARABLE] = &cr_operator_separable,
};

static const cr_operator *operator_of(const cr_device *device, const cr_op *op)
{
  if (cr_grouped_fits(device, op)) return &cr_operator_grouped;
  return cr_depthwise_fits(op) ? &cr_operator_depthwise : operators[op->kind];
}

void cr_arg_int(cr_args *args, size_t value)
{
  const cl_int number = (cl_int)value;
  if (args->code == CL_SUCCESS && value > INT_MAX) args->code = CL_INVALID_ARG_VALUE;
  if (args->code == CL_SUCCESS) args->code = clSetKernelArg(args->kernel, args->next, sizeof number, &number);
  args->next++;
}

void cr_arg_ulong(cr_args *args, size_t value)
{
  const cl_ulong number = value;
  if (args->code == CL_SUCCESS) args->code = clSetKernelArg(args->kernel, args->next, sizeof number, &number);
  args->next++;
}

void cr_arg_float(cr_args *args, float value)
{
  if (args->code == CL_SUCCESS) args->code = clSetKernelArg(args->kernel, args->next, sizeof value, &value);
  args->next++;
}

void cr_arg_local(cr_args *args, size_t bytes)
{
  if (args->code == CL_SUCCESS) args->code = clSetKernelArg(args->kernel, args->next, bytes, NULL);
  args->next++;
}

void cr_arg_buffer(cr_args *args, const cr_buffer *buffer, const cr_buffer *if_null)
{
  const cr_buffer *any = buffer ? buffer : if_null;
  if (args->code == CL_SUCCESS) args->code = clSetKernelArg(args->kernel, args->next, sizeof(cl_mem), &any->memory);
  args->next++;
}

clreid_status cr_args_done(const cr_args *args, clreid_error *error)
{
  return cr_check(args->code, "clSetKernelArg", error);
}

clreid_status cr_step_kernel(cr_step *step, const char *file, const char *options, const char *name,
                             clreid_error *error)
{
  cr_device *device = step->queue->device;
  cr_cache_key key;
  CR_TRY(cr_kernel_create(device, file, options, name, &step->kernel, &key, error));
  snprintf(step->kernel_key, sizeof step->kernel_key, "%s %s", key.text, name);
  CR_TRY(cr_check(clGetKernelWorkGroupInfo(step->kernel, device->id, CL_KERNEL_WORK_GROUP_SIZE,
                                           sizeof step->largest_group, &step->largest_group, NULL),
                  "clGetKernelWorkGroupInfo", error));
  if (step->largest_group > device->facts.largest_work_group)
    step->largest_group = (size_t)device->facts.largest_work_group;
  return CLREID_OK;
}

/* What the kernel uses of local memory, its arguments and its own. */
static clreid_status check_local_memory(const cr_step *step, clreid_error *error)
{
  const cr_device *device = step->queue->device;
  const uint64_t most = device->facts.local_memory_bytes;
  cl_ulong bytes = 0;
  if (!step->kernel || !most) return CLREID_OK;
  CR_TRY(
      cr_check(clGetKernelWorkGroupInfo(step->kernel, device->id, CL_KERNEL_LOCAL_MEM_SIZE, sizeof bytes, &bytes, NULL),
               "clGetKernelWorkGroupInfo", error));
  if (bytes <= most) return CLREID_OK;
  return cr_fail(error, CLREID_UNSUPPORTED_DEVICE,
                 "%s as %s needs %llu bytes of local memory, but the device has %llu; use another device",
                 step->op.name, step->variant, (unsigned long long)bytes, (unsigned long long)most);
}

/* Turns of the loops of a work-item, about. A product's is its depth; what else there is does of a vector's elements in
 * a turn as much as an element counts (limit.h), or half of it. */
static uint64_t turns_of(const cr_step *step)
{
  cr_tiled_shape shape;
  const bool is_tiled = cr_tiled_shape_of(&step->op, step->largest_batch, &shape);
  uint64_t items = 1, of_a_turn = (uint64_t)cr_rows_vector(step) * CR_ELEMENT_WORK / 2;
  if (step->tile.rows > 0 && is_tiled && shape.kernel <= CR_TILED_WINOGRAD)
    return shape.depth * (shape.kernel == CR_TILED_CONV ? shape.taps : 1) * (shape.groups > 1 ? CR_PANEL + 1 : 1);
  if (step->tile.rows > 0) of_a_turn = (uint64_t)step->tile.rows * step->tile.vectors * step->tile.vector;
  for (int d = 0; d < 3; d++) items *= step->global[d];
  return items ? step->map_work * (uint64_t)step->largest_batch / items / of_a_turn : 0;
}

/* A driver that ends the loops of a work-item would give a wrong result: half of what it allows is left for the turns
 * that are not counted. */
static clreid_status check_turns(const cr_step *step, clreid_error *error)
{
  const cr_facts *facts = &step->queue->device->facts;
  if (!facts->most_turns) return CLREID_OK;
  const uint64_t turns = turns_of(step);
  if (turns <= facts->most_turns / 2) return CLREID_OK;
  return cr_fail(
      error, CLREID_UNSUPPORTED_DEVICE,
      "%s as %s takes about %llu turns of the loops of a work-item, but %s is trusted with %llu; use another "
      "device",
      step->op.name, step->variant, (unsigned long long)turns, facts->name, (unsigned long long)facts->most_turns / 2);
}

/* Halves the longest side until the group fits. */
static void fit_group(cr_step *step)
{
  size_t *local = step->local;
  while (local[0] * local[1] * local[2] > step->largest_group && local[0] * local[1] * local[2] > 1) {
    const int longest = local[0] >= local[1] && local[0] >= local[2] ? 0 : local[1] >= local[2] ? 1 : 2;
    local[longest] /= 2;
  }
}

void cr_step_space(cr_step *step, size_t first, size_t second, size_t third)
{
  const size_t items[3] = {first, second, third};
  fit_group(step);
  for (int d = 0; d < 3; d++) step->global[d] = (items[d] + step->local[d] - 1) / step->local[d] * step->local[d];
}

int cr_epilogue_flags(const cr_op *op)
{
  return (op->activation == CR_RELU ? CR_EPILOGUE_RELU : 0) | (op->activation == CR_SIGMOID ? CR_EPILOGUE_SIGMOID : 0) |
         (op->bias ? CR_EPILOGUE_BIAS : 0) | (op->view[CR_RESIDUAL].buffer ? CR_EPILOGUE_RESIDUAL : 0) |
         (op->view[CR_GATE].buffer ? CR_EPILOGUE_GATE : 0);
}

const char *cr_storage_options(const cr_op *op, char text[CR_STORAGE_TEXT])
{
  static const struct {
    int view;
    const char *option;
  } floats[] = {{CR_INPUT, " -DINPUT_FLOAT=1"},
                {CR_SECOND, " -DSECOND_FLOAT=1"},
                {CR_RESIDUAL, " -DRESIDUAL_FLOAT=1"},
                {CR_OUTPUT, " -DOUTPUT_FLOAT=1"}};
  snprintf(text, CR_STORAGE_TEXT, "-DHALF=%d", op->half);
  for (size_t i = 0; op->half && i < sizeof floats / sizeof floats[0]; i++)
    if (op->as_float[floats[i].view]) strcat(text, floats[i].option);
  return text;
}

static void retain_operands(const cr_op *op)
{
  for (int v = 0; v < CR_VIEWS; v++)
    if (op->view[v].buffer) cr_buffer_retain(op->view[v].buffer);
  if (op->weights) cr_buffer_retain(op->weights);
  if (op->bias) cr_buffer_retain(op->bias);
}

static void release_operands(const cr_op *op)
{
  for (int v = 0; v < CR_VIEWS; v++) cr_buffer_release(op->view[v].buffer);
  cr_buffer_release(op->weights);
  cr_buffer_release(op->bias);
}

cr_cut cr_step_cut(const cr_step *step, int maps)
{
  const cr_limits limits = cr_limits_of(step->queue->device);
  return cr_cut_space(&limits, step->global, step->local, step->tile.rows > 0, step->map_work * (uint64_t)maps);
}

static clreid_status bind(cr_step *step, int maps, clreid_error *error)
{
  if (maps == step->bound_batch) return CLREID_OK;
  step->bound_batch = 0; /* where it fails half way the arguments are of no batch */
  CR_TRY(step->operator_->bind(step, maps, error));
  step->bound_batch = maps;
  return CLREID_OK;
}

static clreid_status bind_largest(cr_step *step, clreid_error *error)
{
  CR_TRY(bind(step, step->largest_batch, error));
  if (!step->operator_->run) step->launches = (int)cr_step_cut(step, step->largest_batch).launches;
  return CLREID_OK;
}

/* A kernel that does not know would read halves of floats. */
static clreid_status check_floats(const cr_operator *operator_, const cr_op *op, clreid_error *error)
{
  for (int v = 0; op->half && v < CR_VIEWS; v++)
    if (op->as_float[v] && !(operator_->floats >> v & 1))
      return cr_fail(error, CLREID_UNSUPPORTED_MODEL, "%s: operand %d is float, but its kernel takes halves", op->name,
                     v);
  return CLREID_OK;
}

clreid_status cr_step_create(cr_queue *queue, const cr_op *op, int largest_batch, cr_step **result, clreid_error *error)
{
  if (largest_batch < 1 || largest_batch > cr_op_most_pictures(op))
    return cr_fail(error, CLREID_UNSUPPORTED_MODEL, "%s counts 1 to %d pictures, a step for %d was asked for", op->name,
                   cr_op_most_pictures(op), largest_batch);
  const cr_operator *operator_ = operator_of(queue->device, op);
  CR_TRY(check_floats(operator_, op, error));
  cr_step *step = calloc(1, sizeof *step);
  if (!step) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for step %s", op->name);
  step->queue = queue;
  step->op = *op;
  step->streams = op->streams > 1 ? op->streams : 1;
  step->largest_batch = largest_batch * step->streams;
  step->operator_ = operator_;
  for (int d = 0; d < 3; d++) step->local[d] = 1;
  retain_operands(op);
  step->map_work = cr_op_work(op);
  clreid_status status = step->operator_->prepare(step, error);
  if (status == CLREID_OK) status = bind_largest(step, error);
  if (status == CLREID_OK) status = check_local_memory(step, error);
  if (status == CLREID_OK) status = check_turns(step, error);
  if (status != CLREID_OK) {
    cr_step_destroy(step);
    return status;
  }
  *result = step;
  return CLREID_OK;
}

void cr_step_destroy(cr_step *step)
{
  if (!step) return;
  if (step->kernel) clReleaseKernel(step->kernel);
  cr_buffer_release(step->zeros);
  cr_step_destroy(step->next);
  release_operands(&step->op);
  free(step);
}

/* Groups first .. first + piece - 1 of each dimension, or as many of them as there are. */
static clreid_status enqueue_piece(cr_step *step, const cr_cut *cut, const size_t first[3], clreid_error *error)
{
  size_t offset[3], global[3];
  for (int d = 0; d < 3; d++) {
    const size_t left = cut->groups[d] - first[d];
    offset[d] = first[d] * step->local[d];
    global[d] = (left < cut->piece[d] ? left : cut->piece[d]) * step->local[d];
  }
  return cr_check(clEnqueueNDRangeKernel(step->queue->queue, step->kernel, 3, offset, global, step->local, 0, NULL,
                                         cr_times_note(step->queue, 0)),
                  "clEnqueueNDRangeKernel", error);
}

static clreid_status enqueue(cr_step *step, int maps, clreid_error *error)
{
  const cr_cut cut = cr_step_cut(step, maps);
  size_t first[3];
  for (first[2] = 0; first[2] < cut.groups[2]; first[2] += cut.piece[2])
    for (first[1] = 0; first[1] < cut.groups[1]; first[1] += cut.piece[1])
      for (first[0] = 0; first[0] < cut.groups[0]; first[0] += cut.piece[0])
        CR_TRY(enqueue_piece(step, &cut, first, error));
  return CLREID_OK;
}

clreid_status cr_step_run(cr_step *step, int batch, clreid_error *error)
{
  const int largest = step->largest_batch / step->streams;
  if (batch < 1 || batch > largest)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "a batch of %d was asked of a step prepared for 1 to %d", batch,
                   largest);
  const int maps = batch * step->streams;
  CR_TRY(bind(step, maps, error));
  return step->operator_->run ? step->operator_->run(step, maps, error) : enqueue(step, maps, error);
}

int cr_step_launches(const cr_step *step)
{
  return step->launches + (step->next ? cr_step_launches(step->next) : 0);
}

const char *cr_step_variant(const cr_step *step)
{
  return step->variant;
}
