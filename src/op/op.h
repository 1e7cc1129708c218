/* op: what we know of each operator. One row per operator and version where its rules changed.
 *
 * A row holds from its `since` up to the next row of that name. Rows live in the family file that implements
 * them (op_<family>.c ends with its const table, sorted by domain, name, since); table.c lists the families.
 * Adding an operator is one row and one or two functions in one file.
 *
 *   infer    types and shapes of the outputs from what is known of the inputs; never trusts, never runs data
 *   prepare  once per program: read attributes, pack constants; result is immutable, shared by all workers
 *   run      once per sample: compute output shapes from real inputs, ask for output memory, compute
 *
 * No operator knows threads or memory plans: it asks its context.
 */
#ifndef OQ_OP_OP_H
#define OQ_OP_OP_H

#include "base/pool.h"
#include "ir/graph.h"
#include "ir/shape.h"
#include "ir/tensor.h"

/* ------------------------------------------------------------------ arrays: tensors while a graph runs */

typedef struct oq_array {
    oq_dtype dtype;
    int rank;
    int64_t dims[OQ_MAX_RANK];
    size_t n;         /* elements */
    void *data;       /* aligned to 64 bytes; packed 4/2-bit types as in oq_tensor; oq_string[] for strings */
    size_t size;      /* bytes */
    bool is_constant; /* same data for every run */
} oq_array;

/* Element types that only arrays have: a list of tensors as bytes (op/sequence.h), and an optional with
 * nothing in it. Only operators with the flag OQ_OP_SEQUENCES ever see them. */
#define OQ_SEQUENCE ((oq_dtype)30)
#define OQ_NOTHING  ((oq_dtype)31)

/* ------------------------------------------------------------------ infer */

/* What is known of one element of a small integer tensor. */
typedef struct oq_elem {
    bool is_known;
    int64_t value;      /* when known */
    const char *symbol; /* when not known: equals this dimension symbol; NULL: nothing known */
} oq_elem;

/* Contents of a small integer tensor (rank 0 or 1, at most OQ_MAX_ELEMS elements). */
#define OQ_MAX_ELEMS 64
typedef struct oq_elems {
    int rank; /* 0 or 1 */
    int n;
    oq_elem e[OQ_MAX_ELEMS];
} oq_elems;

typedef struct oq_type {
    oq_dtype dtype; /* OQ_UNDEFINED: unknown or omitted */
    oq_shape shape;
} oq_type;

typedef struct oq_infer {
    const oq_node *node;
    int n_in, n_out;
    const oq_type *in;               /* n_in of them */
    const oq_elems *const *in_elems; /* n_in; NULL where contents are unknown */
    oq_type *out;                    /* n_out, preset to unknown: leave unknown what cannot be told */
    oq_elems *out_elems;             /* of output 0, for shape arithmetic: set n, rank, e and has_out_elems */
    bool has_out_elems;
    oq_arena *arena; /* of the pass */
    oq_diag *diag;
} oq_infer;

typedef oq_status oq_infer_fn(oq_infer *ctx); /* OQ_SHAPE when the graph contradicts itself */

/* ------------------------------------------------------------------ prepare */

/* What exec has merged into a step, behind the operator's own result: y = clamp(result + residual). Only rows
 * with the flag OQ_OP_EPILOGUE get one. The bits are those of the steps it replaces. */
typedef struct oq_epilogue {
    int residual; /* input that is added, of exactly the output's shape and layout; -1: none */
    float lo, hi; /* clamp as in kernel/tile.h; -INFINITY, INFINITY: none */
} oq_epilogue;

typedef struct oq_prepare {
    const oq_node *node;
    const oq_tensor *const
        *known; /* node->n_inputs: constant contents beside oq_value_constant(), of dequantized
                   weights for example; NULL entries: none. NULL: none at all */
    const oq_epilogue *epilogue; /* NULL: none; lives as long as the program */
    oq_arena *arena;             /* of the program: the state and packed constants live here */
    void *state;                 /* out: anything; NULL is fine */
    uint32_t consumed; /* out: bit i set when input i's constant was packed and run() does not read in[i] */
    oq_diag *diag;
} oq_prepare;

typedef oq_status
oq_prepare_fn(oq_prepare *ctx); /* OQ_UNSUPPORTED with the reason when run() could not do it */

/* ------------------------------------------------------------------ run */

typedef struct oq_run oq_run;

/* What exec offers to a running operator. */
typedef struct oq_run_host {
    /* Memory for output i; NULL when over budget (the status is then set). Zero elements give a valid
     * pointer. */
    void *(*output)(oq_run *ctx, int i, oq_dtype dtype, const int64_t *dims, int rank);
    /* Output i shares the bytes of input k under another shape (same dtype and element count). */
    bool (*alias)(oq_run *ctx, int i, int k, const int64_t *dims, int rank);
    /* Like output(), but in place on input k when that input dies here and has the same size; else fresh
     * memory. */
    void *(*in_place)(oq_run *ctx, int i, int k, oq_dtype dtype, const int64_t *dims, int rank);
    /* Memory until run() returns; 64-byte aligned, not cleared. NULL when over budget (status set). */
    void *(*scratch)(oq_run *ctx, size_t size);
    /* Memory for the bytes of strings that an output points to: until the next run begins, whatever becomes
     * of the output. NULL when over budget (status set). */
    char *(*text)(oq_run *ctx, size_t size);
} oq_run_host;

struct oq_run {
    const oq_node *node;
    const void *state; /* from prepare */
    int n_in, n_out;
    const oq_array *const *in; /* NULL: omitted */
    oq_array *out;             /* filled through host->output/alias/in_place */
    const bool *wanted;        /* n_out: false for an omitted or unread output: need not be computed */
    uint32_t last_in;          /* bit i: in[i] is channels-last ... */
    uint32_t last_out;         /* ... and out[i] is to be. 0 but in a row of oq_op.channels_last */
    oq_pool *pool;             /* for oq_pool_run over parts of the work; NULL: serial */
    const oq_run_host *host;
    oq_status status; /* set by the host on failure */
    oq_diag *diag;
};

typedef oq_status oq_run_fn(oq_run *ctx);

/* Shorthands; each returns NULL / false after setting ctx->status, so: p = oq_out(...); if (!p) return
 * ctx->status; */
static inline void *oq_out(oq_run *ctx, int i, oq_dtype dtype, const int64_t *dims, int rank)
{
    return ctx->host->output(ctx, i, dtype, dims, rank);
}

static inline void *oq_out_like(oq_run *ctx, int i, const oq_array *like)
{
    return ctx->host->output(ctx, i, like->dtype, like->dims, like->rank);
}

static inline void *oq_out_in_place(oq_run *ctx, int i, int k)
{
    return ctx->host->in_place(ctx, i, k, ctx->in[k]->dtype, ctx->in[k]->dims, ctx->in[k]->rank);
}

static inline bool oq_out_alias(oq_run *ctx, int i, int k, const int64_t *dims, int rank)
{
    return ctx->host->alias(ctx, i, k, dims, rank);
}

static inline void *oq_scratch(oq_run *ctx, size_t size)
{
    return ctx->host->scratch(ctx, size);
}

static inline char *oq_text(oq_run *ctx, size_t size)
{
    return ctx->host->text(ctx, size);
}

/* What to return when one of the above gave nothing: never OQ_OK. */
static inline oq_status oq_run_failure(const oq_run *ctx)
{
    return ctx->status != OQ_OK ? ctx->status : OQ_NOMEM;
}

/* Input i or NULL, also beyond n_in. */
static inline const oq_array *oq_in(const oq_run *ctx, int i)
{
    return i < ctx->n_in ? ctx->in[i] : NULL;
}

/* ------------------------------------------------------------------ the row */

/* How an operator is quantized (NUMERICS 3). NULL-like value: OQ_RULE_NONE, it stays float. */
typedef enum oq_rule {
    OQ_RULE_NONE,        /* stays float; the report says why */
    OQ_RULE_WEIGHTED,    /* unit: activation, constant per-channel weight, int32 bias */
    OQ_RULE_MATMUL,      /* unit: constant weight on input 1, or two activations */
    OQ_RULE_ELEMENTWISE, /* Add, Mul ...: float between units; integer in full placements */
    OQ_RULE_SAME,        /* output takes the input's parameters: data movers, MaxPool */
    OQ_RULE_ABSORB,      /* Relu, Clip: no pair between the producer and it */
    OQ_RULE_FIXED,       /* Sigmoid, Softmax, Tanh: the function gives the range */
    OQ_RULE_JOIN,        /* Concat: the inputs take the output's parameters */
    OQ_RULE_GATHER,      /* like SAME for the data input only; indices are untouched */
    OQ_RULE_POOL,        /* AveragePool, GlobalAveragePool: integer kernel when in and out are quantized */
    OQ_RULE_RECURRENT,   /* LSTM, GRU, RNN: weights per gate row on request */
    OQ_RULE_QUANT,       /* QuantizeLinear, DequantizeLinear and the integer operators themselves */
    OQ_N_RULES
} oq_rule;

/* How a row runs on channels-last arrays: physical dims [N, spatial..., C] where the graph says [N, C,
 * spatial...]. Which values are kept so is decided in exec/layout.c; no operator knows. Whatever the layout,
 * the bits of each element are the same. Rows of rank 2 and less have no layouts. */
typedef enum oq_layout_rule {
    OQ_LAYOUT_PLAIN, /* on plain arrays only */
    OQ_LAYOUT_POINT, /* element by element with NumPy broadcasting: the same run() on permuted arrays */
    OQ_LAYOUT_AXIS,  /* the same run() on a node whose axis, axes or perm is mapped */
    OQ_LAYOUT_ROW,   /* by the row that channels_last points to: input 0 and all outputs are channels-last */
} oq_layout_rule;

enum oq_op_flags {
    OQ_OP_RANDOM = 1u << 0,  /* never folded: result differs from run to run */
    OQ_OP_SHAPE = 1u << 1,   /* reads only the shape of input 0 (Shape, Size) */
    OQ_OP_CONTROL = 1u << 2, /* If, Loop, Scan: exec runs the subgraphs itself; run is NULL */
    OQ_OP_COMMUTES =
        1u << 3, /* a pure mover or monotone per-element choice: rounding commutes with it exactly */
    OQ_OP_EPILOGUE = 1u << 4,  /* prepare() takes an epilogue: Relu, Clip and Add behind it are merged */
    OQ_OP_SEQUENCES = 1u << 6, /* reads or gives sequences and optionals */
    OQ_OP_EITHER_END = 1u << 5 /* of a channels_last row: input 0 or output 0 may also be plain, as last_in
                                  and last_out tell */
};

/* Masks of element types. */
#define OQ_T(dtype)   (1u << (dtype))
#define OQ_T_F32      OQ_T(OQ_FLOAT)
#define OQ_T_FLOATS   (OQ_T(OQ_FLOAT) | OQ_T(OQ_DOUBLE) | OQ_T(OQ_FLOAT16) | OQ_T(OQ_BFLOAT16))
#define OQ_T_SIGNED   (OQ_T(OQ_INT8) | OQ_T(OQ_INT16) | OQ_T(OQ_INT32) | OQ_T(OQ_INT64))
#define OQ_T_UNSIGNED (OQ_T(OQ_UINT8) | OQ_T(OQ_UINT16) | OQ_T(OQ_UINT32) | OQ_T(OQ_UINT64))
#define OQ_T_NUMBERS  (OQ_T_FLOATS | OQ_T_SIGNED | OQ_T_UNSIGNED)
#define OQ_T_BYTES    (OQ_T(OQ_UINT8) | OQ_T(OQ_INT8))
#define OQ_T_ALL \
    (OQ_T_NUMBERS | OQ_T(OQ_BOOL) | OQ_T(OQ_STRING) | OQ_T(OQ_COMPLEX64) | OQ_T(OQ_COMPLEX128) | OQ_T_TINY)
#define OQ_T_TINY                                                                                      \
    (OQ_T(OQ_FLOAT8E4M3FN) | OQ_T(OQ_FLOAT8E4M3FNUZ) | OQ_T(OQ_FLOAT8E5M2) | OQ_T(OQ_FLOAT8E5M2FNUZ) | \
     OQ_T(OQ_UINT4) | OQ_T(OQ_INT4) | OQ_T(OQ_FLOAT4E2M1) | OQ_T(OQ_FLOAT8E8M0) | OQ_T(OQ_UINT2) |     \
     OQ_T(OQ_INT2))

typedef struct oq_op {
    const char *name;
    const char *domain;    /* "" = ai.onnx, "com.microsoft", "onnxq" (internal: FakeQuant) */
    int since;             /* first opset of its domain that this row describes */
    int8_t min_in, max_in; /* -1 = any number */
    int8_t min_out, max_out;
    uint32_t types;         /* element types of input 0 that run() computes; 0: any */
    oq_infer_fn *infer;     /* NULL: output 0 has the type and shape of input 0 */
    oq_prepare_fn *prepare; /* NULL: no state */
    oq_run_fn *run;         /* NULL: known but not executable here */
    oq_rule rule;
    int8_t weight, bias; /* inputs that hold a unit's weight and bias; -1: none */
    unsigned flags;      /* enum oq_op_flags */
    oq_layout_rule layout;
    /* ROW: prepare() and run() on channels-last arrays (input 0, output 0 and others; see last_in). Its infer
     * and rule are not read. Same node, in ONNX order: run() reads dims as [N, spatial..., C]. */
    const struct oq_op *channels_last;
} oq_op;

/* Highest row with since <= opset; NULL if unknown. */
const oq_op *oq_op_find(const char *domain, const char *name, int opset);
/* Iterate all rows in table order: i = 0, 1, ... until NULL. */
const oq_op *oq_op_at(size_t i);
/* Axis of the output channel in the weight of a unit: Conv 0, ConvTranspose 1, Gemm 0 with transB else 1,
 * MatMul last, LSTM/GRU/RNN 1. -1: none. rank: of the weight. */
int oq_op_weight_axis(const oq_node *node, int rank);
const char *oq_rule_name(oq_rule rule);

/* ------------------------------------------------------------------ helpers for families (op_util.c) */

/* Axis in -rank..rank-1 -> 0..rank-1; false when outside. */
bool oq_axis_normalize(int64_t axis, int rank, int *out);
/* Dims of the NumPy broadcast of two arrays; false when impossible. */
bool oq_broadcast_dims(const oq_array *a, const oq_array *b, int64_t *dims, int *rank);
/* Element i of an integer array (int32, int64, or any integer type) as int64. */
int64_t oq_array_int(const oq_array *array, size_t i);
/* Bytes of n elements of an array, sequences and empty optionals included; false on overflow or unknown type.
 */
bool oq_array_bytes(oq_dtype dtype, size_t n, size_t *bytes);
/* Bytes of one element (0 for packed types). */
size_t oq_elem_size(oq_dtype dtype);
/* Product of dims[from..to-1]. */
size_t oq_dims_product(const int64_t *dims, int from, int to);
/* float16, bfloat16 or double to float32 and back, for operators that compute in float32. */
bool oq_to_floats(const oq_array *in, float *out);
bool oq_from_floats(const float *in, oq_dtype dtype, void *out, size_t n);
/* Infer helper: every output as input 0. */
oq_status oq_infer_same(oq_infer *ctx);
/* Infer helper: NumPy broadcast of inputs 0 and 1 (and 2 ...), dtype of input 0. */
oq_status oq_infer_broadcast(oq_infer *ctx);
/* Record OQ_UNSUPPORTED / OQ_SHAPE with operator and node in the text, and return it. */
#define OQ_OP_FAIL(ctx, failure, ...)                                                     \
    do {                                                                                  \
        oq_op_fail((ctx)->diag, (ctx)->node, (failure), __FILE__, __LINE__, __VA_ARGS__); \
        return (failure);                                                                 \
    } while (0)
oq_status oq_op_fail(oq_diag *diag, const oq_node *node, oq_status status, const char *file, int line,
                     const char *fmt, ...) __attribute__((format(printf, 6, 7)));

#endif
