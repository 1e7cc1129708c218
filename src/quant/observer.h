/* observer: streaming statistics of one value, and the range a method makes of them. Mergeable; the merge
 * does not depend on order unless stated. One file per method, observer_<method>.c; the table is in
 * observer.c.
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

/* What a range is wanted for. */
typedef struct oq_range_goal {
    bool is_symmetric; /* codes lie evenly on both sides of zero, whatever the data */
    int n_levels;      /* codes there are: 256, or 128 */
} oq_range_goal;

typedef struct oq_observer_kind {
    const char *name; /* --method */
    const char *summary;
    bool is_order_free; /* merge gives the same result in any order */
    /* NULL: nothing beside the extremes is kept. A second start clears what the first one made. */
    oq_status (*start)(oq_observer *observer, oq_arena *arena);
    void (*observe)(oq_observer *observer, const float *x, size_t n); /* one call = one sample's tensor */
    oq_status (*merge)(oq_observer *into, const oq_observer *from);   /* NULL: cannot merge */
    /* lo <= 0 <= hi is not promised; lo > hi: nothing was seen. */
    void (*range)(const oq_observer *observer, const oq_range_goal *goal, float *lo, float *hi);
    /* Share (0..1) of the values seen that lie outside lo..hi. NULL: not known. */
    double (*share_outside)(const oq_observer *observer, float lo, float hi);
} oq_observer_kind;

extern const oq_observer_kind oq_observer_minmax;
extern const oq_observer_kind oq_observer_moving_average; /* seed mode: constant 0.01, first call sets */
extern const oq_observer_kind oq_observer_mean;
extern const oq_observer_kind oq_observer_percentile;
extern const oq_observer_kind oq_observer_entropy;
extern const oq_observer_kind oq_observer_mse;
extern const oq_observer_kind oq_observer_histogram_l2;
extern const oq_observer_kind oq_observer_octav;

const oq_observer_kind *oq_observer_find(const char *name);
const oq_observer_kind *oq_observer_at(size_t i); /* NULL at the end */

/* Begin, or begin afresh, with observer->kind set and the rest zero or from an earlier start. */
oq_status oq_observer_start(oq_observer *observer, oq_arena *arena);

/* ---- for observer_*.c */
/* Count x and widen lo..hi by its finite values. */
void oq_observer_add_extremes(oq_observer *observer, const float *x, size_t n);
void oq_observer_merge_extremes(oq_observer *into, const oq_observer *from);

#endif
