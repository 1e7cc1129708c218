/* One unit: its rounding, its scales, its gain and its bias. */
#include "quant/fit_unit.h"

#include <math.h>
#include <string.h>

#include "quant/fit_bench.h"

/* x -> op(w, bias) -> out; x comes through a Relu so that the unit is in the middle. */
static bench *one_unit(const char *op_type, const int64_t *input, int rank, const int64_t *weight, int w_rank,
                       int64_t n_bias)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, input, rank), *w = bench_random(b, "w", weight, w_rank);
    oq_value *bias = n_bias ? bench_random(b, "bias", &n_bias, 1) : NULL;

    bench_output(b, bench_node(b, op_type, "y", n_bias ? 3 : 2, x, w, bias)->outputs[0]);
    bench_run(b, oq_infer_shapes);
    return b;
}

static void a_bias_is_added(void)
{
    fit_bench *f = fit_open(one_unit("Conv", DIMS(1, 4, 5, 5), DIMS(6, 4, 3, 3), 0));
    const oq_unit_fit *fit;
    oq_node *conv;

    f->options.second_order = false; /* leaves an offset to correct */
    is_int(fit_run(f, 2), OQ_OK, "a Conv without bias");
    fit = fit_of(f, "y");
    is_int(fit->n_bias, 6, "gets one");
    ok(fit->bias && (fit->bias[0] != 0.0f || fit->bias[1] != 0.0f), "that is not zero");
    fit_sqnr(f);
    conv = oq_value_find(f->rounded->graph, "y")->producer;
    ok(conv->n_inputs == 3 && oq_value_constant(conv->inputs[2]), "in the graph, too");
    fit_close(f);
}

/* Mean of the float output minus that of the rounded one, over all samples: what a bias can correct. */
static void the_offset_is_gone(const char *what, bench *b)
{
    fit_bench *f = fit_open(b);
    double with, without;

    f->options.second_order = f->options.refit_gain = false;
    fit_run(f, 1);
    with = fit_sqnr(f);
    f->options.correct_bias = false;
    fit_run(f, 1);
    without = fit_sqnr(f);
    ok(with > without + 0.5, "%s: %.1f dB with its bias corrected, %.1f without", what, with, without);
    fit_close(f);
}

static bench *product_and_sum(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3, 24));
    oq_node *p = bench_node(b, "MatMul", "y", 2, x, bench_random(b, "w", DIMS(24, 5)));

    bench_output(b,
                 bench_node(b, "Add", "out", 2, bench_random(b, "bias", DIMS(5)), p->outputs[0])->outputs[0]);
    bench_run(b, oq_infer_shapes);
    return b;
}

static void a_product_without_sum(void)
{
    fit_bench *f = fit_open(one_unit("MatMul", DIMS(2, 3, 24), DIMS(24, 5), 0));

    is_int(fit_run(f, 1), OQ_OK, "a MatMul without Add");
    ok(fit_of(f, "y") && !fit_of(f, "y")->bias, "has no bias to correct");
    ok(fit_of(f, "y") && fit_of(f, "y")->is_second_order, "but its weight is fitted");
    fit_close(f);
}

static void what_has_no_form(void)
{
    fit_bench *f = fit_open(one_unit("ConvTranspose", DIMS(1, 4, 5, 5), DIMS(4, 6, 3, 3), 6));
    const oq_unit_fit *fit;

    is_int(fit_run(f, 2), OQ_OK, "a ConvTranspose");
    fit = fit_of(f, "y");
    ok(fit && !fit->is_second_order, "is rounded to nearest");
    ok(fit && fit_on_grid(fit) && fit->scale.axis == 1, "on a grid along its axis 1");
    ok(fit && fit->n_bias == 6, "and its bias is corrected");
    ok(fit_sqnr(f) > 30, "which holds in the graph");
    fit_close(f);
    f = fit_open(one_unit("MatMul", DIMS(2, 3, 8), DIMS(2, 8, 4), 0));
    is_int(fit_run(f, 1), OQ_OK, "a MatMul with a weight of rank 3");
    ok(fit_of(f, "y") && !fit_of(f, "y")->is_second_order, "likewise");
    fit_close(f);
}

static void one_scale_for_the_tensor(void)
{
    fit_bench *f = fit_open(one_unit("Conv", DIMS(1, 4, 5, 5), DIMS(6, 4, 3, 3), 6));
    const oq_unit_fit *fit;

    f->per_tensor = true;
    is_int(fit_run(f, 2), OQ_OK, "one scale per weight");
    fit = fit_of(f, "y");
    is_int(fit->scale.n, 1, "stays one");
    ok(fit->is_second_order && fit_on_grid(fit), "and the rounding is of second order on that grid");
    is_int(fit->n_gains, 0, "no gain can be put into it");
    fit_close(f);
}

static bool is_finite_fit(const oq_unit_fit *fit)
{
    for (size_t i = 0; i < fit->scale.n; i++) {
        if (!isfinite(fit->scale.scale[i]))
            return false;
    }
    for (size_t i = 0; i < fit->n_bias; i++) {
        if (!isfinite(fit->bias[i]))
            return false;
    }
    return fit_on_grid(fit);
}

static void not_finite(const char *what, bench *b)
{
    fit_bench *f = fit_open(b);

    f->bad_at = 5;
    is_int(fit_run(f, 2), OQ_OK, what);
    ok(fit_of(f, "y") && is_finite_fit(fit_of(f, "y")), "weight, scales and bias are numbers all the same");
    fit_close(f);
}

static void gains(void)
{
    bench *b = one_unit("Gemm", DIMS(6, 8), DIMS(8, 4), 4);
    fit_bench *f = fit_open(b);
    const oq_unit_fit *fit;

    f->options.gain_floor = 1e-5;
    is_int(fit_run(f, 1), OQ_OK, "with a low floor");
    fit = fit_of(f, "y");
    ok(fit->n_gains > 0, "channels get a gain");
    ok(fit_on_grid(fit), "their codes stay: the scale takes it");
    f->options.refit_gain = false;
    fit_run(f, 1);
    ok(memcmp(fit->scale.scale, fit_of(f, "y")->scale.scale, 4 * sizeof(float)) != 0,
       "as told by the scales");
    is_int(fit_of(f, "y")->n_gains, 0, "none when switched off");
    fit_close(f);
    b = one_unit("Gemm", DIMS(6, 8), DIMS(8, 4), 4);
    oq_node_set_float(bench_find(b, "Gemm"), "alpha", 0.5f);
    f = fit_open(b);
    fit_run(f, 1);
    ok(fit_of(f, "y") && !fit_of(f, "y")->bias, "a Gemm with alpha keeps its bias");
    fit_close(f);
}

int main(void)
{
    a_bias_is_added();
    the_offset_is_gone("Conv", one_unit("Conv", DIMS(1, 4, 5, 5), DIMS(6, 4, 3, 3), 6));
    the_offset_is_gone("MatMul and Add", product_and_sum());
    a_product_without_sum();
    what_has_no_form();
    one_scale_for_the_tensor();
    not_finite("an infinity in front of a Conv", one_unit("Conv", DIMS(1, 4, 5, 5), DIMS(6, 4, 3, 3), 6));
    not_finite("an infinity in front of a Gemm", one_unit("Gemm", DIMS(6, 8), DIMS(8, 4), 4));
    gains();
    return tap_done();
}
