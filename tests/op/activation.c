#include "op/activation.h"

#include <math.h>
#include <string.h>

#include "host.h"
#include "tap/tap.h"

static void set_strings(host *h, const char *const *names, size_t n)
{
    oq_attr *attr = oq_node_add_attr(h->node, "activations", OQ_ATTR_STRINGS);
    oq_string *strings = OQ_NEW_ARRAY(h->model->arena, oq_string, n);

    for (size_t i = 0; i < n; i++)
        strings[i] = (oq_string){names[i], strlen(names[i])};
    attr->strings = strings;
    attr->n = n;
}

static void set_floats(host *h, const char *name, const float *floats, size_t n)
{
    oq_attr *attr = oq_node_add_attr(h->node, name, OQ_ATTR_FLOATS);

    attr->floats = floats;
    attr->n = n;
}

static void test_functions(void)
{
    static const struct {
        const char *name;
        double below, above; /* of -2 and 3 with the default parameters */
    } cases[] = {
        {"Relu", 0, 3},
        {"Tanh", -0.9640276, 0.9950548},
        {"sigmoid", 0.1192029, 0.9525741},
        {"Affine", -2, 3},
        {"LeakyRelu", -0.02, 3},
        {"ThresholdedRelu", 0, 3},
        {"ScaledTanh", -0.9640276, 0.9950548},
        {"HardSigmoid", 0.1, 1},
        {"Elu", -0.8646647, 3},
        {"Softsign", -2.0 / 3, 0.75},
        {"Softplus", 0.1269280, 3.0485874},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        host *h = host_new("RNN", 14, 3, 1);
        float x[] = {-2, 3};
        oq_activation f;

        set_strings(h, &cases[i].name, 1);
        is_int(oq_activations_read(h->node, NULL, 1, &f, NULL), OQ_OK, cases[i].name);
        oq_activate(&f, x, 2);
        is_float((double)x[0], cases[i].below, 1e-6, "of -2");
        is_float((double)x[1], cases[i].above, 1e-6, "of 3");
        host_free(h);
    }
}

static void test_parameters(void)
{
    host *h = host_new("LSTM", 14, 3, 1);
    static const float alphas[] = {0.5f, 7}, betas[] = {2};
    oq_activation f[3];
    float x = -2;

    set_strings(h, (const char *const[]){"LeakyRelu", "Tanh", "Affine"}, 3);
    set_floats(h, "activation_alpha", alphas, 2);
    set_floats(h, "activation_beta", betas, 1);
    is_int(oq_activations_read(h->node, NULL, 3, f, NULL), OQ_OK, "parameters");
    oq_activate(&f[0], &x, 1);
    is_float((double)x, -1, 0, "the first alpha is for the first function that takes one");
    oq_activate(&f[2], &x, 1);
    is_float((double)x, -5, 0, "the next for the next");
    host_free(h);
}

static void test_refusals(void)
{
    host *h = host_new("RNN", 14, 3, 1);
    oq_activation f[2];

    is_int(oq_activations_read(h->node, (const char *const[]){"Relu"}, 1, f, &h->diag), OQ_OK,
           "no list: defaults");
    set_strings(h, (const char *const[]){"Sine"}, 1);
    is_int(oq_activations_read(h->node, NULL, 2, f, &h->diag), OQ_SHAPE, "too few are refused");
    oq_diag_clear(&h->diag);
    is_int(oq_activations_read(h->node, NULL, 1, f, &h->diag), OQ_UNSUPPORTED, "an unknown name is refused");
    ok(strstr(h->diag.message, "Sine") != NULL, "in words: %s", h->diag.message);
    host_free(h);
}

int main(void)
{
    test_functions();
    test_parameters();
    test_refusals();
    return tap_done();
}
