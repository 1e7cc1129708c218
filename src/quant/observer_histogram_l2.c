/* observer_histogram_l2: PyTorch's HistogramObserver: the ends move inwards, each time the one that passes
 * more bins for 10^-5 of the values, until the expected squared error grows (seed-semantics 3.5).
 *
 * Bins are ours (powers of two wide, 2048 to 4096 over the range), not 2048 between minimum and maximum that
 * are split and reassigned whenever the range grows; so ranges are close to PyTorch's, not the same bits.
 */
#include <math.h>

#include "quant/histogram.h"

#define STEP 1e-5 /* share of the values passed at once */

typedef struct search {
    const oq_histogram_line *line;
    double before[OQ_HISTOGRAM_BINS]; /* counts up to and including this bin */
    double n_levels;
} search;

/* Integral of density * v^2 between two distances from a code. */
static double cost(double density, double from, double to)
{
    return density * (to * to * to - from * from * from) / 3;
}

static double clamp_code(double code, double last)
{
    return fmax(0, fmin(last, floor(code)));
}

/* Expected squared error when the codes cover the bins start .. end; values in a bin are evenly spread. */
static double error_of(const search *s, size_t start, size_t end)
{
    double w = s->line->width, last = s->n_levels - 1;
    double span = w * (double)(end - start + 1) / s->n_levels, sum = 0; /* of one code */

    for (size_t i = 0; i < s->line->n; i++) {
        double density = s->line->counts[i] / w, b = ((double)i - (double)start) * w, f = b + w;
        double first_code, last_code;

        if (density == 0)
            continue;
        first_code = clamp_code(b / span, last);
        last_code = clamp_code(f / span, last);
        if (first_code == last_code) {
            sum += cost(density, b - (first_code + 0.5) * span, f - (first_code + 0.5) * span);
            continue;
        }
        sum += cost(density, b - (first_code + 0.5) * span, span / 2);
        sum += (last_code - first_code - 1) * cost(density, -span / 2, span / 2);
        sum += cost(density, -span / 2, f - (last_code + 0.5) * span);
    }
    return sum;
}

static void find_range(const search *s, size_t *start, size_t *end)
{
    double total = s->before[s->line->n - 1], alpha = 0, beta = 1, best = INFINITY;

    *start = 0;
    *end = s->line->n - 1;
    while (alpha < beta) {
        size_t left = *start, right = *end, next_start = *start, next_end = *end;
        double error;

        while (left < *end && s->before[left] < (alpha + STEP) * total)
            left++;
        while (right > *start && s->before[right] > (beta - STEP) * total)
            right--;
        if (left - *start > *end - right) {
            next_start = left;
            alpha += STEP;
        } else {
            next_end = right;
            beta -= STEP;
        }
        if (next_start == *start && next_end == *end)
            continue;
        error = error_of(s, next_start, next_end);
        if (error > best)
            break;
        best = error;
        *start = next_start;
        *end = next_end;
    }
}

static void range(const oq_observer *observer, const oq_range_goal *goal, float *lo, float *hi)
{
    oq_histogram_line line;
    search s = {.line = &line, .n_levels = goal->n_levels};
    double sum = 0;
    size_t start, end;

    *lo = observer->lo;
    *hi = observer->hi;
    oq_histogram_row(observer->extra, &line);
    if (observer->n_seen == 0 || line.n == 0)
        return;
    for (size_t i = 0; i < line.n; i++)
        s.before[i] = sum += line.counts[i];
    find_range(&s, &start, &end);
    *lo = fmaxf(*lo, (float)(line.from + (double)start * line.width));
    *hi = fminf(*hi, (float)(line.from + (double)(end + 1) * line.width));
}

const oq_observer_kind oq_observer_histogram_l2 = {
    .name = "histogram-l2",
    .summary = "PyTorch's histogram search: ends move inwards until the expected error grows",
    .is_order_free = true,
    .start = oq_histogram_start,
    .observe = oq_histogram_observe,
    .merge = oq_histogram_merge_observers,
    .range = range,
    .share_outside = oq_histogram_share_outside,
};
