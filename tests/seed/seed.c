/* The four scenarios of PyTorch's eager numerics test, by PyTorch's rules, against what PyTorch 1.13.1
 * computed: tests/data/seed/README.md says where the numbers come from. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ir/graph.h"
#include "ir/tensor.h"
#include "onnx/import.h"
#include "seed/expected.h"
#include "seed/recipes.h"
#include "tap/tap.h"

#define TOLERANCE_DB    0.1
#define TOLERANCE_SCALE 1e-6

/* ---- the generator */

static size_t n_different(const oq_model *model, const char *name, const float *want, size_t n)
{
    const oq_tensor *tensor = oq_value_constant(oq_value_find(model->graph, name));
    float got[72];
    size_t differ = 0;

    if (!tensor || tensor->n_elements != n || !oq_tensor_floats(tensor, got))
        return n;
    for (size_t i = 0; i < n; i++)
        differ += memcmp(&got[i], &want[i], sizeof got[i]) != 0;
    return differ;
}

static void test_weights(const char *file, const torch_weights *w)
{
    oq_diag diag = {0};
    oq_model *model;
    size_t differ;

    if (oq_import_file(seed_file(file), NULL, &model, &diag) != OQ_OK)
        tap_bail("%s", diag.message);
    differ = n_different(model, "conv1.weight", w->conv1, 9) +
             n_different(model, "conv2.weight", w->conv2, 9) + n_different(model, "fc.weight", w->fc, 72) +
             n_different(model, "fc.bias", w->fc_bias, 6);
    ok(differ == 0, "the generator gives the weights of %s (%zu of 96 differ)", file, differ);
    oq_model_destroy(model);
}

/* ---- one case against its expected files */

static double db_of(const expected *e, const char *got_name)
{
    size_t n, n_got;
    const float *ref = expected_array(e, "ref", &n), *got = expected_array(e, got_name, &n_got);

    return ref && got && n == n_got ? seed_db(ref, got, n) : NAN;
}

static void is_params(const char *name, const char *what, params_diff diff)
{
    ok(diff.n_scales > 0 && diff.scale <= TOLERANCE_SCALE, "%s: %zu scales %s within 1e-6 (%.2g)", name,
       diff.n_scales, what, diff.scale);
    ok(diff.n_zero_points == 0, "%s: zero points %s equal (%zu differ)", name, what, diff.n_zero_points);
}

static void is_db(const char *name, const char *what, double got, double want)
{
    ok(fabs(got - want) <= TOLERANCE_DB, "%s: %s %.2f dB, PyTorch %.2f", name, what, got, want);
}

static void test_fake(const char *name, const expected *e, const seed_run *run)
{
    if (json_is_object(json_object_get(e->json, "fake")))
        is_params(name, "of fake quant", expected_fake_params(e, run));
    if (!isnan(db_of(e, "out_fq")))
        is_db(name, "fake against float", seed_db(run->ref, run->fake, run->n_out), db_of(e, "out_fq"));
}

static void test_true(const char *name, const expected *e, const seed_run *run)
{
    size_t n, differ;

    is_params(name, "of true quant", expected_true_params(e, run));
    differ = expected_weights(e, run, &n);
    ok(n > 0 && differ == 0, "%s: %zu integer weights equal (%zu differ)", name, n, differ);
    differ = expected_steps(e, run, &n);
    ok(n > 0 && differ == 0, "%s: %zu integers of the steps equal (%zu differ)", name, n, differ);
    is_db(name, "true against float", seed_db(run->ref, run->truth, run->n_out), db_of(e, "out_q"));
}

static void test_case(const char *name, const char *model, const seed_samples *samples,
                      const seed_recipe *recipe)
{
    expected e = expected_open(name);
    seed_run run;

    seed_fake(&run, model, NULL, samples, recipe);
    test_fake(name, &e, &run);
    if (json_object_get(e.json, "converted")) {
        seed_true(&run, samples);
        test_true(name, &e, &run);
        if (json_is_object(json_object_get(e.json, "fake")))
            is_mem(run.truth, run.fake, run.n_out * sizeof *run.fake, "true = fake, bit for bit");
    }
    seed_end(&run);
    expected_close(&e);
}

static void test_test_seeds(void)
{
    static const char s1[] = "models/s1_multiple_ops_seed42.bn-op13.onnx";
    static const char s2[] = "models/s2_multiple_ops_seed67.bn-op13.onnx";
    static const char s3[] = "models/s3_noavgpool_seed67.bn-op13.onnx";
    static const char x1[] = "models/x1_multiple_ops_bn_seed67.bn-op13.onnx";
    static const char x2[] = "models/x2_noavgpool_bn_seed67.bn-op13.onnx";
    torch_weights weights;
    seed_samples samples = seed_draw_model_first(42, 1024, 1, &weights);

    test_weights(s1, &weights);
    test_case("s1_per_tensor_seed42.qnnpack", s1, &samples, &seed_per_tensor);
    seed_free_samples(&samples);
    samples = seed_draw_model_first(67, 2048, 10, &weights);
    test_weights(s2, &weights);
    test_weights(s3, &weights);
    test_case("s2_per_channel_seed67.qnnpack", s2, &samples, &seed_per_channel);
    test_case("s3_qat_seed67.qnnpack", s3, &samples, &seed_qat);
    test_case("x1_multiple_ops_bn_seed67.ptq_per_tensor", x1, &samples, &seed_per_tensor);
    test_case("x1_multiple_ops_bn_seed67.ptq_per_channel", x1, &samples, &seed_per_channel);
    test_case("x2_noavgpool_bn_seed67.ptq_per_tensor", x2, &samples, &seed_per_tensor);
    test_case("x2_noavgpool_bn_seed67.ptq_per_channel", x2, &samples, &seed_per_channel);
    test_case("x2_noavgpool_bn_seed67.qat", x2, &samples, &seed_qat);
    test_case("x2_noavgpool_bn_seed67.weight_only", x2, &samples, &seed_weight_only);
    test_case("x2_noavgpool_bn_seed67.activation_only", x2, &samples, &seed_activation_only);
    seed_free_samples(&samples);
}

static void test_scenario_4(void)
{
    torch_weights weights[2];
    seed_samples samples = seed_draw_data_first(67, weights);
    char name[64], model[64];

    for (int i = 0; i < 2; i++) {
        snprintf(model, sizeof model, "models/s4_noavgpool_seed67_model%d.bn-op13.onnx", i);
        test_weights(model, &weights[i]);
        snprintf(name, sizeof name, "s4_model%d_weight_only_seed67", i);
        test_case(name, model, &samples, &seed_weight_only);
        snprintf(name, sizeof name, "s4_model%d_activation_only_seed67", i);
        test_case(name, model, &samples, &seed_activation_only);
    }
    seed_free_samples(&samples);
}

/* ---- the other seeds: figures only */

static double figure(json_t *table, const char *engine, const char *name, size_t seed)
{
    json_t *list = json_object_get(json_object_get(table, engine), name);

    return json_number_value(json_array_get(list, seed));
}

static void test_seed(json_t *table, uint32_t seed)
{
    static const char model1[] = "models/s2_multiple_ops_seed67.bn-op13.onnx";
    static const char model2[] = "models/s3_noavgpool_seed67.bn-op13.onnx";
    torch_weights weights;
    seed_samples samples = seed_draw_model_first(seed, 1024, 1, &weights);
    seed_run run;
    char name[32];

    snprintf(name, sizeof name, "seed %u", seed);
    seed_fake(&run, model1, &weights, &samples, &seed_per_tensor);
    seed_true(&run, &samples);
    is_db(name, "scenario 1", seed_db(run.ref, run.truth, run.n_out), figure(table, "qnnpack", "s1", seed));
    seed_end(&run);
    seed_free_samples(&samples);
    samples = seed_draw_model_first(seed, 2048, 10, &weights);
    seed_fake(&run, model1, &weights, &samples, &seed_per_channel);
    seed_true(&run, &samples);
    is_db(name, "scenario 2", seed_db(run.ref, run.truth, run.n_out), figure(table, "qnnpack", "s2", seed));
    seed_end(&run);
    seed_fake(&run, model2, &weights, &samples, &seed_qat);
    seed_true(&run, &samples);
    is_db(name, "scenario 3, fake", seed_db(run.ref, run.fake, run.n_out),
          figure(table, "qnnpack", "s3_fake_vs_float", seed));
    is_db(name, "scenario 3, true", seed_db(run.ref, run.truth, run.n_out),
          figure(table, "qnnpack", "s3_true_vs_float", seed));
    /* Above 150 dB PyTorch's figure means: the same bits. */
    is_db(name, "scenario 3, true against fake", fmin(150, seed_db(run.fake, run.truth, run.n_out)),
          fmin(150, figure(table, "qnnpack", "s3_true_vs_fake", seed)));
    seed_end(&run);
    seed_free_samples(&samples);
}

static void test_seed_4(json_t *table, uint32_t seed)
{
    static const char model2[] = "models/s3_noavgpool_seed67.bn-op13.onnx";
    torch_weights weights[2];
    seed_samples samples = seed_draw_data_first(seed, weights);
    char name[64];

    for (int i = 0; i < 4; i++) {
        bool is_weight_only = i / 2 == 0;
        seed_run run;

        snprintf(name, sizeof name, "s4_%s_model%d", is_weight_only ? "weight_only" : "activation_only",
                 i % 2);
        seed_fake(&run, model2, &weights[i % 2], &samples,
                  is_weight_only ? &seed_weight_only : &seed_activation_only);
        is_db(name, "fake against float", seed_db(run.ref, run.fake, run.n_out),
              figure(table, "any", name, seed));
        seed_end(&run);
    }
    seed_free_samples(&samples);
}

int main(void)
{
    json_t *figures = expected_json("sqnr.json");
    json_t *table = json_object_get(json_object_get(figures, "extra_seeds"), "per_seed");

    test_test_seeds();
    test_scenario_4();
    for (uint32_t seed = 0; seed < 20; seed++) {
        test_seed(table, seed);
        test_seed_4(table, seed);
    }
    json_decref(figures);
    return tap_done();
}
