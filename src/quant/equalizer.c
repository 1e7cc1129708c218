/* equalize: candidates and their score; see the header for the formulas. */
#include "quant/equalizer.h"

#include <math.h>
#include <string.h>

#include "kernel/kernel.h"

#define FLOOR       1e-3 /* of the largest channel */
#define MOST_FACTOR 256.0
#define LEAST_SCALE 1e-12f
#define LEVELS      255.0f

typedef struct {
    const oq_channels *channels;
    const oq_equalize_reader *readers;
    size_t n_readers;
    const oq_equalize_options *options;
    double *importance; /* n: sum of W^2 over all readers */
    double *weight;     /* n: largest |W| over all readers, floored */
    double *square;     /* n: mean of x^2 over all folds */
    /* scratch */
    float *factor, *inverse, *lo, *hi;
    double *noise, *log_factor;
} search;

static bool start(search *s, oq_arena *arena)
{
    size_t n = s->channels->n;
    double most = 0;

    s->importance = OQ_NEW_ARRAY(arena, double, n);
    s->weight = OQ_NEW_ARRAY(arena, double, n);
    s->square = OQ_NEW_ARRAY(arena, double, n);
    s->noise = OQ_NEW_ARRAY(arena, double, n);
    s->log_factor = OQ_NEW_ARRAY(arena, double, n);
    s->factor = OQ_NEW_ARRAY(arena, float, n);
    s->inverse = OQ_NEW_ARRAY(arena, float, n);
    s->lo = OQ_NEW_ARRAY(arena, float, n);
    s->hi = OQ_NEW_ARRAY(arena, float, n);
    if (!s->importance || !s->weight || !s->square || !s->noise || !s->log_factor || !s->factor ||
        !s->inverse || !s->lo || !s->hi)
        return false;
    for (size_t c = 0; c < n; c++) {
        for (size_t r = 0; r < s->n_readers; r++) {
            const oq_equalize_reader *reader = &s->readers[r];

            s->importance[c] += reader->square[c];
            for (size_t o = 0; o < reader->n_out; o++)
                s->weight[c] = fmax(s->weight[c], (double)reader->largest[o * n + c]);
        }
        most = fmax(most, s->weight[c]);
        for (int f = 0; f < s->channels->n_folds; f++)
            s->square[c] += s->channels->fold[f].square[c] / s->channels->n_folds;
    }
    for (size_t c = 0; c < n; c++)
        s->weight[c] = fmax(s->weight[c], most * FLOOR + 1e-30);
    return true;
}

/* s->factor from the extremes lo, hi of each channel. */
static void make_factors(search *s, const float *lo, const float *hi, double alpha, double beta)
{
    size_t n = s->channels->n;
    double most = 0, mean = 0;

    for (size_t c = 0; c < n; c++)
        most = fmax(most, fmax((double)hi[c], -(double)lo[c]));
    for (size_t c = 0; c < n; c++) {
        double a = fmax(fmax((double)hi[c], -(double)lo[c]), most * FLOOR + 1e-30);

        s->log_factor[c] = alpha * log(a) - beta * log(s->weight[c]);
        mean += s->log_factor[c] / (double)n;
    }
    for (size_t c = 0; c < n; c++) {
        double f = exp(s->log_factor[c] - mean);

        s->factor[c] = alpha == 0 && beta == 0 ? 1.0f : (float)fmin(fmax(f, 1 / MOST_FACTOR), MOST_FACTOR);
        s->inverse[c] = 1 / s->factor[c];
    }
}

/* Extremes of every fold but `without` (-1: of all), shift taken off. */
static void take_extremes(search *s, int without, const float *shift)
{
    for (size_t c = 0; c < s->channels->n; c++) {
        float m = shift ? shift[c] : 0;

        s->lo[c] = INFINITY;
        s->hi[c] = -INFINITY;
        for (int f = 0; f < s->channels->n_folds; f++) {
            if (f == without)
                continue;
            s->lo[c] = fminf(s->lo[c], s->channels->fold[f].lo[c]);
            s->hi[c] = fmaxf(s->hi[c], s->channels->fold[f].hi[c]);
        }
        s->lo[c] -= m;
        s->hi[c] -= m;
    }
}

static void take_range(const search *s, float *lo, float *hi)
{
    *lo = *hi = 0;
    for (size_t c = 0; c < s->channels->n; c++) {
        *lo = fminf(*lo, s->lo[c] * s->inverse[c]);
        *hi = fmaxf(*hi, s->hi[c] * s->inverse[c]);
    }
}

/* Expected squared output error from rounding the weights times s->factor. */
static double weight_error(const search *s)
{
    size_t n = s->channels->n;
    double total = 0;

    for (size_t r = 0; r < s->n_readers; r++) {
        const oq_equalize_reader *reader = &s->readers[r];

        for (size_t o = 0; o < reader->n_out; o++) {
            const float *largest = reader->largest + o * n;
            double top = 0, power = 0;

            for (size_t c = 0; c < n; c++) {
                double f = (double)s->factor[c];

                top = fmax(top, (double)largest[c] * f);
                if (largest[c] > 0)
                    power += s->square[c] / (f * f);
            }
            total += top * top / (127.0 * 127.0) / 12 * power;
        }
    }
    return total;
}

/* Each fold's rows with parameters from the others. */
static double score(search *s, double alpha, double beta, const float *shift)
{
    double total = 0;

    for (int f = 0; f < s->channels->n_folds; f++) {
        const oq_channel_fold *held = &s->channels->fold[f];
        oq_noise_f32 job = {.rows = held->rows,
                            .n_rows = held->n_rows,
                            .n = s->channels->n,
                            .inverse = s->inverse,
                            .shift = shift,
                            .levels = LEVELS,
                            .square = s->noise};
        float lo, hi;

        take_extremes(s, f, shift);
        make_factors(s, s->lo, s->hi, alpha, beta);
        take_range(s, &lo, &hi);
        job.scale = fmaxf((hi - lo) / LEVELS, LEAST_SCALE);
        job.zero_point = fminf(fmaxf(rintf(-lo / job.scale), 0), LEVELS);
        oq_kernels_best()->noise->squares(&job);
        for (size_t c = 0; c < s->channels->n; c++) {
            double factor = (double)s->factor[c];

            total +=
                s->noise[c] / (double)(held->n_rows ? held->n_rows : 1) * factor * factor * s->importance[c];
        }
        total += s->options->weight_noise * weight_error(s);
    }
    return total;
}

void oq_equalize_range(const oq_equalize_choice *choice, size_t n, const float *channel_lo,
                       const float *channel_hi, float margin, float *lo, float *hi)
{
    *lo = *hi = 0;
    for (size_t c = 0; c < n; c++) {
        float m = choice->shift ? choice->shift[c] : 0, f = choice->factor ? choice->factor[c] : 1;

        *lo = fminf(*lo, (channel_lo[c] - m) / f);
        *hi = fmaxf(*hi, (channel_hi[c] - m) / f);
    }
    if (choice->shift) {
        *lo *= margin;
        *hi *= margin;
    }
}

/* The best candidate in *out (alpha, beta, after); before: the score without factors. */
static void try_candidates(search *s, const float *shift, bool only_full, oq_equalize_choice *out)
{
    double most;

    out->before = score(s, 0, 0, shift);
    out->after = out->before;
    most = out->before * (1 - s->options->threshold);
    for (int i = 0; i <= 4 && s->channels->n > 1; i++) {
        double alpha = i / 4.0;

        for (int j = 0; j < 2; j++) {
            double beta = j ? 1 - alpha : 0, e;

            if ((alpha == 0 && beta == 0) || (j == 1 && beta == 0) ||
                (only_full && (alpha != 1 || beta != 0)))
                continue;
            e = score(s, alpha, beta, shift);
            if (e < most) {
                most = out->after = e;
                out->alpha = alpha;
                out->beta = beta;
            }
        }
    }
}

/* Factors and range of the choice, from all samples. */
static oq_status settle(search *s, const float *shift, oq_arena *arena, oq_equalize_choice *out)
{
    take_extremes(s, -1, shift);
    make_factors(s, s->lo, s->hi, out->alpha, out->beta);
    take_range(s, &out->lo, &out->hi);
    if (out->alpha != 0 || out->beta != 0) {
        out->factor = oq_arena_copy(arena, s->factor, s->channels->n * sizeof *s->factor);
        if (!out->factor)
            return OQ_NOMEM;
    }
    return OQ_OK;
}

/* What a Relu or Clip gives is centred by its zero: nothing to gain there. */
static bool reaches_below_zero(const search *s)
{
    for (size_t c = 0; c < s->channels->n; c++) {
        if (s->lo[c] < 0)
            return true;
    }
    return false;
}

static oq_status try_shift(search *s, oq_arena *arena, oq_equalize_choice *best)
{
    const oq_channels *channels = s->channels;
    oq_equalize_choice shifted = {0};
    size_t n_rows = 0;
    float *shift;

    for (int f = 0; f < channels->n_folds; f++)
        n_rows += channels->fold[f].n_rows;
    take_extremes(s, -1, NULL);
    if (n_rows < s->options->least_shift_rows || !reaches_below_zero(s))
        return OQ_OK;
    shift = OQ_NEW_ARRAY(arena, float, channels->n);
    if (!shift)
        return OQ_NOMEM;
    for (size_t c = 0; c < channels->n; c++)
        shift[c] = s->lo[c] + (s->hi[c] - s->lo[c]) / 2;
    try_candidates(s, shift, false, &shifted);
    if (!(shifted.after < best->after * (1 - s->options->shift_threshold)))
        return OQ_OK;
    OQ_TRY(settle(s, shift, arena, &shifted));
    shifted.shift = shift;
    shifted.before = best->before;
    shifted.lo *= s->options->shift_margin;
    shifted.hi *= s->options->shift_margin;
    *best = shifted;
    return OQ_OK;
}

oq_status oq_equalize_choose(const oq_channels *channels, const oq_equalize_reader *readers, size_t n_readers,
                             const oq_equalize_options *options, oq_arena *arena, oq_equalize_choice *out)
{
    search s = {.channels = channels, .readers = readers, .n_readers = n_readers, .options = options};

    *out = (oq_equalize_choice){0};
    if (!start(&s, arena))
        return OQ_NOMEM;
    try_candidates(&s, NULL, options->only_full, out);
    OQ_TRY(settle(&s, NULL, arena, out));
    return options->may_shift ? try_shift(&s, arena, out) : OQ_OK;
}
