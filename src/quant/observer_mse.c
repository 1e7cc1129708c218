/* observer_mse: the range with the smallest mean squared error of quantizing and clipping.
 *
 * Both ends shrink together first, in 2 % steps; then each end is moved by itself around the best, in steps
 * that halve. A bin counts with its middle: it is several times narrower than a code. Zeros have no error
 * in any range.
 */
#include <math.h>

#include "quant/histogram.h"

#define SHRINK   0.98
#define N_SHRINK 120 /* down to 9 % of the full range */
#define N_ROUNDS 5

typedef struct search {
    const oq_histogram_line *line;
    bool is_symmetric;
    double n_levels;
    double lo, hi, error; /* the best so far */
} search;

/* To the nearest integer, ties to even; |x| < 2^51. Vectorises, unlike a call of rint(). */
static inline double nearest(double x)
{
    const double magic = 6755399441055744.0; /* 1.5 * 2^52 */

    return (x + magic) - magic;
}

/* Sum of squared errors over the bins, for codes that cover lo..hi. */
static double error_of(const search *s, double lo, double hi)
{
    const oq_histogram_line *line = s->line;
    double step = (hi - lo) / (s->n_levels - 1), inverse = 1 / step;
    double first = nearest(lo * inverse), last = first + s->n_levels - 1;
    double sums[8] = {0}, sum = 0;

    for (size_t i = 0; i < line->n; i++) {
        double x = line->from + ((double)i + 0.5) * line->width;
        double code = nearest(x * inverse), d;

        code = code < first ? first : code;
        code = code > last ? last : code;
        d = x - code * step;
        sums[i % 8] += line->counts[i] * d * d;
    }
    for (int l = 0; l < 8; l++)
        sum += sums[l];
    return sum;
}

static void attempt(search *s, double lo, double hi)
{
    double error;

    if (!(hi > lo) || lo > 0 || hi < 0)
        return;
    error = error_of(s, lo, hi);
    if (error < s->error) {
        s->lo = lo;
        s->hi = hi;
        s->error = error;
    }
}

static void find_range(search *s, double lo, double hi)
{
    double factor = 1, step = 0.01;

    for (int i = 0; i < N_SHRINK; i++, factor *= SHRINK)
        attempt(s, lo * factor, hi * factor);
    for (int round = 0; round < N_ROUNDS; round++, step /= 2) {
        for (int i = -4; i <= 4; i++) {
            double f = 1 + i * step;

            if (s->is_symmetric) {
                attempt(s, s->lo * f, s->hi * f);
                continue;
            }
            attempt(s, fmax(lo, s->lo * f), s->hi);
            attempt(s, s->lo, fmin(hi, s->hi * f));
        }
    }
}

static void range(const oq_observer *observer, const oq_range_goal *goal, float *lo, float *hi)
{
    oq_histogram_line line;
    search s = {
        .line = &line, .is_symmetric = goal->is_symmetric, .n_levels = goal->n_levels, .error = INFINITY};
    double from, to;

    *lo = observer->lo;
    *hi = observer->hi;
    oq_histogram_row(observer->extra, &line);
    if (observer->n_seen == 0 || line.n == 0)
        return;
    from = fmin(0, (double)observer->lo);
    to = fmax(0, (double)observer->hi);
    if (goal->is_symmetric) {
        to = fmax(to, -from);
        from = -to;
    }
    if (line.zero < line.n && observer->hi >= 0) /* zeros are exact in every range */
        line.counts[line.zero] -= (double)((const oq_histogram *)observer->extra)->n_zeros;
    find_range(&s, from, to);
    *lo = fmaxf(*lo, (float)s.lo);
    *hi = fminf(*hi, (float)s.hi);
}

const oq_observer_kind oq_observer_mse = {
    .name = "mse",
    .summary = "smallest mean squared error of rounding and clipping, each end searched",
    .is_order_free = true,
    .start = oq_histogram_start,
    .observe = oq_histogram_observe,
    .merge = oq_histogram_merge_observers,
    .range = range,
    .share_outside = oq_histogram_share_outside,
};
