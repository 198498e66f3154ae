/*
 * support_features.h - random features and labels for the tests of what compares them.
 */
#ifndef SUPPORT_FEATURES_H
#define SUPPORT_FEATURES_H

#include "api.h"
#include "clreid/clreid_evaluate.h"
#include "cosine.h"
#include "support.h"

/* Coarse: small integers, so that many pairs are equally far. Tight: many are so but for what a float loses. */
typedef enum support_spread { SUPPORT_WIDE, SUPPORT_COARSE, SUPPORT_TIGHT } support_spread;

/* values[count][length], for free(): persons round centres. */
float *support_features(uint64_t seed, size_t count, size_t length, support_spread spread);

/* labels[count], for free(): persons 0 to 6, of whom 0 is seen by camera 0 alone, cameras 0 to 3; a tenth is junk. */
clreid_label *support_labels(uint64_t seed, size_t count);

/* The device of support.h as applications hold it. */
clreid_device *support_public_device(void);

#endif
