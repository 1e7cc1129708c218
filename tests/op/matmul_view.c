#include "op/matmul_view.h"

#include <math.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

static const oq_matmul_views *current;

static oq_status give_views(oq_prepare *ctx)
{
    oq_matmul_views *views = OQ_NEW(ctx->arena, oq_matmul_views);

    *views = *current;
    ctx->state = views;
    return OQ_OK;
}

/* The operator of the view on a host made for MatMul. */
static oq_status run_views(host *h, const oq_matmul_views *views)
{
    oq_op row = oq_op_matmul_view;
    const oq_op *real = h->node->op;
    oq_status status;

    current = views;
    row.prepare = give_views;
    h->node->op = &row;
    status = host_run(h);
    h->node->op = real;
    return status;
}

/* [batch, token, head, channel] multiplied as attention does, against sums in double. */
static void test_attention(oq_pool *pool)
{
    static const int tokens[] = {1, 3, 12, 17, 32, 50};

    for (size_t c = 0; c < sizeof tokens / sizeof *tokens; c++) {
        int t = tokens[c], heads = 3, n = 20;
        const int64_t dims[] = {2, t, heads, n};
        const oq_matmul_views views = {
            .a = {4, {0, 2, 1, 3}}, .b = {4, {0, 2, 3, 1}}, .y = {4, {0, 2, 1, 3}}};
        float *q = some_floats((size_t)(2 * t * heads * n), 1),
              *k = some_floats((size_t)(2 * t * heads * n), 2);
        host *h = host_new("MatMul", 13, 2, 1);
        double worst = 0;

        h->pool = pool;
        host_floats(h, 0, q, dims, 4);
        host_floats(h, 1, k, dims, 4);
        is_int(run_views(h, &views), OQ_OK, "products of transposed operands run");
        for (int i = 0; i < 2 * t * heads * t; i++) {
            int column = i % t, head = i / t % heads, row = i / t / heads % t, batch = i / t / heads / t;
            double sum = 0;

            for (int e = 0; e < n; e++)
                sum += (double)q[((batch * t + row) * heads + head) * n + e] *
                       (double)k[((batch * t + column) * heads + head) * n + e];
            worst = fmax(worst, fabs(sum - (double)host_float(h, 0, (size_t)i)));
        }
        ok(worst < 1e-5, "%d tokens: equals the sums in double", t);
        free(q);
        free(k);
        host_free(h);
    }
}

static void test_refused(void)
{
    const oq_matmul_views left = {.a = {2, {1, 0}}}, result = {.y = {2, {1, 0}}};
    host *h = host_new("MatMul", 13, 2, 1);

    host_floats(h, 0, (float[6]){1, 2, 3, 4, 5, 6}, DIMS(2, 3));
    host_floats(h, 1, (float[8]){1, 2, 3, 4, 5, 6, 7, 8}, DIMS(2, 4));
    is_int(run_views(h, &left), OQ_SHAPE, "rows of A that are columns of its array are refused");
    host_floats(h, 1, (float[12]){1}, DIMS(3, 4));
    is_int(run_views(h, &result), OQ_SHAPE, "and rows of the result");
    host_floats(h, 1, (float[8]){1}, DIMS(4, 2));
    is_int(run_views(h, &(oq_matmul_views){.b = {.rank = 0}}), OQ_SHAPE, "inner dimensions must agree");
    host_free(h);
}

static void test_vectors(void)
{
    const oq_matmul_views plain = {.a = {.rank = 0}};
    host *h = host_new("MatMul", 13, 2, 1);

    host_floats(h, 0, (float[2]){1, 2}, DIMS(2));
    host_floats(h, 1, (float[4]){10, 20, 30, 40}, DIMS(2, 2));
    is_int(run_views(h, &plain), OQ_OK, "a vector on the left");
    is_str(host_out_shape(h, 0), "float[2]", "gives a vector");
    is_float(host_float(h, 0, 1), 100, 0, "20 + 2 * 40");
    host_floats(h, 0, (float[4]){1, 2, 3, 4}, DIMS(2, 2));
    host_floats(h, 1, (float[2]){10, 20}, DIMS(2));
    is_int(run_views(h, &plain), OQ_OK, "a vector on the right");
    is_float(host_float(h, 0, 1), 110, 0, "3 * 10 + 4 * 20");
    host_free(h);
}

int main(void)
{
    oq_pool *pool = oq_pool_new(3);

    test_attention(NULL);
    test_attention(pool);
    test_refused();
    test_vectors();
    oq_pool_free(pool);
    return tap_done();
}
