/* step_work: operations and bytes of a step. What an algorithm saves or adds (padding, blocking, Winograd)
 * does not count: the same graph has the same figures everywhere.
 *
 *   Conv            2 * outputs * weights per output channel         ConvTranspose   2 * inputs * the same
 *   MatMul, Gemm    2 * outputs * inner length                       LSTM, GRU, RNN  2 * steps * weights of W
 * and R windows         outputs * window                                 reductions      inputs element by
 * element 1 per output; softmax 4, normalizations 6 per element (passes over the data)
 */
#include "exec/step_work.h"

#include <string.h>

#include "exec/profile.h"

/* A step with what the formulas read. */
typedef struct sizes {
    const oq_node *node;
    double in, out; /* elements of the first input and output */
    const oq_array *first;
} sizes;

typedef double formula(const sizes *s);

/* Product of the declared dims of node input i from axis `from` on; 0 when one is not known. */
static double declared(const oq_node *node, int i, int from)
{
    const oq_shape *shape;
    double product = 1;

    if (i >= node->n_inputs || !node->inputs[i] || node->inputs[i]->shape.rank <= from)
        return 0;
    shape = &node->inputs[i]->shape;
    for (int d = from; d < shape->rank; d++)
        product *= shape->dims[d].size < 0 ? 0 : (double)shape->dims[d].size;
    return product;
}

static double convolution(const sizes *s)
{
    return 2 * s->out * declared(s->node, 1, 1);
}

static double qlinear_convolution(const sizes *s)
{
    return 2 * s->out * declared(s->node, 3, 1);
}

static double transposed_convolution(const sizes *s)
{
    return 2 * s->in * declared(s->node, 1, 1);
}

static double inner_length(const oq_array *a, bool is_transposed)
{
    int axis = is_transposed ? 0 : a ? a->rank - 1 : -1;

    return a && axis >= 0 && a->rank > 0 ? (double)a->dims[axis] : 0;
}

static double matrix_product(const sizes *s)
{
    return 2 * s->out * inner_length(s->first, oq_node_int(s->node, "transA", 0) != 0);
}

static double recurrent(const sizes *s)
{
    double rows = s->first && s->first->rank == 3 ? (double)s->first->dims[0] * (double)s->first->dims[1] : 0;

    return 2 * rows * (declared(s->node, 1, 0) + declared(s->node, 2, 0));
}

static double window(const sizes *s)
{
    size_t n;
    const int64_t *kernel = oq_node_ints(s->node, "kernel_shape", &n);
    double size = 1;

    for (size_t i = 0; kernel && i < n; i++)
        size *= (double)kernel[i];
    return s->out * size;
}

static double per_input(const sizes *s)
{
    return s->in;
}

static double per_output(const sizes *s)
{
    return s->out;
}

static double softmax(const sizes *s)
{
    return 4 * s->out;
}

static double normalization(const sizes *s)
{
    return 6 * s->out;
}

static const struct {
    const char *names; /* between spaces */
    formula *operations;
} families[] = {
    {" Conv ConvInteger FusedConv ", convolution},
    {" QLinearConv ", qlinear_convolution},
    {" ConvTranspose ", transposed_convolution},
    {" MatMul Gemm MatMulInteger QLinearMatMul FusedMatMul ", matrix_product},
    {" LSTM GRU RNN ", recurrent},
    {" MaxPool AveragePool LpPool ", window},
    {" GlobalMaxPool GlobalAveragePool GlobalLpPool ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd "
     "ReduceL1 "
     "ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare ArgMax ArgMin CumSum ",
     per_input},
    {" Softmax LogSoftmax Hardmax ", softmax},
    {" BatchNormalization InstanceNormalization LayerNormalization GroupNormalization RMSNormalization "
     "SimplifiedLayerNormalization SkipLayerNormalization LpNormalization MeanVarianceNormalization LRN ",
     normalization},
    {" Add Sub Mul Div Pow Sqrt Neg Abs Exp Log Erf Relu LeakyRelu PRelu Sigmoid Tanh Clip HardSigmoid "
     "HardSwish Gelu "
     "FastGelu BiasGelu Elu Selu Celu Softplus Softsign Mish Swish QuickGelu ThresholdedRelu Shrink "
     "Reciprocal Floor "
     "Ceil Round Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Sign Min Max Sum Mean Mod Equal Less "
     "LessOrEqual Greater GreaterOrEqual Not And Or Xor Where QuantizeLinear DequantizeLinear FakeQuant "
     "Resize "
     "Upsample Cast ",
     per_output},
};

static formula *formula_of(const char *op_type)
{
    size_t n = strlen(op_type);

    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        for (const char *at = families[f].names; (at = strstr(at, op_type)); at += n) {
            if (at[-1] == ' ' && at[n] == ' ')
                return families[f].operations;
        }
    }
    return NULL;
}

static const oq_array *array_of(const oq_runner *runner, const oq_value *value)
{
    const oq_slot *slot = value ? &runner->slots[value->id] : NULL;

    return slot && slot->is_live ? &slot->array : NULL;
}

/* Bytes of input i: its array, or the tensor that was packed and let go. A shape is not read, of what is
 * gathered only the rows that come out. */
static double input_bytes(const oq_runner *runner, const oq_step *step, int i)
{
    const oq_array *array = array_of(runner, step->in[i]);
    const oq_tensor *tensor = !array && step->in[i] ? oq_value_constant(step->in[i]) : NULL;
    const oq_array *result = array_of(runner, step->out[0]);

    if (i == 0 && step->op->flags & OQ_OP_SHAPE)
        return 0;
    if (i == 0 && strcmp(step->node->op_type, "Gather") == 0)
        return result ? (double)result->size : 0;
    return array ? (double)array->size : tensor ? (double)tensor->size : 0;
}

/* An output that only names an input anew is neither read nor written. */
static bool is_renaming(const oq_array *first, const oq_array *out, const oq_node *node)
{
    return first && out && first->data == out->data && !formula_of(node->op_type);
}

oq_step_work oq_step_work_of(const oq_runner *runner, const oq_step *step)
{
    const oq_array *first = step->n_in ? array_of(runner, step->in[0]) : NULL;
    const oq_array *result = step->n_out ? array_of(runner, step->out[0]) : NULL;
    sizes s = {.node = step->node,
               .in = first ? (double)first->n : 0,
               .out = result ? (double)result->n : 0,
               .first = first};
    formula *operations = step->bodies ? NULL : formula_of(step->node->op_type);
    oq_step_work work = {0};

    if (step->bodies || is_renaming(first, result, step->node))
        return work;
    if (operations)
        work.operations = operations(&s);
    for (int i = 0; i < step->n_in; i++)
        work.bytes += input_bytes(runner, step, i);
    for (int i = 0; i < step->n_out; i++)
        work.bytes += array_of(runner, step->out[i]) ? (double)array_of(runner, step->out[i])->size : 0;
    return work;
}

void oq_count_work(oq_runner *runner, const oq_step *step)
{
    const oq_sequence *main = runner->program->main;

    if (step >= main->steps && step < main->steps + main->n_steps) {
        oq_step_work work = oq_step_work_of(runner, step);

        runner->times[step - main->steps].operations += work.operations;
        runner->times[step - main->steps].bytes += work.bytes;
    }
}
