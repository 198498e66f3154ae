/*
 * bench_gallery.c - how long a search takes, in passes over the memory of the features: no test, run it by hand.
 *
 *     bench_gallery [COUNT [LENGTH [QUERIES [MATCHES [fp32]]]]]     1000000 1024 64 10, float16
 *
 * A pass is a kernel that reads every byte of the features, vectors of 64 bytes at a time, and keeps their exclusive
 * or. Passes and searches run in turns; the medians are told, and the memory that the gallery has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "buffer.h"
#include "gallery.h"
#include "system.h"

enum { RUNS = 9, PIECE = 1000, EACH = 8192 };

static const char pass_source[] =
    "__kernel void pass(__global const ulong *from, __global ulong *to, const ulong each)\n"
    "{\n"
    "  ulong8 a = (ulong8)(0), b = a, c = a, d = a;\n"
    "  __global const ulong *p = from + get_global_id(0) * each;\n"
    "  for (ulong k = 0; k < each; k += 32) {\n"
    "    a ^= vload8(0, p + k), b ^= vload8(0, p + k + 8);\n"
    "    c ^= vload8(0, p + k + 16), d ^= vload8(0, p + k + 24);\n"
    "  }\n"
    "  vstore8(a ^ b ^ c ^ d, get_global_id(0), to);\n"
    "}\n";

static clreid_error error;

static void must(clreid_status status, const char *what)
{
  if (status == CLREID_OK) return;
  fprintf(stderr, "bench_gallery: %s: %s\n", what, error.text);
  exit(1);
}

static void must_cl(cl_int code, const char *what)
{
  must(cr_check(code, what, &error), what);
}

static uint64_t state = 1;

static float draw(void)
{
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (float)(int32_t)(state >> 32) * 0x1p-31f;
}

static void fill(float *features, size_t count, int length)
{
  for (size_t i = 0; i < count * (size_t)length; i++) features[i] = draw();
}

typedef struct seconds {
  double wall, cpu;
} seconds;

static seconds now(void)
{
  return (seconds){cr_seconds(), (double)clock() / CLOCKS_PER_SEC};
}

static seconds since(seconds before)
{
  const seconds after = now();
  return (seconds){after.wall - before.wall, after.cpu - before.cpu};
}

static seconds pass(clreid_gallery *g, cl_kernel kernel, cl_mem to)
{
  const seconds before = now();
  for (size_t b = 0; b < g->block_count; b++) {
    const cl_mem from = g->blocks[b]->device.features->memory;
    const size_t panels = (size_t)(g->blocks[b]->used + CR_PANEL - 1) / CR_PANEL;
    const size_t bytes = panels * CR_PANEL * (size_t)g->config.feature_length * cr_gallery_element_bytes(g);
    const cl_ulong each = EACH;
    const size_t items = bytes / 8 / EACH, local = 1;
    must_cl(clSetKernelArg(kernel, 0, sizeof from, &from), "clSetKernelArg");
    must_cl(clSetKernelArg(kernel, 1, sizeof to, &to), "clSetKernelArg");
    must_cl(clSetKernelArg(kernel, 2, sizeof each, &each), "clSetKernelArg");
    if (items) must_cl(clEnqueueNDRangeKernel(g->queue->queue, kernel, 1, NULL, &items, &local, 0, NULL, NULL), "pass");
  }
  must(cr_queue_finish(g->queue, &error), "pass");
  return since(before);
}

static int ascending(const void *left, const void *right)
{
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static double median(const seconds *times, bool cpu)
{
  double sorted[RUNS];
  for (int r = 0; r < RUNS; r++) sorted[r] = cpu ? times[r].cpu : times[r].wall;
  qsort(sorted, RUNS, sizeof *sorted, ascending);
  return sorted[RUNS / 2];
}

static cl_kernel pass_kernel(const clreid_gallery *g)
{
  const char *text = pass_source;
  cl_int code;
  cl_program program = clCreateProgramWithSource(g->device->context, 1, &text, NULL, &code);
  must_cl(code, "clCreateProgramWithSource");
  must_cl(clBuildProgram(program, 1, &g->device->id, "", NULL, NULL), "clBuildProgram");
  cl_kernel kernel = clCreateKernel(program, "pass", &code);
  must_cl(code, "clCreateKernel");
  clReleaseProgram(program);
  return kernel;
}

static void measure(clreid_gallery *g, size_t queries, size_t k)
{
  const int length = g->config.feature_length;
  float *query = malloc(queries * (size_t)length * sizeof *query);
  clreid_match *matches = malloc(queries * k * sizeof *matches);
  seconds passes[RUNS], searches[RUNS];
  cl_int code;
  cl_mem to = clCreateBuffer(g->device->context, CL_MEM_READ_WRITE, 64 << 20, NULL, &code);
  must_cl(code, "clCreateBuffer");
  const cl_kernel kernel = pass_kernel(g);
  fill(query, queries, length);
  pass(g, kernel, to);
  for (int r = -1; r < RUNS; r++) {
    const seconds before = now();
    must(clreid_gallery_search(g, query, queries, k, matches, NULL, &error), "search");
    if (r < 0) continue;
    searches[r] = since(before);
    passes[r] = pass(g, kernel, to);
  }
  const double features = (double)g->count * length;
  for (int cpu = 0; cpu < 2; cpu++) {
    const double one = median(passes, cpu), all = median(searches, cpu);
    printf("%s: pass %.1f ms (%.1f GB/s), search of %zu queries, %zu matches: %.1f ms (%.0f GFLOP/s), %.2f passes\n",
           cpu ? "processor" : "wall", one * 1e3, features * (double)cr_gallery_element_bytes(g) / one * 1e-9, queries,
           k, all * 1e3, 2 * features * (double)queries / all * 1e-9, all / one);
  }
  clReleaseKernel(kernel);
  clReleaseMemObject(to);
  free(query);
  free(matches);
}

int main(int argc, char **argv)
{
  const size_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
  const size_t queries = argc > 3 ? strtoull(argv[3], NULL, 10) : 64, k = argc > 4 ? strtoull(argv[4], NULL, 10) : 10;
  const clreid_gallery_config config = {.feature_length = argc > 2 ? atoi(argv[2]) : 1024,
                                        .precision = argc > 5 && !strcmp(argv[5], "fp32") ? CLREID_FP32 : CLREID_FP16};
  clreid_device *device;
  clreid_gallery *g;
  clreid_gallery_info info;
  const char *choice = getenv("CLREID_TEST_DEVICE");
  must(clreid_device_open(&(clreid_device_config){.choice = choice ? choice : "cpu"}, &device, &error), "device");
  must(clreid_gallery_create(device, &config, &g, &error), "create");
  float *piece = malloc(PIECE * (size_t)config.feature_length * sizeof *piece);
  double adding = 0;
  for (size_t done = 0; done < count; done += PIECE) {
    const size_t some = count - done < PIECE ? count - done : PIECE;
    fill(piece, some, config.feature_length);
    const double before = cr_seconds();
    must(clreid_gallery_add(g, piece, NULL, NULL, some, NULL, &error), "add");
    adding += cr_seconds() - before;
  }
  free(piece);
  printf("%zu features of length %d added in %.1f s, %s\n", count, config.feature_length, adding,
         cr_search_variant(g->search));
  measure(g, queries, k);
  clreid_gallery_describe(g, &info);
  printf("memory: device %.1f MB, host %.1f MB\n", (double)info.device_bytes * 1e-6, (double)info.host_bytes * 1e-6);
  clreid_gallery_destroy(g);
  clreid_device_close(device);
  return 0;
}
