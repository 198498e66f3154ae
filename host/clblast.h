/*
 * clblast.h - CLBlast as a provider of matrix products. Only where the library is built with it (CLREID_CLBLAST).
 *
 * CLBlast picks its kernels by m, n and k. It is called with the sizes of one picture, the batch as strides, so that
 * the bits of a product do not depend on the batch. It creates kernels and, for some sizes, temporary buffers in each
 * call; what it compiles is kept in a cache of its own.
 */
#ifndef CR_CLBLAST_H
#define CR_CLBLAST_H

#include "launch.h"

/* Does CLBlast take this product? Float storage alone: its products of halves are summed in half, so those stay with
 * our kernel; and b by rows, not in panels. */
bool cr_clblast_takes(const cr_op *op);

/* A step of CR_GEMM run by CLBlast; bias, residual and activation by cl/scale.cl in a second launch. */
extern const cr_operator cr_operator_clblast;

/* A device that has run CLBlast is closing; with the last of them CLBlast's cache goes. */
void cr_clblast_leave(void);

#endif
