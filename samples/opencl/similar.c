/*
 * similar.c - libclreid in an OpenCL application: a kernel of ours draws a frame with figures, the library embeds them,
 * a kernel of ours compares all with all. Frame and features stay on the device; the similarities alone come back.
 *
 * What is drawn stands for your decoder and what finds persons for your detector.
 */
#include <CL/cl.h>
#include <clreid/clreid_opencl.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIGURES = 6, FIGURE_WIDTH = 80, FIGURE_HEIGHT = 200, WIDTH = 640, HEIGHT = 240, GAP = 20 };

/* Figure 4 is dressed like figure 1. */
static const char kernels[] =
    "uchar4 dress(const int figure, const int part)\n"
    "{\n"
    "  const uint like = (figure == 4 ? 1 : figure) * 3 + part + 1;\n"
    "  const uint mixed = like * 2654435761u;\n"
    "  return (uchar4)(mixed >> 24, mixed >> 16 & 255, mixed >> 8 & 255, 255);\n"
    "}\n"
    "__kernel void draw(__global uchar4 *frame, const int width, const int figure_width, const int figure_height,\n"
    "                   const int gap)\n"
    "{\n"
    "  const int x = get_global_id(0), y = get_global_id(1), step = figure_width + gap;\n"
    "  const int in_x = x % step - gap, in_y = y - gap, part = in_y * 3 / figure_height;\n"
    "  const bool inside = in_x >= 0 && in_y >= 0 && in_y < figure_height;\n"
    "  const int arms = abs(2 * in_x - figure_width), wide = part == 1 ? figure_width : figure_width / 2;\n"
    "  const uchar grey = 90 + (x ^ y) % 32;\n"
    "  frame[y * width + x] = inside && arms < wide ? dress(x / step, part) : (uchar4)(grey, grey, grey, 255);\n"
    "}\n"
    "__kernel void compare(__global const float *features, __global float *similarities, const int length)\n"
    "{\n"
    "  const int a = get_global_id(0), b = get_global_id(1), count = get_global_size(0);\n"
    "  float ab = 0, aa = 0, bb = 0;\n"
    "  for (int i = 0; i < length; i++) {\n"
    "    const float x = features[a * length + i], y = features[b * length + i];\n"
    "    ab += x * y, aa += x * x, bb += y * y;\n"
    "  }\n"
    "  similarities[a * count + b] = ab / sqrt(aa * bb);\n"
    "}\n";

static void must(cl_int code, const char *call)
{
  if (code == CL_SUCCESS) return;
  fprintf(stderr, "similar: %s failed with %d\n", call, code);
  exit(1);
}

/* ---- The application's OpenCL ----------------------------------------------------------------------------------- */

typedef struct application {
  cl_device_id device;
  cl_context context;
  cl_command_queue queue;
  cl_program program;
  cl_kernel draw, compare;
  cl_mem frame, features, similarities;
} application;

/* The first GPU, else whatever there is. */
static cl_device_id find_device(void)
{
  static const cl_device_type wanted[] = {CL_DEVICE_TYPE_GPU, CL_DEVICE_TYPE_ALL};
  cl_platform_id platforms[16];
  cl_uint count = 0;
  cl_device_id device = NULL;
  must(clGetPlatformIDs(16, platforms, &count), "clGetPlatformIDs");
  for (int w = 0; w < 2; w++)
    for (cl_uint p = 0; p < count && p < 16 && !device; p++)
      if (clGetDeviceIDs(platforms[p], wanted[w], 1, &device, NULL) != CL_SUCCESS) device = NULL;
  must(device ? CL_SUCCESS : CL_DEVICE_NOT_FOUND, "clGetDeviceIDs");
  return device;
}

static cl_mem make_buffer(cl_context context, size_t bytes)
{
  cl_int code;
  const cl_mem buffer = clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, NULL, &code);
  must(code, "clCreateBuffer");
  return buffer;
}

static cl_kernel make_kernel(cl_program program, const char *name)
{
  cl_int code;
  const cl_kernel kernel = clCreateKernel(program, name, &code);
  must(code, "clCreateKernel");
  return kernel;
}

static application start(void)
{
  application a = {.device = find_device()};
  const char *text = kernels;
  cl_int code;
  a.context = clCreateContext(NULL, 1, &a.device, NULL, NULL, &code);
  must(code, "clCreateContext");
  a.queue = clCreateCommandQueue(a.context, a.device, 0, &code);
  must(code, "clCreateCommandQueue");
  a.program = clCreateProgramWithSource(a.context, 1, &text, NULL, &code);
  must(code, "clCreateProgramWithSource");
  must(clBuildProgram(a.program, 1, &a.device, "", NULL, NULL), "clBuildProgram");
  a.draw = make_kernel(a.program, "draw");
  a.compare = make_kernel(a.program, "compare");
  a.frame = make_buffer(a.context, (size_t)WIDTH * HEIGHT * 4);
  a.similarities = make_buffer(a.context, FIGURES * FIGURES * sizeof(float));
  return a;
}

static void stop(application *a)
{
  clReleaseMemObject(a->frame);
  if (a->features) clReleaseMemObject(a->features);
  clReleaseMemObject(a->similarities);
  clReleaseKernel(a->draw);
  clReleaseKernel(a->compare);
  clReleaseProgram(a->program);
  clReleaseCommandQueue(a->queue);
  clReleaseContext(a->context);
}

/* ---- Drawing, embedding, comparing ------------------------------------------------------------------------------ */

static void draw(const application *a)
{
  const cl_int numbers[] = {WIDTH, FIGURE_WIDTH, FIGURE_HEIGHT, GAP};
  const size_t size[] = {WIDTH, HEIGHT};
  must(clSetKernelArg(a->draw, 0, sizeof a->frame, &a->frame), "clSetKernelArg");
  for (cl_uint i = 0; i < 4; i++)
    must(clSetKernelArg(a->draw, i + 1, sizeof numbers[i], &numbers[i]), "clSetKernelArg");
  must(clEnqueueNDRangeKernel(a->queue, a->draw, 2, NULL, size, NULL, 0, NULL, NULL), "clEnqueueNDRangeKernel");
}

/* On the application's queue, behind what draws and before what compares: nobody needs an event. */
static clreid_status embed(const application *a, clreid_session *session, clreid_error *error)
{
  clreid_box boxes[FIGURES];
  for (int k = 0; k < FIGURES; k++)
    boxes[k] = (clreid_box){(float)(k * (FIGURE_WIDTH + GAP) + GAP), GAP, FIGURE_WIDTH, FIGURE_HEIGHT};
  const clreid_opencl_frame frame = {
      .memory = a->frame, .width = WIDTH, .height = HEIGHT, .format = CLREID_FORMAT_RGBA};
  const clreid_opencl_boxes all = {.frame = &frame, .boxes = boxes, .count = FIGURES};
  const clreid_opencl_features to = {.neck = a->features};
  return clreid_enqueue(session, &all, 1, &to, 0, NULL, NULL, error);
}

static void compare(const application *a, int length, float similarities[FIGURES][FIGURES])
{
  const cl_int numbers = length;
  const size_t size[] = {FIGURES, FIGURES};
  must(clSetKernelArg(a->compare, 0, sizeof a->features, &a->features), "clSetKernelArg");
  must(clSetKernelArg(a->compare, 1, sizeof a->similarities, &a->similarities), "clSetKernelArg");
  must(clSetKernelArg(a->compare, 2, sizeof numbers, &numbers), "clSetKernelArg");
  must(clEnqueueNDRangeKernel(a->queue, a->compare, 2, NULL, size, NULL, 0, NULL, NULL), "clEnqueueNDRangeKernel");
  must(clEnqueueReadBuffer(a->queue, a->similarities, CL_TRUE, 0, FIGURES * FIGURES * sizeof(float), similarities, 0,
                           NULL, NULL),
       "clEnqueueReadBuffer");
}

static void print(float similarities[FIGURES][FIGURES])
{
  for (int a = 0; a < FIGURES; a++) {
    int best = a ? 0 : 1;
    for (int b = 0; b < FIGURES; b++)
      if (b != a && similarities[a][b] > similarities[a][best]) best = b;
    for (int b = 0; b < FIGURES; b++) printf("%7.4f", (double)similarities[a][b]);
    printf("   figure %d is most like figure %d\n", a, best);
  }
}

int main(int argc, char **argv)
{
  clreid_device *device = NULL;
  clreid_model *model = NULL;
  clreid_session *session = NULL;
  clreid_session_config config = {.largest_batch = FIGURES};
  clreid_model_info info = {0};
  clreid_error error = {CLREID_OK, ""};
  float similarities[FIGURES][FIGURES];
  if (argc != 2) {
    fprintf(stderr, "usage: clreid-similar WEIGHTS\n");
    return 2;
  }
  application a = start();
  if (clreid_device_adopt(a.context, a.device, NULL, &device, &error) == CLREID_OK &&
      clreid_model_load(device, argv[1], NULL, &model, &error) == CLREID_OK &&
      clreid_session_create_on(model, &config, a.queue, &session, &error) == CLREID_OK) {
    clreid_model_describe(model, &info);
    a.features = make_buffer(a.context, FIGURES * (size_t)info.feature_length * sizeof(float));
    draw(&a);
    if (embed(&a, session, &error) == CLREID_OK) {
      compare(&a, info.feature_length, similarities);
      if (clreid_enqueue_check(session, &error) == CLREID_OK) print(similarities);
    }
  }
  if (error.status) fprintf(stderr, "similar: %s\n", error.text);
  clreid_session_destroy(session);
  clreid_model_free(model);
  clreid_device_close(device);
  stop(&a);
  return error.status != CLREID_OK;
}
