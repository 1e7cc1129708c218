/* observer: streaming statistics of one value. Mergeable; the merge does not depend on order unless stated.
 */
#ifndef OQ_QUANT_OBSERVER_H
#define OQ_QUANT_OBSERVER_H

#include "quant/qparams.h"

typedef struct oq_observer {
    const struct oq_observer_kind *kind;
    float lo, hi;        /* lo > hi: nothing seen */
    size_t n_seen;       /* finite elements */
    size_t n_not_finite; /* NaN and infinities: counted, left out */
    void *extra;         /* histogram bins and the like; owned by the kind */
} oq_observer;

typedef struct oq_observer_kind {
    const char *name; /* --method */
    const char *summary;
    bool is_order_free; /* merge gives the same result in any order */
    oq_status (*start)(oq_observer *observer, oq_arena *arena);
    void (*observe)(oq_observer *observer, const float *x, size_t n); /* one call = one sample's tensor */
    oq_status (*merge)(oq_observer *into, const oq_observer *from);   /* NULL: cannot merge */
    void (*range)(const oq_observer *observer, float *lo, float *hi);
} oq_observer_kind;

extern const oq_observer_kind oq_observer_minmax;
extern const oq_observer_kind oq_observer_moving_average; /* seed mode: constant 0.01, first call sets */
const oq_observer_kind *oq_observer_find(const char *name);
const oq_observer_kind *oq_observer_at(size_t i); /* NULL at the end */

#endif
