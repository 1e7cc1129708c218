/* shape: arithmetic on partly known shapes. */
#ifndef OQ_IR_SHAPE_H
#define OQ_IR_SHAPE_H

#include "ir/ir.h"

static inline oq_dim oq_dim_of(int64_t size)
{
    return (oq_dim){size, NULL};
}

static inline oq_dim oq_dim_unknown(void)
{
    return (oq_dim){-1, NULL};
}

oq_shape oq_shape_unknown(void); /* unknown rank */
oq_shape oq_shape_scalar(void);
oq_shape oq_shape_of(const int64_t *dims, int rank);       /* -1 = unknown */
bool oq_dim_equal(oq_dim a, oq_dim b);                     /* known and equal, or the same symbol */
bool oq_shape_is_static(const oq_shape *shape);            /* rank and all sizes known */
bool oq_shape_equal(const oq_shape *a, const oq_shape *b); /* surely equal */
bool oq_shape_dims(const oq_shape *shape, int64_t *dims);  /* all sizes; false if one is unknown */
/* What is known from both: sizes of a kept, unknowns of a filled from b. False when they contradict. */
bool oq_shape_merge(const oq_shape *a, const oq_shape *b, oq_shape *out);
/* NumPy broadcasting; unknown with 1 gives unknown. False when surely impossible. */
bool oq_shape_broadcast(const oq_shape *a, const oq_shape *b, oq_shape *out);
/* "[N,3,224,224]", "[]" for a scalar, "[?]" for unknown rank, "?" for an unknown size. Returns text. */
const char *oq_shape_text(const oq_shape *shape, char *text, size_t size);

#endif
