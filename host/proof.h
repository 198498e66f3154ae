/*
 * proof.h - which kernels of a device have given a known answer (known.h), remembered in the cache folder.
 *
 * FOLDER/proofs.rows begins with a line "clreid-proofs 1 HASH", HASH being the XXH3 of what follows: a row a variant,
 *
 *     good|wrong KEY KERNEL LOCAL VARIANT
 *
 * with KEY that of the compiled program (cache.h), which holds source, options, device, driver and the library's
 * version. A file that is cut or altered is dropped, and the answers are asked for again. No failure here is an error.
 */
#ifndef CR_PROOF_H
#define CR_PROOF_H

#include "launch.h"

typedef enum cr_verdict { CR_UNKNOWN = 0, CR_GOOD, CR_WRONG } cr_verdict;

/* What is remembered of the step's kernel in its group. */
cr_verdict cr_proof_of(const cr_step *step);
void cr_proofs_free(cr_device *device);

#endif
