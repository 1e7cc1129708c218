#include <math.h>
#include <string.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

typedef struct problem {
    size_t heads, kv_heads, n_queries, n_keys, size, v_size;
    const float *q, *k, *v, *bias; /* rank 4 of batch 1; bias: queries x keys or NULL */
    double softcap;
    int64_t right, offset; /* right < 0: none */
} problem;

/* Output of query i of head h by the formula, in double. */
static void reference(const problem *p, size_t h, size_t i, double *y)
{
    size_t kv = h / (p->heads / p->kv_heads);
    double sum = 0, *e = calloc(p->n_keys, sizeof *e), max = -INFINITY;

    for (size_t j = 0; j < p->n_keys; j++) {
        double dot = 0;

        for (size_t d = 0; d < p->size; d++)
            dot += (double)p->q[(h * p->n_queries + i) * p->size + d] *
                   (double)p->k[(kv * p->n_keys + j) * p->size + d];
        dot /= sqrt((double)p->size);
        if (p->softcap > 0)
            dot = tanh(dot / p->softcap) * p->softcap;
        if (p->bias)
            dot += (double)p->bias[i * p->n_keys + j];
        if (p->right >= 0 && (int64_t)j > (int64_t)i + p->offset + p->right)
            dot = -INFINITY;
        e[j] = dot;
        max = fmax(max, dot);
    }
    memset(y, 0, p->v_size * sizeof *y);
    for (size_t j = 0; j < p->n_keys && max > -INFINITY; j++)
        sum += e[j] = exp(e[j] - max);
    for (size_t j = 0; j < p->n_keys && max > -INFINITY; j++) {
        for (size_t d = 0; d < p->v_size; d++)
            y[d] += e[j] / sum * (double)p->v[(kv * p->n_keys + j) * p->v_size + d];
    }
    free(e);
}

static double worst_error(host *h, const problem *p)
{
    double worst = 0, *y = calloc(p->v_size, sizeof *y);

    for (size_t n = 0; n < p->heads * p->n_queries; n++) {
        reference(p, n / p->n_queries, n % p->n_queries, y);
        for (size_t d = 0; d < p->v_size; d++)
            worst = fmax(worst, fabs(y[d] - (double)host_float(h, 0, n * p->v_size + d)));
    }
    free(y);
    return worst;
}

static host *start(const problem *p, int opset)
{
    host *h = host_new("Attention", opset, 7, 4);

    host_floats(h, 0, p->q, DIMS(1, (int64_t)p->heads, (int64_t)p->n_queries, (int64_t)p->size));
    host_floats(h, 1, p->k, DIMS(1, (int64_t)p->kv_heads, (int64_t)p->n_keys, (int64_t)p->size));
    host_floats(h, 2, p->v, DIMS(1, (int64_t)p->kv_heads, (int64_t)p->n_keys, (int64_t)p->v_size));
    h->wanted[1] = h->wanted[2] = false;
    return h;
}

static void test_sizes(void)
{
    float *q = some_floats(4 * 37 * 24, 1), *k = some_floats(4 * 37 * 24, 2),
          *v = some_floats(4 * 37 * 24, 3), *bias = some_floats(37 * 37, 4);
    static const size_t lengths[] = {1, 7, 16, 37};

    for (size_t s = 0; s < 4; s++) {
        problem p = {4, 2, lengths[3 - s], lengths[s], 24, 17, q, k, v, bias, 1.5, -1, 0};
        host *h = start(&p, 24);

        host_floats(h, 3, bias, DIMS((int64_t)p.n_queries, (int64_t)p.n_keys));
        oq_node_set_float(h->node, "softcap", 1.5f);
        is_int(host_run(h), OQ_OK, "grouped heads with bias and softcap run");
        ok(worst_error(h, &p) < 2e-6, "%zu queries, %zu keys: near the formula (%g)", p.n_queries, p.n_keys,
           worst_error(h, &p));
        host_free(h);
    }
    free(q);
    free(k);
    free(v);
    free(bias);
}

static void test_causal(void)
{
    float *q = some_floats(2 * 5 * 8, 1), *k = some_floats(2 * 9 * 8, 2), *v = some_floats(2 * 9 * 8, 3);
    problem p = {2, 2, 5, 9, 8, 8, q, k, v, NULL, 0, 0, -2};
    host *h = start(&p, 24);

    oq_node_set_int(h->node, "is_causal", 1);
    host_array(h, 6, OQ_INT64, (int64_t[]){3}, DIMS(1));
    is_int(host_run(h), OQ_OK, "causal with 3 valid keys for 5 queries");
    ok(worst_error(h, &p) < 2e-6, "the diagonal ends at the last valid key");
    ok(host_float(h, 0, 0) == 0 && host_float(h, 0, 8) == 0, "a query that sees no key gives zeros");
    ok(host_float(h, 3, 0) != 0, "raw scores are those before any mask");
    host_free(h);
    free(q);
    free(k);
    free(v);
}

static void test_threads(void)
{
    float *q = some_floats(6 * 20 * 16, 1), *k = some_floats(6 * 30 * 16, 2),
          *v = some_floats(6 * 30 * 16, 3);
    problem p = {6, 6, 20, 30, 16, 16, q, k, v, NULL, 0, -1, 0};
    host *one = start(&p, 23), *three = start(&p, 23);

    three->pool = oq_pool_new(3);
    is_int(host_run(one), OQ_OK, "one thread");
    is_int(host_run(three), OQ_OK, "three threads");
    is_mem(three->out[0].data, one->out[0].data, one->out[0].size, "the same bits");
    oq_pool_free(three->pool);
    host_free(one);
    host_free(three);
    free(q);
    free(k);
    free(v);
}

int main(void)
{
    test_sizes();
    test_causal();
    test_threads();
    return tap_done();
}
