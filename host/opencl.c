/*
 * opencl.c - names of OpenCL's error codes, and which status each becomes.
 */
#include "opencl.h"

static const struct {
  cl_int code;
  const char *name;
} code_names[] = {
#define NAME(number) .code = (number), .name = #number
    {NAME(CL_SUCCESS)},
    {NAME(CL_DEVICE_NOT_FOUND)},
    {NAME(CL_DEVICE_NOT_AVAILABLE)},
    {NAME(CL_COMPILER_NOT_AVAILABLE)},
    {NAME(CL_MEM_OBJECT_ALLOCATION_FAILURE)},
    {NAME(CL_OUT_OF_RESOURCES)},
    {NAME(CL_OUT_OF_HOST_MEMORY)},
    {NAME(CL_BUILD_PROGRAM_FAILURE)},
    {NAME(CL_MAP_FAILURE)},
    {NAME(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST)},
    {NAME(CL_INVALID_VALUE)},
    {NAME(CL_INVALID_PLATFORM)},
    {NAME(CL_INVALID_DEVICE)},
    {NAME(CL_INVALID_CONTEXT)},
    {NAME(CL_INVALID_COMMAND_QUEUE)},
    {NAME(CL_INVALID_MEM_OBJECT)},
    {NAME(CL_INVALID_BINARY)},
    {NAME(CL_INVALID_BUILD_OPTIONS)},
    {NAME(CL_INVALID_PROGRAM)},
    {NAME(CL_INVALID_PROGRAM_EXECUTABLE)},
    {NAME(CL_INVALID_KERNEL_NAME)},
    {NAME(CL_INVALID_KERNEL)},
    {NAME(CL_INVALID_ARG_INDEX)},
    {NAME(CL_INVALID_ARG_VALUE)},
    {NAME(CL_INVALID_ARG_SIZE)},
    {NAME(CL_INVALID_KERNEL_ARGS)},
    {NAME(CL_INVALID_WORK_DIMENSION)},
    {NAME(CL_INVALID_WORK_GROUP_SIZE)},
    {NAME(CL_INVALID_WORK_ITEM_SIZE)},
    {NAME(CL_INVALID_GLOBAL_OFFSET)},
    {NAME(CL_INVALID_EVENT_WAIT_LIST)},
    {NAME(CL_INVALID_BUFFER_SIZE)},
    {NAME(CL_INVALID_GLOBAL_WORK_SIZE)},
    {-1001, "CL_PLATFORM_NOT_FOUND_KHR"},
#undef NAME
};

const char *cr_code_name(cl_int code)
{
  for (size_t i = 0; i < sizeof code_names / sizeof code_names[0]; i++)
    if (code_names[i].code == code) return code_names[i].name;
  return "an error code of the driver's own";
}

clreid_status cr_check(cl_int code, const char *call, clreid_error *error)
{
  switch (code) {
  case CL_SUCCESS:
    return CLREID_OK;
  case CL_MEM_OBJECT_ALLOCATION_FAILURE:
  case CL_OUT_OF_RESOURCES:
    return cr_fail(error, CLREID_OUT_OF_DEVICE_MEMORY,
                   "%s failed with %s (%d): the device is out of memory or resources; free some or take another", call,
                   cr_code_name(code), code);
  case CL_OUT_OF_HOST_MEMORY:
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "%s failed with %s (%d): out of memory", call, cr_code_name(code),
                   code);
  default:
    return cr_fail(error, CLREID_DEVICE_FAILED,
                   "%s failed with %s (%d); `clreid selftest` tells whether the driver works", call, cr_code_name(code),
                   code);
  }
}
