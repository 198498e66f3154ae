/*
 * opencl.h - the one way to call OpenCL: every return code is looked at here.
 */
#ifndef CR_OPENCL_H
#define CR_OPENCL_H

#include <CL/cl.h>

#include "report.h"

#ifdef CLREID_LOAD_OPENCL
#include "opencl_load.h"
#endif

/* Comes before the first other call of OpenCL. Where OpenCL is loaded at run time: CLREID_UNSUPPORTED_PLATFORM if there
 * is none; where it is linked, nothing. Any thread, any number of times. */
#ifdef CLREID_LOAD_OPENCL
clreid_status cr_opencl_load(clreid_error *error);
#else
static inline clreid_status cr_opencl_load(clreid_error *error)
{
  (void)error;
  return CLREID_OK;
}
#endif

/* OK if code is CL_SUCCESS; otherwise fails with the call's name, the code's name and number, and what that means. */
clreid_status cr_check(cl_int code, const char *call, clreid_error *error);

const char *cr_code_name(cl_int code); /* "CL_INVALID_VALUE"; never NULL */

#endif
