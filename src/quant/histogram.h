/* histogram: how often each size of number occurs, in one pass, for a range nobody knows beforehand.
 *
 * Bins are counted from zero outwards, one side for each sign, and are 2^(exponent - 11) wide. A value beyond
 * 2^exponent makes the bins wider by a power of two: whole bins merge, no count moves. So the result is the
 * same for any order of samples and any split among workers. Between 1024 and 2048 bins hold the larger side.
 */
#ifndef OQ_QUANT_HISTOGRAM_H
#define OQ_QUANT_HISTOGRAM_H

#include "kernel/observe.h"
#include "quant/observer.h"

typedef struct oq_histogram {
    int exponent;                       /* every |x| is below 2^exponent */
    uint64_t n_zeros;                   /* of either sign; in no bin */
    uint64_t counts[OQ_HISTOGRAM_BINS]; /* bin b of positive values, then of negative ones, both outwards */
} oq_histogram;

void oq_histogram_clear(oq_histogram *histogram);
/* n values; those not finite are left out. top: the largest finite |x| among them, n_not_finite: how many. */
void oq_histogram_add(oq_histogram *histogram, const float *x, size_t n, float top, size_t n_not_finite);
void oq_histogram_merge(oq_histogram *into, const oq_histogram *from);
double oq_histogram_width(const oq_histogram *histogram);   /* of a bin */
uint64_t oq_histogram_total(const oq_histogram *histogram); /* zeros included */
/* The share (0..1) of all values outside lo..hi; within a bin they are taken as evenly spread. */
double oq_histogram_outside(const oq_histogram *histogram, float lo, float hi);

/* The bins as one row from the most negative to the most positive that is not empty: bin i covers
 * from + i * width .. from + (i + 1) * width. Zeros are counted in the first positive bin. */
typedef struct oq_histogram_line {
    double from, width;
    size_t n;    /* 0: nothing but zeros was seen */
    size_t zero; /* bins below 0; equal to n when nothing is above */
    double counts[OQ_HISTOGRAM_BINS];
} oq_histogram_line;
void oq_histogram_row(const oq_histogram *histogram, oq_histogram_line *out);

/* ---- what observers that keep a histogram have in common */
oq_status oq_histogram_start(oq_observer *observer, oq_arena *arena);
void oq_histogram_observe(oq_observer *observer, const float *x, size_t n);
oq_status oq_histogram_merge_observers(oq_observer *into, const oq_observer *from);
double oq_histogram_share_outside(const oq_observer *observer, float lo, float hi);

#endif
