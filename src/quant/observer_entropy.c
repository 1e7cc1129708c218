/* observer_entropy: the range whose quantized distribution tells most about the original one.
 *
 * P: the histogram inside a range, what lies outside counted in its end bins (that is where clipping puts
 * it). Q: the same bins as the codes see them: the bins of one code share what the code holds evenly (bins
 * that hold nothing get nothing). The range with the smallest divergence sum P log(P / Q) wins.
 *
 * The well-known form has two faults. With as many bins as codes nothing is lost by narrowing, and with so
 * few bins that is soon reached: here a code spans at least 4 bins of the full range, and a range is never
 * narrower than the codes are many. And a smaller range may win however much it cuts: here it keeps 99.9 % of
 * the values.
 *
 * All ranges are tried, in steps at first, then bin by bin around the best, then each end by itself. Prefix
 * sums make a trial cost one logarithm for each code, not for each bin.
 */
#include <math.h>

#include "quant/histogram.h"

#define KEPT      0.999 /* share of the values a range has to hold */
#define STEPS     64    /* trials of the first round */
#define ABSENT    1e-9  /* share a code holds at least in Q: P may have clipped values where nothing was */
#define END_TRIES 32

typedef struct prefix {
    double count, weighed; /* sums of c and c log c over the bins before this one */
    double n_set;          /* of these, not empty */
} prefix;

typedef struct search {
    const oq_histogram_line *line;
    prefix before[OQ_HISTOGRAM_BINS + 1];
    size_t n_levels;
    double total;
} search;

static double weigh(double c)
{
    return c > 0 ? c * log(c) : 0;
}

static void prepare(search *s, const oq_histogram_line *line, int n_levels)
{
    s->line = line;
    s->n_levels = (size_t)n_levels;
    s->before[0] = (prefix){0, 0, 0};
    for (size_t i = 0; i < line->n; i++) {
        double c = line->counts[i];

        s->before[i + 1] =
            (prefix){s->before[i].count + c, s->before[i].weighed + weigh(c), s->before[i].n_set + (c > 0)};
    }
    s->total = s->before[line->n].count;
}

/* Part of sum P log Q that one code's bins give; extra: clipped values counted in its end bins. */
static double code_part(const search *s, size_t from, size_t to, double extra, double n_new)
{
    double held = s->before[to].count - s->before[from].count;
    double n_set = s->before[to].n_set - s->before[from].n_set + n_new;
    double p = held + extra;

    return p > 0 ? p * log(fmax(held, ABSENT * s->total) / n_set) : 0;
}

/* Divergence of the range of bins a .. b - 1, in nats. */
static double divergence(const search *s, size_t a, size_t b)
{
    const double *c = s->line->counts;
    double left = s->before[a].count, right = s->total - s->before[b].count;
    double held = s->before[b].count - s->before[a].count;
    double p = s->before[b].weighed - s->before[a].weighed, q = 0;
    size_t n = b - a, at = a;

    p += weigh(c[a] + left) - weigh(c[a]);
    p += weigh(c[b - 1] + right) - weigh(c[b - 1]);
    for (size_t code = 0; code < s->n_levels; code++) {
        size_t end = a + (code + 1) * n / s->n_levels;
        bool is_first = code == 0, is_last = code + 1 == s->n_levels;
        double extra = (is_first ? left : 0) + (is_last ? right : 0);
        double n_new = (is_first && c[a] == 0 && left > 0) + (is_last && c[b - 1] == 0 && right > 0);

        q += code_part(s, at, end, extra, n_new);
        at = end;
    }
    return (p - q) / s->total - log(s->total) + log(held);
}

typedef struct found {
    size_t a, b; /* the range a .. b - 1 */
    double divergence;
} found;

static void attempt(const search *s, size_t a, size_t b, found *best)
{
    double d;

    if (b > s->line->n || b < a + s->n_levels || s->before[b].count - s->before[a].count < KEPT * s->total)
        return;
    d = divergence(s, a, b);
    if (d < best->divergence)
        *best = (found){a, b, d};
}

/* The range that reaches `limit` bins from zero on either side. */
static void attempt_limit(const search *s, size_t limit, found *best)
{
    size_t zero = s->line->zero, above = s->line->n - zero;

    attempt(s, zero > limit ? zero - limit : 0, above > limit ? zero + limit : s->line->n, best);
}

static found find_range(const search *s)
{
    size_t zero = s->line->zero, n = s->line->n, most = zero > n - zero ? zero : n - zero, limit, step;
    found best = {0, n, INFINITY};

    step = most / STEPS + 1;
    for (limit = most; limit > step; limit -= step)
        attempt_limit(s, limit, &best);
    if (!isfinite(best.divergence))
        return best;
    limit = zero - best.a > best.b - zero ? zero - best.a : best.b - zero;
    for (size_t l = limit > step ? limit - step : 1; l < limit + step; l++)
        attempt_limit(s, l, &best);
    for (int end = 0; end < 2; end++) { /* each end by itself, inwards */
        found from = best;
        size_t room = end ? from.b - zero : zero - from.a;

        for (size_t t = 1; from.b > zero && from.a < zero && t < END_TRIES; t++)
            attempt(s, from.a + (end ? 0 : room * t / END_TRIES), from.b - (end ? room * t / END_TRIES : 0),
                    &best);
    }
    return best;
}

/* Magnitudes as one side: what symmetric codes see. */
static void fold(oq_histogram_line *line)
{
    size_t zero = line->zero, above = line->n - zero;
    double folded[OQ_HISTOGRAM_SIDE + 1] = {0};

    for (size_t i = 0; i < above; i++)
        folded[i] += line->counts[zero + i];
    for (size_t i = 0; i < zero; i++)
        folded[i] += line->counts[zero - 1 - i];
    line->n = above > zero ? above : zero;
    line->zero = 0;
    line->from = 0;
    for (size_t i = 0; i < line->n; i++)
        line->counts[i] = folded[i];
}

static void range(const oq_observer *observer, const oq_range_goal *goal, float *lo, float *hi)
{
    oq_histogram_line line;
    search s;
    found best;
    double below, above;

    *lo = observer->lo;
    *hi = observer->hi;
    oq_histogram_row(observer->extra, &line);
    if (observer->n_seen == 0 || line.n == 0)
        return;
    if (goal->is_symmetric)
        fold(&line);
    prepare(&s, &line, goal->is_symmetric ? goal->n_levels / 2 : goal->n_levels);
    best = find_range(&s);
    above = line.from + (double)best.b * line.width;
    below = goal->is_symmetric ? -above : line.from + (double)best.a * line.width;
    *lo = fmaxf(*lo, (float)below);
    *hi = fminf(*hi, (float)above);
}

const oq_observer_kind oq_observer_entropy = {
    .name = "entropy",
    .summary = "smallest divergence of the quantized distribution, over all ranges that hold 99.9 %",
    .is_order_free = true,
    .start = oq_histogram_start,
    .observe = oq_histogram_observe,
    .merge = oq_histogram_merge_observers,
    .range = range,
    .share_outside = oq_histogram_share_outside,
};
