/* unit: the inside of integer.h, shared by its files. */
#ifndef OQ_EXEC_UNIT_H
#define OQ_EXEC_UNIT_H

#include "exec/integer.h"
#include "kernel/conv_int8.h"
#include "op/window.h"

/* A tensor of 8-bit codes with its parameters: x = (q - zero_point) * scale. */
typedef struct oq_codes {
    oq_value *value;
    float scale;
    int32_t zero_point;
    oq_dtype dtype; /* OQ_UINT8 or OQ_INT8 */
} oq_codes;

/* Constant weights of a unit. */
typedef struct oq_int_weight {
    const oq_tensor *codes; /* OQ_INT8 or OQ_UINT8 */
    int axis;               /* of the output channel */
    size_t n;               /* output channels */
    const float *scale;     /* n, and so on */
    const int32_t *zero_point;
    const int32_t *bias;     /* NULL: none */
    const float *multiplier; /* (s_x * s_w) / s_y; without a Q behind: s_x * s_w */
} oq_int_weight;

struct oq_unit {
    const oq_op *op; /* row whose run() computes the unit; its state is the unit, unless is_direct */
    oq_value **in;   /* what it reads: codes first */
    int n_in;
    oq_value *out[1]; /* what it gives: the Q's output, or the compute node's own when there is no Q */
    const oq_node *node;
    bool is_direct;    /* op is the node's own: it runs on codes as on anything */
    bool has_y;        /* a Q stands behind */
    const oq_codes *x; /* per input that holds codes */
    oq_codes y;        /* valid with has_y */
    int32_t lo, hi;    /* limits of the output codes: the type's, or those of an absorbed activation */
    oq_int_weight weight;
    oq_window window;             /* Conv, AveragePool */
    oq_conv_int8 conv;            /* Conv: the packed weights */
    oq_packed_int8 packed;        /* MatMul, Gemm */
    const oq_packed_int8 *groups; /* ConvTranspose: n_groups of them */
    size_t n_groups;
    const uint8_t *tables; /* Concat, Relu: 256 output codes per input, by the byte of the input code */
    bool count_padding;    /* AveragePool: count_include_pad */
};

/* What a matcher works with. */
typedef struct oq_unit_finder {
    oq_arena *arena; /* of the program */
    oq_units *units;
    oq_diag *diag;
} oq_unit_finder;

/* ---- unit_params.c: reading parameters off the graph. False when the graph does not have that form. */
bool oq_read_dequantize(const oq_value *value, oq_codes *out);
/* Parameters of a QuantizeLinear; out->value: what it gives. False: another operator, or another form. */
bool oq_read_quantize_node(const oq_node *node, oq_codes *out);
/* The chain [Relu | Clip ->] Q behind node; fills y, has_y, lo, hi, out; absorbs what it takes. */
bool oq_read_quantize(oq_unit_finder *f, const oq_node *node, oq_unit *unit);
/* Weight on input 1 with channel axis `axis`, bias on input 2 (DQ of int32 at s_x * s_w). Needs unit->x[0];
 * out: unit->weight without multiplier. The axis stands for `groups` times as many output channels, one group
 * of them after another (ConvTranspose; else 1). */
bool oq_read_weight(oq_unit_finder *f, const oq_node *node, int axis, size_t groups, oq_unit *unit);
/* After oq_read_quantize: weight.multiplier. */
bool oq_make_multiplier(oq_unit_finder *f, oq_unit *unit);
/* A code as float, and a float as code of q, ONNX rule. */
float oq_decode(const oq_codes *q, int32_t code);
int32_t oq_encode(const oq_codes *q, float x);

/* ---- rows of the runners */
extern const oq_op oq_unit_conv, oq_unit_conv_transpose, oq_unit_matmul, oq_unit_matmul_pair, oq_unit_add,
    oq_unit_mul, oq_unit_concat, oq_unit_table, oq_unit_max_pool, oq_unit_pool, oq_unit_global_pool;

/* ---- packing the weights for the kernels (integer_conv.c, integer_matmul.c); false: out of memory */
bool oq_pack_conv(oq_unit_finder *f, const oq_node *node, oq_unit *unit);
bool oq_pack_matmul(oq_unit_finder *f, oq_unit *unit);
bool oq_pack_conv_transpose(oq_unit_finder *f, size_t groups, oq_unit *unit);

/* ---- for run functions */
/* The types the unit was made for may differ from what a damaged graph feeds it: OQ_SHAPE. n: inputs to
 * check. */
oq_status oq_check_codes(oq_run *ctx, int n);
oq_byte oq_byte_of(oq_dtype dtype);

#endif
