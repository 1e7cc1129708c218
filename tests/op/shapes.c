/* conv_shape and matmul_shape: what several operators share. */
#include <string.h>

#include "host.h"
#include "op/conv_shape.h"
#include "op/matmul_shape.h"
#include "tap/tap.h"

static void test_product(void)
{
    oq_product p;

    ok(oq_product_make(&p, DIMS(2, 1, 4, 5), DIMS(3, 5, 6)), "batches broadcast");
    is_int(p.n_batches, 6, "2 x 3 of them");
    is_int(oq_product_matrix(&p, p.a_step, 4), 1, "number 4 takes matrix 1 of A");
    is_int(oq_product_matrix(&p, p.b_step, 4), 1, "and matrix 1 of B");
    ok(!p.shares_b, "B differs from batch to batch");
    ok(oq_product_make(&p, DIMS(2, 3, 4, 5), DIMS(5, 6)) && p.shares_b, "one B for all makes one product");
    ok(oq_product_make(&p, DIMS(5), DIMS(5)) && p.rank == 0, "two vectors make a scalar");
    ok(!oq_product_make(&p, DIMS(2, 3), DIMS(2, 3)), "inner dimensions must agree");
    ok(!oq_product_make(&p, DIMS(2, 4, 5), DIMS(3, 5, 6)), "batches of 2 and 3 do not broadcast");
    ok(!oq_product_make(&p, SCALAR, DIMS(1)), "a scalar is no operand");
}

static void test_convolution(void)
{
    host *h = host_new("Conv", 13, 2, 1);
    oq_window w;
    oq_conv_spec spec;

    is_int(oq_conv_check_rank(h->node, 2, &h->diag), OQ_SHAPE, "no spatial axes: refused");
    oq_diag_clear(&h->diag);
    is_int(oq_conv_check_rank(h->node, 6, &h->diag), OQ_UNSUPPORTED, "four spatial axes: not computed here");
    ok(strstr(h->diag.message, "4 spatial axes") != NULL, "in words: %s", h->diag.message);
    oq_diag_clear(&h->diag);
    is_int(oq_conv_check_weight(h->node, (int64_t[]){6, 2}, 4, &h->diag), OQ_SHAPE,
           "6 outputs in 4 groups: refused");
    oq_window_read(h->node, &w, NULL);
    oq_window_fit(&w, h->node, 1, (int64_t[]){3}, NULL);
    spec = oq_conv_spec_of(&w, 2, (int64_t[]){6, 4, 3});
    is_int(spec.in_channels, 8, "input channels are those of all groups");
    is_int(spec.kernel[0], 3, "kernel");
    host_free(h);
}

int main(void)
{
    test_product();
    test_convolution();
    return tap_done();
}
