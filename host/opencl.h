/*
 * opencl.h - the one way to call OpenCL: every return code is looked at here.
 */
#ifndef CR_OPENCL_H
#define CR_OPENCL_H

#include <CL/cl.h>

#include "report.h"

/* OK if code is CL_SUCCESS; otherwise fails with the call's name, the code's name and number, and what that means. */
clreid_status cr_check(cl_int code, const char *call, clreid_error *error);

const char *cr_code_name(cl_int code); /* "CL_INVALID_VALUE"; never NULL */

#endif
