/* Factors and shifts per channel are chosen where they pay on samples they were not made from. */
#include "quant/equalizer.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "tap/tap.h"

enum { N = 24, OUT = 16 };

typedef struct {
    oq_arena *arena;
    oq_channels channels;
    double square[N];
    float largest[OUT * N];
    oq_equalize_reader reader;
    oq_equalize_options options;
    oq_equalize_choice choice;
} bench;

/* Channel c holds values around centre[c], up to width[c] away. */
static bench *open_bench(size_t n_rows, const float *centre, const float *width)
{
    bench *b = calloc(1, sizeof *b);
    oq_rng rng = {7};

    if (!b || !(b->arena = oq_arena_new(0)))
        tap_bail("out of memory");
    b->channels.n = N;
    b->channels.n_folds = 2;
    for (int h = 0; h < 2; h++) {
        oq_channel_fold *half = &b->channels.fold[h];

        *half = (oq_channel_fold){.lo = OQ_NEW_ARRAY(b->arena, float, N),
                                  .hi = OQ_NEW_ARRAY(b->arena, float, N),
                                  .square = OQ_NEW_ARRAY(b->arena, double, N),
                                  .rows = OQ_NEW_ARRAY(b->arena, float, n_rows *N),
                                  .n_rows = n_rows};
        for (size_t r = 0; r < n_rows; r++)
            for (size_t c = 0; c < N; c++) {
                float x = centre[c] + (oq_rng_float(&rng) * 2 - 1) * width[c];

                half->rows[r * N + c] = x;
                half->lo[c] = r ? fminf(half->lo[c], x) : x;
                half->hi[c] = r ? fmaxf(half->hi[c], x) : x;
                half->square[c] += (double)x * (double)x / (double)n_rows;
            }
    }
    for (size_t o = 0; o < OUT; o++)
        for (size_t c = 0; c < N; c++) {
            float w = oq_rng_float(&rng) * 0.1f + 0.01f;

            b->largest[o * N + c] = w;
            b->square[c] += (double)w * (double)w;
        }
    b->reader = (oq_equalize_reader){b->square, b->largest, OUT};
    b->options = (oq_equalize_options){.threshold = 0.02,
                                       .weight_noise = 0.3,
                                       .shift_threshold = 0.25,
                                       .least_shift_rows = 2048,
                                       .shift_margin = 1.05f};
    return b;
}

static const oq_equalize_choice *choose(bench *b)
{
    is_int(oq_equalize_choose(&b->channels, &b->reader, 1, &b->options, b->arena, &b->choice), OQ_OK,
           "choose");
    return &b->choice;
}

static void close_bench(bench *b)
{
    oq_arena_free(b->arena);
    free(b);
}

static void fill(float *x, float value)
{
    for (size_t c = 0; c < N; c++)
        x[c] = value;
}

static void quiet_channels_are_raised(void)
{
    float centre[N], width[N];
    const oq_equalize_choice *choice;
    double product = 0;
    bench *b;

    fill(centre, 0);
    for (size_t c = 0; c < N; c++)
        width[c] = c % 3 ? 0.05f : 4.0f;
    b = open_bench(300, centre, width);
    choice = choose(b);
    ok(choice->factor != NULL, "channels of unlike strength get factors");
    ok(choice->factor && choice->factor[0] > 2 * choice->factor[1], "loud ones larger than quiet ones");
    ok(choice->after < choice->before * 0.5, "the estimated error falls to %.0f %%",
       100 * choice->after / choice->before);
    for (size_t c = 0; c < N; c++)
        product += log((double)choice->factor[c]);
    is_float(product, 0, 1e-4, "their geometric mean is 1");
    ok(choice->hi < 4 && choice->lo > -4 && choice->hi > 0 && choice->lo < 0, "range %g .. %g after them",
       (double)choice->lo, (double)choice->hi);
    ok(!choice->shift, "no shift unless it is allowed");
    b->options.only_full = true;
    choice = choose(b);
    ok(!choice->factor || (choice->alpha == 1 && choice->beta == 0), "through a Clip only whole factors");
    close_bench(b);
}

static void even_channels_are_left_alone(void)
{
    float centre[N], width[N];
    const oq_equalize_choice *choice;
    bench *b;

    fill(centre, 0);
    fill(width, 1);
    b = open_bench(300, centre, width);
    for (size_t i = 0; i < sizeof b->largest / sizeof *b->largest; i++)
        b->largest[i] = 0.1f;
    for (size_t c = 0; c < N; c++)
        b->square[c] = OUT * 0.01;
    choice = choose(b);
    ok(!choice->factor, "channels alike: no factors");
    ok(choice->after == choice->before, "and nothing gained");
    is_float((double)choice->hi, 1, 0.02, "the range is that of the tensor");
    close_bench(b);
}

static void off_centre_channels_are_shifted(void)
{
    float centre[N], width[N];
    const oq_equalize_choice *choice;
    bench *b;

    for (size_t c = 0; c < N; c++) {
        centre[c] = (float)c - 11.5f;
        width[c] = 0.5f;
    }
    b = open_bench(1100, centre, width);
    b->options.may_shift = true;
    choice = choose(b);
    ok(choice->shift != NULL, "channels around different values are shifted");
    is_float(choice->shift ? (double)choice->shift[3] : 0, -8.5, 0.02, "by their middle");
    ok(choice->hi < 1 && choice->lo > -1, "and the range shrinks to %g .. %g", (double)choice->lo,
       (double)choice->hi);
    b->options.least_shift_rows = 2201;
    choice = choose(b);
    ok(!choice->shift, "not on too few rows");
    close_bench(b);
}

static void one_channel_has_nothing_to_equalize(void)
{
    float centre[N], width[N];
    const oq_equalize_choice *choice;
    bench *b;

    fill(centre, 0);
    fill(width, 2);
    b = open_bench(300, centre, width);
    b->channels.n = 1;
    choice = choose(b);
    ok(!choice->factor, "one channel: no factors");
    close_bench(b);
}

int main(void)
{
    quiet_channels_are_raised();
    even_channels_are_left_alone();
    off_centre_channels_are_shifted();
    one_channel_has_nothing_to_equalize();
    return tap_done();
}
