/* Histograms grow by powers of two and merge without moving a count. */
#include "quant/histogram.h"

#include "observer_bench.h"

static oq_histogram whole, grown, first, second;
static float x[BENCH_N];

static float top_of(const float *values, size_t n)
{
    float top = 0;

    for (size_t i = 0; i < n; i++)
        top = fmaxf(top, fabsf(values[i]));
    return top;
}

static void add(oq_histogram *h, size_t from, size_t n)
{
    oq_histogram_add(h, x + from, n, top_of(x + from, n), 0);
}

static bool same(const oq_histogram *a, const oq_histogram *b)
{
    return a->exponent == b->exponent && a->n_zeros == b->n_zeros &&
           memcmp(a->counts, b->counts, sizeof a->counts) == 0;
}

static void test_growth(void)
{
    oq_histogram_clear(&whole);
    oq_histogram_clear(&grown);
    oq_histogram_clear(&first);
    oq_histogram_clear(&second);
    for (size_t i = 0; i < BENCH_N; i += 500)
        add(&grown, i, 500); /* each piece ten times larger than the one before, for a while */
    add(&whole, 0, BENCH_N);
    ok(same(&whole, &grown), "grown piece by piece: as if the range had been known");
    add(&first, 15000, 5000);
    add(&second, 0, 15000);
    oq_histogram_merge(&first, &second);
    ok(same(&whole, &first), "a small one merged into a large one");
    oq_histogram_clear(&first);
    add(&first, 15000, 5000);
    oq_histogram_merge(&second, &first);
    ok(same(&whole, &second), "and a large one into a small one");
    is_int((long long)oq_histogram_total(&whole), BENCH_N, "nothing is lost");
}

static void test_row(void)
{
    static oq_histogram_line line;
    const float few[] = {-1.5f, 0, 0.25f, 0.25f, -0.0f};

    oq_histogram_clear(&first);
    oq_histogram_row(&first, &line);
    ok(line.n == 0, "an empty histogram has no bins");
    oq_histogram_add(&first, few, 5, 1.5f, 0);
    oq_histogram_row(&first, &line);
    is_float(oq_histogram_width(&first), 2.0 / OQ_HISTOGRAM_SIDE, 0, "below 2: bins of 2 / 2048");
    is_float(line.from, -1.5 - line.width, 1e-12, "the row begins at the most negative bin");
    ok(line.counts[0] == 1 && line.counts[line.zero] == 2 && line.counts[line.n - 1] == 2 &&
           line.n == line.zero + 257,
       "zeros at zero, the others in their bins");
    is_float(oq_histogram_outside(&first, -1, 0.5f), 0.2, 1e-9, "one of five lies below -1");
}

int main(void)
{
    fill_normal(x, BENCH_N, 11);
    for (size_t i = 0; i < BENCH_N; i++)
        x[i] = i % 7 ? ldexpf(x[i], (int)(i / 500) - 20) : 0;
    test_growth();
    test_row();
    return tap_done();
}
