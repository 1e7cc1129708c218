/* LSTM, GRU, RNN.
 *
 * X * W' of all steps is one matrix product; then each step adds H * R' of all gates with one more (GRU: two)
 * and runs the cell on each row of the batch. Gates in ONNX order:
 *
 *     LSTM  i o f c   C = f(f) * C + f(i) * g(c),  H = f(o + Po * C) * h(C);  peepholes Pi, Pf on the old C
 *     GRU   z r h     H = (1 - z) * g(h) + z * H;  h = X*Wh' + (r * H)*Rh' + b, or with linear_before_reset
 *                     h = X*Wh' + r * (H*Rh' + Rbh) + Wbh
 *     RNN   i         H = f(i)
 *
 * clip bounds what goes into the functions f, g, h. Rows whose sequence has ended keep H and C, and Y is 0
 * there; the reverse direction starts at the end of each row's own sequence.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "kernel/gemm_f32.h"
#include "op/activation.h"
#include "op/families.h"
#include "op/floats.h"

enum { X, W, R, B, LENGTHS, INITIAL_H, INITIAL_C, P, MAX_DIRECTIONS = 2 };

typedef enum { LSTM, GRU, RNN } cell_kind;

/* Weights of one direction, packed. */
typedef struct {
    oq_packed_f32 w;   /* input x gates * hidden */
    oq_packed_f32 r;   /* hidden x gates * hidden; GRU: z and r only */
    oq_packed_f32 r_h; /* GRU: hidden x hidden */
    float *bias;       /* gates * hidden: Wb + Rb; GRU with linear_before_reset: Wbh alone for h */
    float *bias_h;     /* GRU with linear_before_reset: Rbh */
} direction;

typedef struct {
    cell_kind kind;
    int n_directions, n_gates;
    bool starts_reverse; /* direction "reverse" */
    bool is_batch_first; /* layout 1 */
    bool couples_forget, linear_before_reset;
    float clip;      /* INFINITY: none */
    int n_functions; /* per direction */
    oq_activation functions[MAX_DIRECTIONS * 3];
    int64_t input, hidden; /* 0: not known before a run */
    bool is_packed;        /* directions hold constant weights */
    direction directions[MAX_DIRECTIONS];
} recurrent_state;

/* ------------------------------------------------------------------ packing */

/* Bytes for each part of a direction. */
typedef struct {
    size_t w, r, r_h, bias, total;
} pack_sizes;

static bool sizes_of(const recurrent_state *s, pack_sizes *size)
{
    const oq_kernels *kernels = oq_kernels_best();
    size_t h = (size_t)s->hidden, all = (size_t)s->n_gates * h;
    size_t parts[5];

    size->w = oq_pack_f32_size(kernels, (size_t)s->input, all);
    size->r = oq_pack_f32_size(kernels, h, s->kind == GRU ? 2 * h : all);
    size->r_h = s->kind == GRU ? oq_pack_f32_size(kernels, h, h) : 0;
    size->bias = (all + 63) / 64 * 64 * sizeof(float);
    memcpy(parts, (size_t[]){size->w, size->r, size->r_h, size->bias, size->bias}, sizeof parts);
    size->total = 0;
    for (int i = 0; i < 5; i++) {
        if (parts[i] > SIZE_MAX / 16)
            return false;
        size->total += (parts[i] + 63) / 64 * 64;
    }
    return true;
}

static void fold_bias(const recurrent_state *s, direction *d, const float *b)
{
    size_t h = (size_t)s->hidden, all = (size_t)s->n_gates * h;

    for (size_t i = 0; i < all; i++) {
        bool is_apart = s->kind == GRU && s->linear_before_reset && i >= 2 * h;

        d->bias[i] = !b ? 0 : is_apart ? b[i] : b[i] + b[all + i];
    }
    for (size_t i = 0; i < h && s->kind == GRU; i++)
        d->bias_h[i] = b ? b[all + 2 * h + i] : 0;
}

/* w, r: of this direction, may be unaligned; b: NULL for zeros. memory: sizes_of() bytes, 64-byte aligned. */
static void pack_direction(const recurrent_state *s, direction *d, const char *w, const char *r,
                           const float *b, char *memory)
{
    const oq_kernels *kernels = oq_kernels_best();
    size_t h = (size_t)s->hidden, input = (size_t)s->input, all = (size_t)s->n_gates * h;
    pack_sizes size;

    sizes_of(s, &size);
    oq_pack_f32(kernels, input, all, w, 1, input, memory, &d->w);
    memory += (size.w + 63) / 64 * 64;
    oq_pack_f32(kernels, h, s->kind == GRU ? 2 * h : all, r, 1, h, memory, &d->r);
    memory += (size.r + 63) / 64 * 64;
    if (s->kind == GRU)
        oq_pack_f32(kernels, h, h, r + 2 * h * h * sizeof(float), 1, h, memory, &d->r_h);
    memory += (size.r_h + 63) / 64 * 64;
    d->bias = (float *)(void *)memory;
    d->bias_h = (float *)(void *)(memory + size.bias);
    fold_bias(s, d, b);
}

/* Sizes from the weights' shapes, held against each other. */
static oq_status take_sizes(const oq_node *node, recurrent_state *s, const int64_t *w, int w_rank,
                            const int64_t *r, int r_rank, size_t n_bias, oq_diag *diag)
{
    int64_t hidden = oq_node_int(node, "hidden_size", 0);

    if (w_rank != 3 || r_rank != 3 || w[0] != s->n_directions || r[0] != s->n_directions || r[2] < 1 ||
        w[2] < 1 || w[1] != s->n_gates * r[2] || r[1] != w[1] || (hidden > 0 && hidden != r[2]))
        return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__,
                          "weights W and R do not fit %d directions, %d gates and hidden_size %" PRId64,
                          s->n_directions, s->n_gates, hidden);
    s->input = w[2];
    s->hidden = r[2];
    if (n_bias && n_bias != (size_t)(2 * w[0] * w[1]))
        return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__,
                          "B has %zu elements, %" PRId64 " are needed", n_bias, 2 * w[0] * w[1]);
    return OQ_OK;
}

/* All directions from whole tensors; get_memory: per direction. */
static const char *part(const void *data, int d, int64_t elements)
{
    return (const char *)data + (size_t)d * (size_t)elements * sizeof(float);
}

static oq_status pack_constants(oq_prepare *ctx, recurrent_state *s, const oq_tensor *w, const oq_tensor *r,
                                const oq_tensor *b)
{
    const void *w_data = oq_prepare_floats(ctx, w), *r_data = oq_prepare_floats(ctx, r);
    const float *b_data = b ? oq_prepare_aligned_floats(ctx, b) : NULL;
    int64_t rows;
    pack_sizes size;

    if (!w_data || !r_data || (b && !b_data))
        OQ_OP_FAIL(ctx, OQ_NOMEM, "no memory for the weights");
    OQ_TRY(take_sizes(ctx->node, s, w->dims, w->rank, r->dims, r->rank, b ? b->n_elements : 0, ctx->diag));
    rows = s->n_gates * s->hidden;
    for (int d = 0; d < s->n_directions; d++) {
        char *memory = sizes_of(s, &size) ? oq_arena_alloc(ctx->arena, size.total) : NULL;

        if (!memory)
            OQ_OP_FAIL(ctx, OQ_NOMEM, "no memory for the packed weights");
        pack_direction(s, &s->directions[d], part(w_data, d, rows * s->input),
                       part(r_data, d, rows * s->hidden), b_data ? b_data + d * 2 * rows : NULL, memory);
    }
    s->is_packed = true;
    ctx->consumed = 1u << W | 1u << R | (b ? 1u << B : 0);
    return OQ_OK;
}

static oq_status pack_inputs(oq_run *ctx, recurrent_state *s)
{
    const oq_array *w = ctx->in[W], *r = ctx->in[R], *b = oq_in(ctx, B);
    const float *w_data = oq_floats_in(ctx, W), *r_data = w_data ? oq_floats_in(ctx, R) : NULL;
    const float *b_data = b && r_data ? oq_floats_in(ctx, B) : NULL;
    int64_t rows;
    pack_sizes size;

    if (!r_data || (b && !b_data))
        return oq_run_failure(ctx);
    OQ_TRY(take_sizes(ctx->node, s, w->dims, w->rank, r->dims, r->rank, b ? b->n : 0, ctx->diag));
    rows = s->n_gates * s->hidden;
    if (!sizes_of(s, &size))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "the packed weights do not fit in memory");
    for (int d = 0; d < s->n_directions; d++) {
        char *memory = oq_scratch(ctx, size.total);

        if (!memory)
            return oq_run_failure(ctx);
        pack_direction(s, &s->directions[d], part(w_data, d, rows * s->input),
                       part(r_data, d, rows * s->hidden), b_data ? b_data + d * 2 * rows : NULL, memory);
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ prepare and infer */

static oq_status read_direction(const oq_node *node, recurrent_state *s, oq_diag *diag)
{
    const char *name = oq_node_string(node, "direction", "forward");

    s->starts_reverse = strcmp(name, "reverse") == 0;
    s->n_directions = strcmp(name, "bidirectional") == 0 ? 2 : 1;
    if (s->n_directions == 1 && !s->starts_reverse && strcmp(name, "forward") != 0)
        return oq_op_fail(diag, node, OQ_UNSUPPORTED, __FILE__, __LINE__, "unknown direction \"%.40s\"",
                          name);
    return OQ_OK;
}

static cell_kind kind_of(const oq_node *node)
{
    return oq_node_is(node, "LSTM") ? LSTM : oq_node_is(node, "GRU") ? GRU : RNN;
}

static oq_status prepare(oq_prepare *ctx)
{
    static const char *const defaults[][6] = {{"Sigmoid", "Tanh", "Tanh", "Sigmoid", "Tanh", "Tanh"},
                                              {"Sigmoid", "Tanh", "Sigmoid", "Tanh"},
                                              {"Tanh", "Tanh"}};
    static const int gates[] = {4, 3, 1}, functions[] = {3, 2, 1};
    recurrent_state *s = OQ_NEW(ctx->arena, recurrent_state);
    const oq_tensor *w = oq_prepare_constant(ctx, W), *r = oq_prepare_constant(ctx, R);
    const oq_tensor *b = oq_prepare_constant(ctx, B);
    bool has_bias = ctx->node->n_inputs > B && ctx->node->inputs[B];

    if (!s)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = s;
    s->kind = kind_of(ctx->node);
    s->n_gates = gates[s->kind];
    s->n_functions = functions[s->kind];
    s->is_batch_first = oq_node_int(ctx->node, "layout", 0) != 0;
    s->couples_forget = oq_node_int(ctx->node, "input_forget", 0) != 0;
    s->linear_before_reset = oq_node_int(ctx->node, "linear_before_reset", 0) != 0;
    s->clip = oq_node_float(ctx->node, "clip", INFINITY);
    OQ_TRY(read_direction(ctx->node, s, ctx->diag));
    OQ_TRY(oq_activations_read(ctx->node, defaults[s->kind], s->n_functions * s->n_directions, s->functions,
                               ctx->diag));
    if (!w || !r || (has_bias && !b))
        return OQ_OK;
    return pack_constants(ctx, s, w, r, b);
}

static oq_status infer(oq_infer *ctx)
{
    const oq_shape *x = &ctx->in[X].shape, *r = &ctx->in[R].shape;
    oq_dim hidden = oq_dim_of(oq_node_int(ctx->node, "hidden_size", -1)), directions, seq, batch;
    bool is_batch_first = oq_node_int(ctx->node, "layout", 0) != 0;
    recurrent_state s = {0};

    for (int i = 0; i < ctx->n_out; i++)
        ctx->out[i].dtype = ctx->in[X].dtype;
    OQ_TRY(read_direction(ctx->node, &s, ctx->diag));
    if (x->rank >= 0 && x->rank != 3)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "X has rank %d, it must have sequence, batch and input", x->rank);
    if (r->rank == 3 && r->dims[2].size >= 0)
        hidden = r->dims[2];
    directions = oq_dim_of(s.n_directions);
    seq = x->rank < 0 ? oq_dim_unknown() : x->dims[is_batch_first];
    batch = x->rank < 0 ? oq_dim_unknown() : x->dims[!is_batch_first];
    if (ctx->n_out > 0)
        ctx->out[0].shape = is_batch_first ? (oq_shape){4, {batch, seq, directions, hidden}}
                                           : (oq_shape){4, {seq, directions, batch, hidden}};
    for (int i = 1; i < ctx->n_out; i++)
        ctx->out[i].shape = is_batch_first ? (oq_shape){3, {batch, directions, hidden}}
                                           : (oq_shape){3, {directions, batch, hidden}};
    return OQ_OK;
}

/* ------------------------------------------------------------------ cells: one row of the batch */

typedef struct {
    const recurrent_state *s;
    const oq_activation *f; /* functions of this direction */
    const float *peephole;  /* LSTM: i o f, or NULL */
    size_t hidden;
} cell_job;

static void function(const cell_job *job, int which, float *x)
{
    if (job->s->clip < INFINITY)
        job->f[which].math->clip(x, -job->s->clip, job->s->clip, x, job->hidden);
    oq_activate(&job->f[which], x, job->hidden);
}

static void add_peephole(const cell_job *job, int which, const float *c, float *gate)
{
    const float *p = job->peephole ? job->peephole + (size_t)which * job->hidden : NULL;

    for (size_t i = 0; i < job->hidden && p; i++)
        gate[i] += p[i] * c[i];
}

static void lstm_cell(const cell_job *job, float *gates, float *h, float *c)
{
    const oq_math_f32 *math = job->f[0].math;
    size_t n = job->hidden;
    float *in = gates, *out = gates + n, *forget = gates + 2 * n, *cell = gates + 3 * n;

    add_peephole(job, 0, c, in);
    add_peephole(job, 2, c, forget);
    function(job, 0, in);
    if (!job->s->couples_forget)
        function(job, 0, forget);
    for (size_t i = 0; i < n && job->s->couples_forget; i++)
        forget[i] = 1 - in[i];
    function(job, 1, cell);
    math->binary[OQ_MUL](forget, c, forget, n);
    math->binary[OQ_MUL](in, cell, in, n);
    math->binary[OQ_ADD](forget, in, c, n);
    add_peephole(job, 1, c, out);
    function(job, 0, out);
    memcpy(h, c, n * sizeof *h);
    oq_activate(&job->f[2], h, n); /* of a state: not clipped */
    math->binary[OQ_MUL](h, out, h, n);
}

/* reset_h = r * H, before its product with Rh. */
static void gru_reset(const cell_job *job, float *gates, const float *h, float *reset_h)
{
    size_t n = job->hidden;

    function(job, 0, gates);
    function(job, 0, gates + n);
    for (size_t i = 0; i < n && reset_h; i++)
        reset_h[i] = gates[n + i] * h[i];
}

/* linear: H*Rh' + Rbh with linear_before_reset, else NULL: it is in the gate already. */
static void gru_finish(const cell_job *job, float *gates, const float *linear, float *h)
{
    size_t n = job->hidden;
    const oq_math_f32 *math = job->f[0].math;
    float *z = gates, *r = gates + n, *fresh = gates + 2 * n;

    if (linear) {
        math->binary[OQ_MUL](r, linear, r, n);
        math->binary[OQ_ADD](fresh, r, fresh, n);
    }
    function(job, 1, fresh);
    math->binary[OQ_MUL](z, h, h, n);
    math->scalar_binary[OQ_SUB](1, z, z, n);
    math->binary[OQ_MUL](z, fresh, z, n);
    math->binary[OQ_ADD](z, h, h, n);
}

/* ------------------------------------------------------------------ one direction */

typedef struct {
    size_t seq, batch, hidden, n_gates, input;
    const float *x;
    const float *initial_h, *initial_c; /* whole inputs; NULL: zeros */
    const float *peephole;              /* whole input; NULL */
    const int32_t *lengths;             /* batch; NULL: all seq */
    float *y, *y_h, *y_c;               /* NULL: not wanted */
    float *xw;                          /* seq * batch rows of gates */
    float *gates, *h, *c, *extra;       /* batch rows: gates, hidden, hidden, hidden */
} buffers;

static size_t row_of(const recurrent_state *s, const buffers *m, size_t t, size_t b)
{
    return s->is_batch_first ? b * m->seq + t : t * m->batch + b;
}

/* Row of Y_h, Y_c, initial_h, initial_c. */
static size_t final_row(const recurrent_state *s, const buffers *m, size_t d, size_t b)
{
    return s->is_batch_first ? b * (size_t)s->n_directions + d : d * m->batch + b;
}

static size_t y_row(const recurrent_state *s, const buffers *m, size_t t, size_t d, size_t b)
{
    size_t n = (size_t)s->n_directions;

    return s->is_batch_first ? (b * m->seq + t) * n + d : (t * n + d) * m->batch + b;
}

static size_t length_of(const buffers *m, size_t b)
{
    size_t length = m->lengths && m->lengths[b] > 0 ? (size_t)m->lengths[b] : m->lengths ? 0 : m->seq;

    return length < m->seq ? length : m->seq;
}

/* Time of step number `step` for row b; false when its sequence has ended. */
static bool time_of(const buffers *m, bool is_reverse, size_t step, size_t b, size_t *t)
{
    size_t length = length_of(m, b);

    *t = is_reverse ? length - 1 - step : step;
    return step < length;
}

static void product(oq_run *ctx, const oq_packed_f32 *b, size_t m, const float *a, const float *bias,
                    bool accumulates, float *c, size_t c_stride)
{
    oq_gemm_f32 gemm = {.b = b,
                        .m = m,
                        .a = a,
                        .a_stride = b->k,
                        .bias = bias,
                        .accumulate = accumulates,
                        .c = c,
                        .c_stride = c_stride,
                        .lo = -INFINITY,
                        .hi = INFINITY};

    oq_gemm_f32_run(ctx->pool, &gemm);
}

static void start(const recurrent_state *s, const buffers *m, size_t d)
{
    size_t size = m->hidden * sizeof(float);

    for (size_t b = 0; b < m->batch; b++) {
        size_t from = final_row(s, m, d, b) * m->hidden, to = b * m->hidden;

        if (m->initial_h)
            memcpy(m->h + to, m->initial_h + from, size);
        else
            memset(m->h + to, 0, size);
        if (m->initial_c)
            memcpy(m->c + to, m->initial_c + from, size);
        else
            memset(m->c + to, 0, size);
    }
}

static void finish(const recurrent_state *s, const buffers *m, size_t d)
{
    for (size_t b = 0; b < m->batch; b++) {
        size_t to = final_row(s, m, d, b) * m->hidden, from = b * m->hidden;

        if (m->y_h)
            memcpy(m->y_h + to, m->h + from, m->hidden * sizeof(float));
        if (m->y_c)
            memcpy(m->y_c + to, m->c + from, m->hidden * sizeof(float));
    }
}

/* The gates of one step for the whole batch, up to the cells. */
static void compute_gates(oq_run *ctx, const recurrent_state *s, const buffers *m, const direction *w,
                          const cell_job *job, size_t step, bool is_reverse)
{
    size_t all = m->n_gates * m->hidden, t;

    for (size_t b = 0; b < m->batch; b++) {
        if (time_of(m, is_reverse, step, b, &t))
            memcpy(m->gates + b * all, m->xw + row_of(s, m, t, b) * all, all * sizeof(float));
        else
            memset(m->gates + b * all, 0, all * sizeof(float));
    }
    product(ctx, &w->r, m->batch, m->h, NULL, true, m->gates, all);
    if (s->kind != GRU)
        return;
    for (size_t b = 0; b < m->batch; b++)
        gru_reset(job, m->gates + b * all, m->h + b * m->hidden,
                  s->linear_before_reset ? NULL : m->extra + b * m->hidden);
    if (s->linear_before_reset)
        product(ctx, &w->r_h, m->batch, m->h, w->bias_h, false, m->extra, m->hidden);
    else
        product(ctx, &w->r_h, m->batch, m->extra, NULL, true, m->gates + 2 * m->hidden, all);
}

static void run_cell(const recurrent_state *s, const buffers *m, const cell_job *job, size_t b)
{
    float *gates = m->gates + b * m->n_gates * m->hidden, *h = m->h + b * m->hidden;

    switch (s->kind) {
    case LSTM: lstm_cell(job, gates, h, m->c + b * m->hidden); break;
    case GRU: gru_finish(job, gates, s->linear_before_reset ? m->extra + b * m->hidden : NULL, h); break;
    default: function(job, 0, gates); memcpy(h, gates, m->hidden * sizeof *h);
    }
}

static void run_direction(oq_run *ctx, const recurrent_state *s, const buffers *m, size_t d)
{
    const direction *w = &s->directions[d];
    bool is_reverse = s->starts_reverse || d == 1;
    size_t size = m->hidden * sizeof(float), t;
    cell_job job = {s, s->functions + d * (size_t)s->n_functions, NULL, m->hidden};

    if (m->peephole)
        job.peephole = m->peephole + d * 3 * m->hidden;
    product(ctx, &w->w, m->seq * m->batch, m->x, w->bias, false, m->xw, m->n_gates * m->hidden);
    start(s, m, d);
    for (size_t step = 0; step < m->seq; step++) {
        compute_gates(ctx, s, m, w, &job, step, is_reverse);
        for (size_t b = 0; b < m->batch; b++) {
            if (time_of(m, is_reverse, step, b, &t)) {
                run_cell(s, m, &job, b);
                if (m->y)
                    memcpy(m->y + y_row(s, m, t, d, b) * m->hidden, m->h + b * m->hidden, size);
            } else if (m->y) { /* step is past the end in both directions */
                memset(m->y + y_row(s, m, step, d, b) * m->hidden, 0, size);
            }
        }
    }
    finish(s, m, d);
}

/* ------------------------------------------------------------------ run */

/* Optional input i: n elements, or NULL with OK when omitted. */
static oq_status optional(oq_run *ctx, int i, size_t n, const float **out)
{
    const oq_array *in = oq_in(ctx, i);

    *out = NULL;
    if (!in)
        return OQ_OK;
    if (in->n != n)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d has %zu elements, %zu are needed", i, in->n, n);
    *out = oq_floats_in(ctx, i);
    return *out ? OQ_OK : ctx->status;
}

static oq_status read_lengths(oq_run *ctx, buffers *m)
{
    const oq_array *in = oq_in(ctx, LENGTHS);

    if (!in)
        return OQ_OK;
    if (in->dtype != OQ_INT32 || in->n != m->batch)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "sequence_lens has %zu elements of type %s for a batch of %zu", in->n,
                   oq_dtype_name(in->dtype), m->batch);
    m->lengths = in->data;
    return OQ_OK;
}

static oq_status get_scratch(oq_run *ctx, buffers *m)
{
    size_t row = m->n_gates * m->hidden * sizeof(float), state = m->batch * m->hidden * sizeof(float), all;

    if (oq_mul_overflow(m->seq * m->batch, row, &all))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "working memory does not fit in memory");
    m->xw = oq_scratch(ctx, all);
    m->gates = m->xw ? oq_scratch(ctx, m->batch * row) : NULL;
    m->h = m->gates ? oq_scratch(ctx, state) : NULL;
    m->c = m->h ? oq_scratch(ctx, state) : NULL;
    m->extra = m->c ? oq_scratch(ctx, state) : NULL;
    return m->extra ? OQ_OK : oq_run_failure(ctx);
}

static oq_status get_output(oq_run *ctx, const recurrent_state *s, int i, const buffers *m, float **out)
{
    int64_t n = s->n_directions, seq = (int64_t)m->seq, batch = (int64_t)m->batch, h = s->hidden;
    const int64_t y[2][4] = {{seq, n, batch, h}, {batch, seq, n, h}},
                  last[2][3] = {{n, batch, h}, {batch, n, h}};

    *out = NULL;
    if (i >= ctx->n_out || !ctx->wanted[i])
        return OQ_OK;
    *out = oq_floats_out(ctx, i, ctx->in[X]->dtype, i == 0 ? y[s->is_batch_first] : last[s->is_batch_first],
                         i == 0 ? 4 : 3);
    return *out ? OQ_OK : ctx->status;
}

static oq_status collect(oq_run *ctx, const recurrent_state *s, buffers *m)
{
    const oq_array *x = ctx->in[X];
    size_t state;

    if (x->rank != 3 || x->dims[2] != s->input)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "X of rank %d with inputs of %" PRId64 ", W asks for rank 3 and %" PRId64,
                   x->rank, x->rank > 2 ? x->dims[2] : 0, s->input);
    *m = (buffers){.seq = (size_t)x->dims[s->is_batch_first],
                   .batch = (size_t)x->dims[!s->is_batch_first],
                   .hidden = (size_t)s->hidden,
                   .n_gates = (size_t)s->n_gates,
                   .input = (size_t)s->input};
    state = (size_t)s->n_directions * m->batch * m->hidden;
    OQ_TRY(read_lengths(ctx, m));
    OQ_TRY(optional(ctx, INITIAL_H, state, &m->initial_h));
    if (s->kind == LSTM) {
        OQ_TRY(optional(ctx, INITIAL_C, state, &m->initial_c));
        OQ_TRY(optional(ctx, P, (size_t)(s->n_directions * 3 * s->hidden), &m->peephole));
    }
    if (!(m->x = oq_floats_in(ctx, X)))
        return oq_run_failure(ctx);
    OQ_TRY(get_output(ctx, s, 0, m, &m->y));
    OQ_TRY(get_output(ctx, s, 1, m, &m->y_h));
    OQ_TRY(get_output(ctx, s, 2, m, &m->y_c));
    return get_scratch(ctx, m);
}

static oq_status run(oq_run *ctx)
{
    const recurrent_state *s = ctx->state;
    recurrent_state local;
    buffers m;

    if (!s->is_packed) {
        local = *s;
        OQ_TRY(pack_inputs(ctx, &local));
        s = &local;
    }
    OQ_TRY(collect(ctx, s, &m));
    for (int d = 0; d < s->n_directions; d++)
        run_direction(ctx, s, &m, (size_t)d);
    if (m.y)
        oq_floats_done(ctx, 0, m.y);
    if (m.y_h)
        oq_floats_done(ctx, 1, m.y_h);
    if (m.y_c)
        oq_floats_done(ctx, 2, m.y_c);
    return OQ_OK;
}

/* ------------------------------------------------------------------ rows */

#define RECURRENT(op, opset, most, outs)                                                       \
    {                                                                                          \
        .name = op, .domain = "", .since = opset, .min_in = 3, .max_in = most, .min_out = 0,   \
        .max_out = outs, .types = OQ_T_FLOATS, .infer = infer, .prepare = prepare, .run = run, \
        .rule = OQ_RULE_RECURRENT, .weight = 1, .bias = 3                                      \
    }

/* 14 added layout, 22 bfloat16. */
const oq_op oq_ops_recurrent[] = {
    RECURRENT("GRU", 7, 6, 2),   RECURRENT("GRU", 14, 6, 2),
    RECURRENT("GRU", 22, 6, 2),  RECURRENT("LSTM", 7, 8, 3),
    RECURRENT("LSTM", 14, 8, 3), RECURRENT("LSTM", 22, 8, 3),
    RECURRENT("RNN", 7, 6, 2),   RECURRENT("RNN", 14, 6, 2),
    RECURRENT("RNN", 22, 6, 2),  {0},
};
