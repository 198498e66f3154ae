/*
 * opencl_load.h - OpenCL's functions where they are loaded at run time (CLREID_LOAD_OPENCL): the table of those that
 * the library calls, and their names, which mean the table's from here on. Without that option they are linked, and
 * only host/opencl.h includes this file.
 */
#ifndef CR_OPENCL_LOAD_H
#define CR_OPENCL_LOAD_H

#include <CL/cl.h>
#include <CL/cl_icd.h>

#include "report.h"

/* A call that is missing here does not link. */
#define CR_OPENCL_FUNCTIONS(F)                                                                                         \
  F(clBuildProgram)                                                                                                    \
  F(clCreateBuffer)                                                                                                    \
  F(clCreateCommandQueue)                                                                                              \
  F(clCreateContext)                                                                                                   \
  F(clCreateKernel)                                                                                                    \
  F(clCreateProgramWithBinary)                                                                                         \
  F(clCreateProgramWithSource)                                                                                         \
  F(clEnqueueBarrierWithWaitList)                                                                                      \
  F(clEnqueueFillBuffer)                                                                                               \
  F(clEnqueueNDRangeKernel)                                                                                            \
  F(clEnqueueReadBuffer)                                                                                               \
  F(clEnqueueWriteBuffer)                                                                                              \
  F(clFinish)                                                                                                          \
  F(clFlush)                                                                                                           \
  F(clGetCommandQueueInfo)                                                                                             \
  F(clGetContextInfo)                                                                                                  \
  F(clGetDeviceIDs)                                                                                                    \
  F(clGetDeviceInfo)                                                                                                   \
  F(clGetEventInfo)                                                                                                    \
  F(clGetEventProfilingInfo)                                                                                           \
  F(clGetKernelWorkGroupInfo)                                                                                          \
  F(clGetMemObjectInfo)                                                                                                \
  F(clGetPlatformIDs)                                                                                                  \
  F(clGetPlatformInfo)                                                                                                 \
  F(clGetProgramBuildInfo)                                                                                             \
  F(clGetProgramInfo)                                                                                                  \
  F(clReleaseCommandQueue)                                                                                             \
  F(clReleaseContext)                                                                                                  \
  F(clReleaseDevice)                                                                                                   \
  F(clReleaseEvent)                                                                                                    \
  F(clReleaseKernel)                                                                                                   \
  F(clReleaseMemObject)                                                                                                \
  F(clReleaseProgram)                                                                                                  \
  F(clRetainCommandQueue)                                                                                              \
  F(clRetainContext)                                                                                                   \
  F(clRetainDevice)                                                                                                    \
  F(clRetainEvent)                                                                                                     \
  F(clSetEventCallback)                                                                                                \
  F(clSetKernelArg)                                                                                                    \
  F(clSetMemObjectDestructorCallback)                                                                                  \
  F(clWaitForEvents)

typedef struct cr_opencl_functions {
#define CR_MEMBER(name) cl_api_##name name;
  CR_OPENCL_FUNCTIONS(CR_MEMBER)
#undef CR_MEMBER
} cr_opencl_functions;

/* Filled by cr_opencl_load and constant from then on. */
extern cr_opencl_functions cr_opencl;

#ifndef CR_OPENCL_BY_NAME
#define clBuildProgram                   cr_opencl.clBuildProgram
#define clCreateBuffer                   cr_opencl.clCreateBuffer
#define clCreateCommandQueue             cr_opencl.clCreateCommandQueue
#define clCreateContext                  cr_opencl.clCreateContext
#define clCreateKernel                   cr_opencl.clCreateKernel
#define clCreateProgramWithBinary        cr_opencl.clCreateProgramWithBinary
#define clCreateProgramWithSource        cr_opencl.clCreateProgramWithSource
#define clEnqueueBarrierWithWaitList     cr_opencl.clEnqueueBarrierWithWaitList
#define clEnqueueFillBuffer              cr_opencl.clEnqueueFillBuffer
#define clEnqueueNDRangeKernel           cr_opencl.clEnqueueNDRangeKernel
#define clEnqueueReadBuffer              cr_opencl.clEnqueueReadBuffer
#define clEnqueueWriteBuffer             cr_opencl.clEnqueueWriteBuffer
#define clFinish                         cr_opencl.clFinish
#define clFlush                          cr_opencl.clFlush
#define clGetCommandQueueInfo            cr_opencl.clGetCommandQueueInfo
#define clGetContextInfo                 cr_opencl.clGetContextInfo
#define clGetDeviceIDs                   cr_opencl.clGetDeviceIDs
#define clGetDeviceInfo                  cr_opencl.clGetDeviceInfo
#define clGetEventInfo                   cr_opencl.clGetEventInfo
#define clGetEventProfilingInfo          cr_opencl.clGetEventProfilingInfo
#define clGetKernelWorkGroupInfo         cr_opencl.clGetKernelWorkGroupInfo
#define clGetMemObjectInfo               cr_opencl.clGetMemObjectInfo
#define clGetPlatformIDs                 cr_opencl.clGetPlatformIDs
#define clGetPlatformInfo                cr_opencl.clGetPlatformInfo
#define clGetProgramBuildInfo            cr_opencl.clGetProgramBuildInfo
#define clGetProgramInfo                 cr_opencl.clGetProgramInfo
#define clReleaseCommandQueue            cr_opencl.clReleaseCommandQueue
#define clReleaseContext                 cr_opencl.clReleaseContext
#define clReleaseDevice                  cr_opencl.clReleaseDevice
#define clReleaseEvent                   cr_opencl.clReleaseEvent
#define clReleaseKernel                  cr_opencl.clReleaseKernel
#define clReleaseMemObject               cr_opencl.clReleaseMemObject
#define clReleaseProgram                 cr_opencl.clReleaseProgram
#define clRetainCommandQueue             cr_opencl.clRetainCommandQueue
#define clRetainContext                  cr_opencl.clRetainContext
#define clRetainDevice                   cr_opencl.clRetainDevice
#define clRetainEvent                    cr_opencl.clRetainEvent
#define clSetEventCallback               cr_opencl.clSetEventCallback
#define clSetKernelArg                   cr_opencl.clSetKernelArg
#define clSetMemObjectDestructorCallback cr_opencl.clSetMemObjectDestructorCallback
#define clWaitForEvents                  cr_opencl.clWaitForEvents
#endif

#endif
