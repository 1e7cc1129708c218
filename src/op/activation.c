#include "op/activation.h"

#include <math.h>
#include <string.h>
#include <strings.h>

static void relu(const oq_activation *f, float *x, size_t n)
{
    f->math->unary[OQ_RELU](x, x, n);
}

static void tanh_of(const oq_activation *f, float *x, size_t n)
{
    f->math->unary[OQ_TANH](x, x, n);
}

static void sigmoid(const oq_activation *f, float *x, size_t n)
{
    f->math->unary[OQ_SIGMOID](x, x, n);
}

static void affine(const oq_activation *f, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = f->alpha * x[i] + f->beta;
}

static void leaky_relu(const oq_activation *f, float *x, size_t n)
{
    f->math->leaky_relu(x, f->alpha, x, n);
}

static void thresholded_relu(const oq_activation *f, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] > f->alpha ? x[i] : 0;
}

static void scaled_tanh(const oq_activation *f, float *x, size_t n)
{
    f->math->binary_scalar[OQ_MUL](x, f->beta, x, n);
    f->math->unary[OQ_TANH](x, x, n);
    f->math->binary_scalar[OQ_MUL](x, f->alpha, x, n);
}

static void hard_sigmoid(const oq_activation *f, float *x, size_t n)
{
    affine(f, x, n);
    f->math->clip(x, 0, 1, x, n);
}

static void elu(const oq_activation *f, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] >= 0 ? x[i] : f->alpha * (expf(x[i]) - 1);
}

static void softsign(const oq_activation *f, float *x, size_t n)
{
    (void)f;
    for (size_t i = 0; i < n; i++)
        x[i] /= 1 + fabsf(x[i]);
}

static void softplus(const oq_activation *f, float *x, size_t n)
{
    (void)f;
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] > 0 ? x[i] + log1pf(expf(-x[i])) : log1pf(expf(x[i]));
}

static const struct {
    const char *name;
    void (*apply)(const oq_activation *f, float *x, size_t n);
    bool takes_alpha, takes_beta;
    float alpha, beta; /* defaults: those of the operators of the same name */
} functions[] = {
    {"Relu", relu, false, false, 0, 0},
    {"Tanh", tanh_of, false, false, 0, 0},
    {"Sigmoid", sigmoid, false, false, 0, 0},
    {"Affine", affine, true, true, 1, 0},
    {"LeakyRelu", leaky_relu, true, false, 0.01f, 0},
    {"ThresholdedRelu", thresholded_relu, true, false, 1, 0},
    {"ScaledTanh", scaled_tanh, true, true, 1, 1},
    {"HardSigmoid", hard_sigmoid, true, true, 0.2f, 0.5f},
    {"Elu", elu, true, false, 1, 0},
    {"Softsign", softsign, false, false, 0, 0},
    {"Softplus", softplus, false, false, 0, 0},
};

/* Index in functions; -1 when unknown. Exporters do not agree on capitals. */
static int find(const char *name)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (strcasecmp(name, functions[i].name) == 0)
            return (int)i;
    }
    return -1;
}

oq_status oq_activations_read(const oq_node *node, const char *const *defaults, int n, oq_activation *out,
                              oq_diag *diag)
{
    const oq_attr *names = oq_node_attr(node, "activations");
    size_t n_alpha, n_beta, alpha = 0, beta = 0;
    const float *alphas = oq_node_floats(node, "activation_alpha", &n_alpha);
    const float *betas = oq_node_floats(node, "activation_beta", &n_beta);

    if (names && (names->kind != OQ_ATTR_STRINGS || names->n == 0))
        names = NULL;
    if (names && names->n != (size_t)n)
        return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__, "%zu activations, %d are needed",
                          names->n, n);
    for (int i = 0; i < n; i++) {
        const char *name = names ? names->strings[i].data : defaults[i];
        int k = find(name);

        if (k < 0)
            return oq_op_fail(diag, node, OQ_UNSUPPORTED, __FILE__, __LINE__, "unknown activation \"%.40s\"",
                              name);
        out[i] = (oq_activation){functions[k].apply, oq_kernels_best()->math, functions[k].alpha,
                                 functions[k].beta};
        if (functions[k].takes_alpha && alpha < n_alpha)
            out[i].alpha = alphas[alpha++];
        if (functions[k].takes_beta && beta < n_beta)
            out[i].beta = betas[beta++];
    }
    return OQ_OK;
}
