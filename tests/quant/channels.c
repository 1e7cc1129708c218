/* What each channel of a value did: its extremes, mean squares and rows, per fold of the samples. */
#include "quant/channels.h"

#include <math.h>
#include <string.h>

#include "quant/quant_bench.h"

enum { N_SAMPLES = 11, N_HELD_OUT = 3, PLACES = 64, CHANNELS = 3 };

static size_t fault_at = SIZE_MAX, nan_at = SIZE_MAX;

/* Place p of channel c in that sample; no two alike. */
static float element(size_t sample, size_t c, size_t p)
{
    return ((float)(sample * 1000 + p * 7 % PLACES) - 3000) * (c == 2 ? -0.5f : (float)(c + 1));
}

static oq_status fetch(void *arg, size_t sample, oq_arena *arena, oq_array *feeds, oq_diag *diag)
{
    bool is_last = *(bool *)arg;
    float *x = oq_arena_alloc(arena, CHANNELS * PLACES * sizeof *x);

    if (sample == fault_at)
        OQ_FAIL(diag, OQ_IO, "sample %zu is gone", sample);
    for (size_t p = 0; p < PLACES; p++)
        for (size_t c = 0; c < CHANNELS; c++)
            x[is_last ? p * CHANNELS + c : c * PLACES + p] = element(sample, c, p);
    if (sample == nan_at)
        x[0] = NAN;
    feeds[0] = (oq_array){.dtype = OQ_FLOAT,
                          .rank = 4,
                          .dims = {1, is_last ? 8 : 3, 8, is_last ? 3 : 8},
                          .n = CHANNELS * PLACES,
                          .data = x,
                          .size = CHANNELS * PLACES * sizeof *x};
    return OQ_OK;
}

static bool stop_at_two(void *arg, const char *stage, size_t done, size_t total)
{
    (void)arg, (void)stage, (void)total;
    return done < 2;
}

/* A copy of x is watched, whose channels lie along axis 1 or at the end. */
typedef struct {
    bench *b;
    oq_value *x, *y;
    oq_plan *plan;
    bool is_last;
    size_t values, n_samples;
    oq_progress_fn *progress;
} watch;

static watch open_watch(bool is_last)
{
    watch w = {.b = bench_new(13), .is_last = is_last, .values = 1000, .n_samples = N_SAMPLES - N_HELD_OUT};

    w.x = is_last ? bench_input(w.b, "x", OQ_FLOAT, DIMS(1, 8, 8, 3))
                  : bench_input(w.b, "x", OQ_FLOAT, DIMS(1, 3, 8, 8));
    w.y = bench_node(w.b, "Neg", "y", 1, w.x)->outputs[0];
    bench_output(w.b, bench_node(w.b, "Abs", "out", 1, w.y)->outputs[0]);
    bench_run(w.b, oq_infer_shapes);
    return w;
}

static oq_status collect(watch *w, int threads)
{
    oq_channel_wish wishes[2] = {{w->x, w->is_last ? -1 : 1, CHANNELS},
                                 {w->y, w->is_last ? -1 : 1, CHANNELS}};
    oq_pool *pool = oq_pool_new(threads);
    size_t samples[N_SAMPLES];
    oq_channels_options options = {.samples = samples,
                                   .held_out = samples + N_SAMPLES - N_HELD_OUT,
                                   .n_samples = w->n_samples,
                                   .n_held_out = N_HELD_OUT,
                                   .values = w->values,
                                   .progress = w->progress};
    oq_dataset *dataset;
    oq_status status;

    for (size_t i = 0; i < N_SAMPLES; i++)
        samples[i] = i;
    oq_diag_clear(&w->b->diag);
    oq_plan_new(w->b->model, &quant_defaults, w->b->model->arena, &w->plan);
    if (oq_dataset_from_callback(w->b->graph, N_SAMPLES, fetch, &w->is_last, &dataset, &w->b->diag) != OQ_OK)
        tap_bail("no data set: %s", w->b->diag.message);
    status = oq_channels_collect(w->plan, w->b->model, dataset, wishes, 2, &options, pool, &w->b->diag);
    oq_dataset_close(dataset);
    oq_pool_free(pool);
    return status;
}

static const oq_channels *of(const watch *w, const oq_value *value)
{
    if (!w->plan->channels || !w->plan->channels[value->id])
        tap_bail("'%s' was not watched", value->name);
    return w->plan->channels[value->id];
}

/* Fold f holds samples f, f + OQ_FOLDS ... as they were, times `sign`. */
static void check_fold(const watch *w, const oq_channels *channels, int f, float sign)
{
    const oq_channel_fold *fold = &channels->fold[f];
    bool extremes = true, squares = true;

    for (size_t c = 0; c < CHANNELS; c++) {
        float lo = INFINITY, hi = -INFINITY;
        double square = 0, n = 0;

        for (size_t s = (size_t)f; s < w->n_samples; s += OQ_FOLDS) {
            for (size_t p = 0; p < PLACES; p++, n++) {
                float x = sign * element(s, c, p);

                lo = fminf(lo, x);
                hi = fmaxf(hi, x);
                square += (double)x * (double)x;
            }
        }
        extremes &= fold->lo[c] == lo && fold->hi[c] == hi;
        squares &= fabs(fold->square[c] / (square / n) - 1) < 1e-12;
    }
    ok(extremes, "fold %d has the extremes of its samples", f);
    ok(squares, "and their mean squares");
}

/* The place a row was taken from, PLACES when its channels are not those of one place. */
static size_t place_of(const float *row, size_t sample)
{
    for (size_t p = 0; p < PLACES; p++) {
        if (row[0] == element(sample, 0, p) && row[1] == element(sample, 1, p) &&
            row[2] == element(sample, 2, p))
            return p;
    }
    return PLACES;
}

static void check_rows(const watch *w, const oq_channel_fold *fold, size_t per_sample)
{
    size_t n_strange = 0, n_unsorted = 0, last = 0;

    is_int(fold->n_rows, 2 * per_sample, "rows of two samples");
    for (size_t i = 0; i < fold->n_rows; i++) {
        size_t at = place_of(fold->rows + i * CHANNELS, i / per_sample * OQ_FOLDS);

        n_strange += at == PLACES;
        n_unsorted += i % per_sample > 0 && at <= last;
        last = at;
    }
    (void)w;
    is_int(n_strange, 0, "each holds all channels of one place of its sample");
    is_int(n_unsorted, 0, "from places all over it");
}

static void watched_channels(bool is_last)
{
    watch w = open_watch(is_last);
    const oq_channels *x;

    is_int(collect(&w, 1), OQ_OK, is_last ? "channels along the last axis" : "channels along axis 1");
    x = of(&w, w.x);
    is_int(x->n_folds, OQ_FOLDS, "eight samples make four folds");
    for (int f = 0; f < OQ_FOLDS; f++)
        check_fold(&w, x, f, 1);
    check_fold(&w, of(&w, w.y), 1, -1);
    check_rows(&w, &x->fold[0], 1000 / 8 / CHANNELS);
    is_float((double)x->held_hi[0], (double)(10 * 1000 + 63 - 3000), 0, "held-out extremes know all samples");
    is_float((double)x->held_lo[2], (double)(10 * 1000 + 63 - 3000) * -0.5, 0, "on both sides");
    ok(x->held_lo[1] <= x->fold[0].lo[1], "and are no narrower than those of a fold");
    bench_free(w.b);
}

static bool same(const oq_channels *a, const oq_channels *b)
{
    bool is_same = a->n_folds == b->n_folds &&
                   memcmp(a->held_lo, b->held_lo, CHANNELS * sizeof(float)) == 0 &&
                   memcmp(a->held_hi, b->held_hi, CHANNELS * sizeof(float)) == 0;

    for (int f = 0; is_same && f < a->n_folds; f++) {
        const oq_channel_fold *p = &a->fold[f], *q = &b->fold[f];

        is_same = p->n_rows == q->n_rows && memcmp(p->lo, q->lo, CHANNELS * sizeof *p->lo) == 0 &&
                  memcmp(p->hi, q->hi, CHANNELS * sizeof *p->hi) == 0 &&
                  memcmp(p->square, q->square, CHANNELS * sizeof *p->square) == 0 &&
                  memcmp(p->rows, q->rows, p->n_rows * CHANNELS * sizeof *p->rows) == 0;
    }
    return is_same;
}

static void threads_do_not_matter(void)
{
    watch one = open_watch(false), three = open_watch(false);

    is_int(collect(&one, 1), OQ_OK, "with one thread");
    is_int(collect(&three, 3), OQ_OK, "and with three");
    ok(same(of(&one, one.x), of(&three, three.x)), "the input is seen alike, bit for bit");
    ok(same(of(&one, one.y), of(&three, three.y)), "and so is a result");
    bench_free(one.b);
    bench_free(three.b);
}

static void few_samples_and_small_budgets(void)
{
    watch w = open_watch(false);

    w.n_samples = 3;
    w.values = 1;
    is_int(collect(&w, 2), OQ_OK, "three samples");
    is_int(of(&w, w.x)->n_folds, 3, "make three folds");
    is_int(of(&w, w.x)->fold[1].n_rows, 4, "four rows of a sample are kept at least");
    w.values = 1 << 20;
    collect(&w, 2);
    is_int(of(&w, w.x)->fold[1].n_rows, PLACES, "and no more than there are");
    bench_free(w.b);
}

static void what_is_not_a_number(void)
{
    watch w = open_watch(false);

    nan_at = 1;
    is_int(collect(&w, 1), OQ_OK, "a NaN is no fault");
    ok(isfinite(of(&w, w.x)->fold[1].lo[0]) && isfinite(of(&w, w.x)->fold[1].hi[0]), "it is not an extreme");
    ok(isnan(of(&w, w.x)->fold[1].square[0]), "but the mean square tells of it");
    nan_at = SIZE_MAX;
    bench_free(w.b);
}

static void faults(void)
{
    watch w = open_watch(false);

    w.progress = stop_at_two;
    is_int(collect(&w, 2), OQ_CANCELLED, "progress can cancel");
    ok(!w.plan->channels, "and leaves nothing behind");
    w.progress = NULL;
    fault_at = 9;
    is_int(collect(&w, 3), OQ_IO, "a sample that fails ends it, also a held-out one");
    ok(strstr(w.b->diag.message, "sample 9 is gone"), "with the sample's own message");
    fault_at = SIZE_MAX;
    bench_free(w.b);
}

int main(void)
{
    watched_channels(false);
    watched_channels(true);
    threads_do_not_matter();
    few_samples_and_small_budgets();
    what_is_not_a_number();
    faults();
    return tap_done();
}
