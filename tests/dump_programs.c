/*
 * dump_programs.c - every program that the library would build for a GPU: dump_programs FOLDER. No test:
 * tests/offline.sh compiles what it writes for devices that are not there.
 *
 * The device at hand pretends to be a GPU with large groups and one with small ones (host/pretend.h), and the steps of
 * every network, for one picture and for many, in both precisions, as they are given and as their plain twins, are
 * created on it. What the library hands to clCreateProgramWithSource and clBuildProgram is written down:
 * FOLDER/NUMBER.cl, whose first line is a comment with the name of a kernel and of the variant, and NUMBER.options.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/networks.h"
#include "../lib/plan.h"
#include "buffer.h"
#include "pretend.h"

enum { MOST = 4096 };

static const char *folder;
static char *texts[MOST]; /* options and source of each that was written */
static int count;
static const char *source; /* of the program that is built next */

cl_program __real_clCreateProgramWithSource(cl_context context, cl_uint number, const char **text,
                                            const size_t *lengths, cl_int *code);
cl_program __wrap_clCreateProgramWithSource(cl_context context, cl_uint number, const char **text,
                                            const size_t *lengths, cl_int *code);
cl_program __wrap_clCreateProgramWithSource(cl_context context, cl_uint number, const char **text,
                                            const size_t *lengths, cl_int *code)
{
  source = *text;
  return __real_clCreateProgramWithSource(context, number, text, lengths, code);
}

static _Noreturn void fail(const char *what)
{
  fprintf(stderr, "dump_programs: %s\n", what);
  exit(1);
}

static void write_text(const char *suffix, const char *text)
{
  char path[1024];
  snprintf(path, sizeof path, "%s/%03d.%s", folder, count, suffix);
  FILE *file = fopen(path, "w");
  if (!file || fputs(text, file) < 0 || fclose(file)) fail(path);
}

static void write_program(const char *options)
{
  const size_t size = strlen(options) + strlen(source) + 2;
  char *text = malloc(size);
  if (!text || count == MOST) fail("too many programs");
  snprintf(text, size, "%s\n%s", options, source);
  for (int i = 0; i < count; i++)
    if (!strcmp(texts[i], text)) {
      free(text);
      return;
    }
  write_text("cl", source);
  write_text("options", options);
  texts[count++] = text;
}

/* ---- No compiler: what is written is not built here ---------------------------------------------------------------
 */

cl_int __wrap_clBuildProgram(cl_program program, cl_uint number, const cl_device_id *devices, const char *options,
                             void(CL_CALLBACK *done)(cl_program, void *), void *user);
cl_int __wrap_clBuildProgram(cl_program program, cl_uint number, const cl_device_id *devices, const char *options,
                             void(CL_CALLBACK *done)(cl_program, void *), void *user)
{
  (void)program, (void)number, (void)devices, (void)done, (void)user;
  write_program(options);
  return CL_SUCCESS;
}

cl_kernel __wrap_clCreateKernel(cl_program program, const char *name, cl_int *code);
cl_kernel __wrap_clCreateKernel(cl_program program, const char *name, cl_int *code)
{
  (void)name;
  *code = CL_SUCCESS;
  return (cl_kernel)program; /* any that is not NULL */
}

cl_int __wrap_clReleaseKernel(cl_kernel kernel);
cl_int __wrap_clReleaseKernel(cl_kernel kernel)
{
  (void)kernel;
  return CL_SUCCESS;
}

cl_int __wrap_clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value);
cl_int __wrap_clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value)
{
  (void)kernel, (void)index, (void)size, (void)value;
  return CL_SUCCESS;
}

/* There is no binary to cache. */
cl_int __wrap_clGetProgramInfo(cl_program program, cl_program_info what, size_t size, void *value, size_t *written);
cl_int __wrap_clGetProgramInfo(cl_program program, cl_program_info what, size_t size, void *value, size_t *written)
{
  (void)program, (void)what, (void)size, (void)value, (void)written;
  return CL_INVALID_PROGRAM_EXECUTABLE;
}

cl_int __wrap_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset,
                                     const size_t *global, const size_t *local, cl_uint waits, const cl_event *wait,
                                     cl_event *event);
cl_int __wrap_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset,
                                     const size_t *global, const size_t *local, cl_uint waits, const cl_event *wait,
                                     cl_event *event)
{
  (void)queue, (void)kernel, (void)dimensions, (void)offset, (void)global, (void)local;
  (void)waits, (void)wait, (void)event;
  return CL_SUCCESS;
}

/* A group of 256, no local memory. */
cl_int __wrap_clGetKernelWorkGroupInfo(cl_kernel kernel, cl_device_id device, cl_kernel_work_group_info what,
                                       size_t size, void *value, size_t *written);
cl_int __wrap_clGetKernelWorkGroupInfo(cl_kernel kernel, cl_device_id device, cl_kernel_work_group_info what,
                                       size_t size, void *value, size_t *written)
{
  const size_t group = 256;
  (void)kernel, (void)device, (void)written;
  memset(value, 0, size);
  if (what == CL_KERNEL_WORK_GROUP_SIZE) memcpy(value, &group, sizeof group);
  return CL_SUCCESS;
}

/* ---- Steps ------------------------------------------------------------------------------------------------------- */

static void create_step(cr_queue *queue, const cr_plan_step *planned, cr_buffer *anything, int batch, bool plain)
{
  clreid_error error = {CLREID_OK, ""};
  cr_step *step;
  cr_op op = planned->op;
  op.plain = plain;
  for (int v = 0; v < CR_VIEWS; v++)
    if (op.view[v].tensor >= 0) op.view[v].buffer = anything;
  if (planned->matrix_role) op.view[planned->matrix_role].buffer = anything;
  op.weights = op.bias = anything;
  if (cr_step_create(queue, &op, batch, &step, &error) != CLREID_OK) fail(error.text);
  cr_step_destroy(step);
}

static void create_network(cr_queue *queue, const cr_network *network, bool half, cr_buffer *anything)
{
  static const int batches[] = {1, 16};
  const cr_log silent = {NULL, NULL};
  const cr_plan_config config = {.half = half, .attention_positions = 128};
  clreid_error error = {CLREID_OK, ""};
  cr_graph *graph;
  cr_plan *plan;
  if (cr_network_build(network, NULL, &graph, &error) != CLREID_OK ||
      cr_plan_create(graph, &config, &silent, &plan, &error) != CLREID_OK)
    fail(error.text);
  for (int k = 0; k < plan->step_count; k++)
    for (int b = 0; b < 2; b++)
      for (int plain = 0; plain < 2; plain++) create_step(queue, &plan->steps[k], anything, batches[b], plain);
  cr_plan_destroy(plan);
  cr_graph_destroy(graph);
}

/* What is no step of a network: pictures in, features out, the search of a gallery. */
static void create_others(cr_queue *queue, cr_buffer *anything, bool half)
{
  clreid_error error = {CLREID_OK, ""};
  for (int plain = 0; plain < 2; plain++) {
    const cr_resize_spec resized = {.height = 256, .width = 128, .half = half, .plain = plain};
    const cr_search_spec searched = {
        .length = 512, .half = half, .plain = plain, .block_rows = 64, .room = 64, .staged = 1};
    const cr_view view = {.buffer = anything, .picture = 512, .row = 512};
    const cr_deliver_spec delivered = {.view = {view, view}, .half = {half, half}, .columns = 512};
    cr_resize *resize = NULL;
    cr_search *search = NULL;
    cr_deliver *deliver = NULL;
    if (cr_resize_create(queue, &resized, &view, 1, &resize, &error) != CLREID_OK ||
        cr_search_create(queue, &searched, &search, &error) != CLREID_OK ||
        cr_deliver_create(queue, &delivered, 1, &deliver, &error) != CLREID_OK)
      fail(error.text);
    cr_deliver_destroy(deliver);
    cr_search_destroy(search);
    cr_resize_destroy(resize);
  }
}

int main(int argc, char **argv)
{
  static const char *const pretences[] = {"gpu,width=1", "gpu,width=1,work-group=8"};
  if (argc != 2) fail("usage: dump_programs FOLDER");
  folder = argv[1];
  for (int p = 0; p < 2; p++) {
    clreid_error error = {CLREID_OK, ""};
    cr_device *device;
    cr_queue *queue;
    cr_buffer *anything;
    setenv("CLREID_PRETEND", pretences[p], 1);
    const cr_device_config config = {.cache_folder = "", .tuning_folder = ""};
    if (cr_device_open(&config, &device, &error) != CLREID_OK || cr_queue_create(device, &queue, &error) != CLREID_OK ||
        cr_buffer_create(device, 1 << 20, NULL, &anything, &error) != CLREID_OK)
      fail(error.text);
    for (int half = 0; half < 2; half++) {
      for (size_t i = 0; cr_network_at(i); i++) create_network(queue, cr_network_at(i), half, anything);
      create_others(queue, anything, half);
    }
    cr_buffer_release(anything);
    cr_queue_destroy(queue);
    cr_device_release(device);
  }
  printf("%d programs\n", count);
  while (count) free(texts[--count]);
  return 0;
}
