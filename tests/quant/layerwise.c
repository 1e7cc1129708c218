/* Every unit with a constant weight is fitted to the samples, and the net gets better by it. */
#include "quant/layerwise.h"

#include <math.h>
#include <string.h>

#include "quant/fit_bench.h"

static void set_pads(oq_node *node)
{
    oq_node_set_ints(node, "kernel_shape", (int64_t[]){3, 3}, 2);
    oq_node_set_ints(node, "pads", (int64_t[]){1, 1, 1, 1}, 4);
}

/* All kinds of units in a row: c1 has no bias, c2 is depthwise, c3 is in two groups. */
static bench *all_kinds(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 6, 6));
    oq_node *node = bench_node(b, "Conv", "c1", 2, x, bench_random(b, "w1", DIMS(8, 3, 3, 3)));

    set_pads(node);
    node = bench_node(b, "Relu", "r1", 1, node->outputs[0]);
    node = bench_node(b, "Conv", "c2", 3, node->outputs[0], bench_random(b, "w2", DIMS(8, 1, 3, 3)),
                      bench_random(b, "b2", DIMS(8)));
    set_pads(node);
    oq_node_set_int(node, "group", 8);
    node = bench_node(b, "Relu", "r2", 1, node->outputs[0]);
    node = bench_node(b, "Conv", "c3", 3, node->outputs[0], bench_random(b, "w3", DIMS(6, 4, 1, 1)),
                      bench_random(b, "b3", DIMS(6)));
    oq_node_set_int(node, "group", 2);
    node = bench_node(b, "Relu", "r3", 1, node->outputs[0]);
    node = bench_node(b, "Flatten", "flat", 1, node->outputs[0]);
    node = bench_node(b, "Gemm", "g", 3, node->outputs[0], bench_random(b, "w4", DIMS(216, 10)),
                      bench_random(b, "b4", DIMS(10)));
    node = bench_node(b, "Relu", "r4", 1, node->outputs[0]);
    node = bench_node(b, "MatMul", "m", 2, node->outputs[0], bench_random(b, "w5", DIMS(10, 5)));
    node = bench_node(b, "Add", "out", 2, node->outputs[0], bench_random(b, "b5", DIMS(5)));
    bench_output(b, node->outputs[0]);
    bench_run(b, oq_infer_shapes);
    return b;
}

static const char *const units[] = {"c1", "c2", "c3", "g", "m"};

static void every_unit_is_fitted(void)
{
    fit_bench *f = fit_open(all_kinds());
    double fitted, nearest;

    is_int(fit_run(f, 2), OQ_OK, "a net of all kinds of units is fitted");
    for (size_t i = 0; i < 5; i++) {
        const oq_unit_fit *fit = fit_of(f, units[i]);

        ok(fit != NULL, "%s has a fit", units[i]);
        if (!fit)
            continue;
        ok(fit->is_second_order, "%s: rounded with regard to its inputs", units[i]);
        ok(fit_on_grid(fit), "%s: its weight lies on its grid", units[i]);
        ok(fit->bias && fit->alone_db > 20 && fit->alone_db < 80, "%s: a bias, and %.1f dB alone", units[i],
           fit->alone_db);
    }
    ok(!fit_of(f, "r1") && !fit_of(f, "flat"), "other nodes have none");
    fitted = fit_sqnr(f);
    f->options.second_order = f->options.correct_bias = f->options.refit_gain = false;
    fit_run(f, 2);
    ok(fit_of(f, "c1") && !fit_of(f, "c1")->is_second_order && !fit_of(f, "c1")->bias,
       "with all switched off weights are rounded to nearest");
    nearest = fit_sqnr(f);
    ok(fitted > nearest + 1, "the fitted net is closer: %.1f dB, to nearest %.1f", fitted, nearest);
    fit_close(f);
}

static bool same_fit(const oq_unit_fit *a, const oq_unit_fit *b)
{
    size_t size = a->weight->n_elements;

    return size == b->weight->n_elements && a->scale.n == b->scale.n && a->n_bias == b->n_bias &&
           memcmp(a->weight->data, b->weight->data, size * sizeof(float)) == 0 &&
           memcmp(a->scale.scale, b->scale.scale, a->scale.n * sizeof(float)) == 0 &&
           memcmp(a->bias, b->bias, a->n_bias * sizeof(float)) == 0 && a->alone_db == b->alone_db;
}

static void threads_do_not_matter(void)
{
    fit_bench *one = fit_open(all_kinds()), *three = fit_open(all_kinds());

    three->options.memory = 4096; /* rows in many small batches */
    one->options.memory = 4096;
    is_int(fit_run(one, 1), OQ_OK, "with one thread and little memory for rows");
    is_int(fit_run(three, 3), OQ_OK, "and with three");
    for (size_t i = 0; i < 5; i++)
        ok(same_fit(fit_of(one, units[i]), fit_of(three, units[i])), "%s: the same bits", units[i]);
    fit_close(one);
    fit_close(three);
}

static void fewer_samples_in_little_memory(void)
{
    fit_bench *f = fit_open(all_kinds());

    fit_run(f, 1);
    is_int(f->n_fetched, FIT_SAMPLES, "without a limit all samples are used");
    f->options.live = 1;
    is_int(fit_run(f, 1), OQ_OK, "a limit that nothing fits in");
    is_int(f->n_fetched, 1 + 4, "leaves four, and one to measure by");
    ok(fit_of(f, "m") && fit_on_grid(fit_of(f, "m")), "and the fit is done");
    f->options.n_samples = 2;
    is_int(fit_run(f, 3), OQ_OK, "two samples");
    is_int(f->n_fetched, 1 + 2, "are all there are");
    f->options.live = (size_t)1 << 30;
    f->options.n_samples = FIT_SAMPLES;
    fit_run(f, 1);
    is_int(f->n_fetched, 1 + FIT_SAMPLES, "a limit that is not reached changes nothing");
    f->options.n_samples = 0;
    is_int(fit_run(f, 1), OQ_OK, "no samples");
    ok(!fit_of(f, "m"), "no fit");
    fit_close(f);
}

static void shared_weights(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(4, 8)), *w = bench_random(b, "w", DIMS(8, 8));
    oq_value *bias = bench_random(b, "bias", DIMS(8));
    oq_node *node = bench_node(b, "Gemm", "g1", 3, x, w, bias);
    fit_bench *f;
    float kept[64], now[64];

    node = bench_node(b, "Relu", "r1", 1, node->outputs[0]);
    node = bench_node(b, "Gemm", "g2", 3, node->outputs[0], w, bias);
    bench_output(b, node->outputs[0]);
    bench_run(b, oq_infer_shapes);
    oq_tensor_floats(w->constant, kept);
    f = fit_open(b);
    is_int(fit_run(f, 2), OQ_OK, "two units share a weight");
    ok(fit_of(f, "g1") && fit_of(f, "g2") && fit_of(f, "g1")->weight != fit_of(f, "g2")->weight,
       "each is fitted by itself");
    ok(oq_value_find(f->rounded->graph, "g1")->producer->inputs[1] !=
           oq_value_find(f->rounded->graph, "g2")->producer->inputs[1],
       "to a copy of its own, which the other's rounding has not touched");
    ok(fit_on_grid(fit_of(f, "g1")) && fit_on_grid(fit_of(f, "g2")), "on its own grid");
    oq_tensor_floats(w->constant, now);
    is_mem(now, kept, sizeof now, "the float model keeps its weight");
    ok(fit_sqnr(f) > 25, "and both corrections hold at once");
    fit_close(f);
}

static bool stop_at_two(void *arg, const char *stage, size_t done, size_t total)
{
    size_t *last = arg;

    (void)stage;
    *last = total;
    return done < 2;
}

static void cancelling(void)
{
    fit_bench *f = fit_open(all_kinds());
    size_t total = 0;

    f->options.progress = stop_at_two;
    f->options.progress_arg = &total;
    is_int(fit_run(f, 2), OQ_CANCELLED, "progress can cancel");
    is_int(total, 5, "it counts units");
    ok(fit_of(f, "c1") && fit_of(f, "c2") && !fit_of(f, "c3"), "after the second of them");
    fit_close(f);
}

int main(void)
{
    every_unit_is_fitted();
    threads_do_not_matter();
    fewer_samples_in_little_memory();
    shared_weights();
    cancelling();
    return tap_done();
}
