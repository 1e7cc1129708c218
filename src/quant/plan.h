/* plan: what is quantized, how, and why. Outside the IR; printable, diffable, loadable: a table a person can
 * edit.
 *
 * Three levels: per value (its range and parameters), per edge (which reader sees the quantized form), per
 * node (does it run in integers, and why not). Filled in this order by: read_qdq (models that carry QDQ),
 * place (rules), calibrate (ranges), per_channel (weights), bias. Read by fake_quant, lower_qdq, verify and
 * report.
 */
#ifndef OQ_QUANT_PLAN_H
#define OQ_QUANT_PLAN_H

#include "base/buf.h"
#include "quant/equalizer.h"
#include "quant/qparams.h"

/* Where the numbers of a pair come from. */
typedef enum oq_range_source {
    OQ_RANGE_NONE,     /* not quantized */
    OQ_RANGE_OBSERVED, /* calibration */
    OQ_RANGE_FIXED,    /* the function gives it: Sigmoid, Softmax, Tanh */
    OQ_RANGE_SHARED,   /* same parameters as plan->values[shared_with] */
    OQ_RANGE_MODEL,    /* the model already carried them (QAT, QDQ) */
    OQ_RANGE_USER,     /* --plan */
    OQ_RANGE_WEIGHT    /* computed from a constant */
} oq_range_source;

typedef struct oq_plan_value {
    bool has_pair; /* a QuantizeLinear/DequantizeLinear pair sits on this value (or: it is an integer
                      constant) */
    bool
        quantize_output; /* it is a graph output, and the outside sees the dequantized form too (seed mode) */
    oq_range_source source;
    int shared_with;    /* value id when SHARED; else -1 */
    bool is_unobserved; /* SHARED: does not add to the range (seed mode: what Relu, pools and movers give) */
    float lo, hi;       /* observed (or given) range; lo > hi: never observed */
    float judge_lo, judge_hi; /* the same without the held-out samples */
    size_t n_not_finite;      /* NaN and infinities met while observing */
    double clipped;           /* share (0..1) of the values observed that lie outside; below 0: not known */
    oq_qparams qparams;       /* valid once ranges are known */
    bool has_qparams;
    bool is_equalized;  /* the range is that of the value after factors per channel (pass/equalize.h) */
    const char *reason; /* the placement rule in words: why it has a pair, or why not */
} oq_plan_value;

typedef enum oq_plan_kind {
    OQ_NODE_FLOAT,   /* stays float: reason says why */
    OQ_NODE_INTEGER, /* a unit: reads pairs, forms an integer kernel (or could) */
    OQ_NODE_FOLLOWS, /* moves quantized data unchanged: movers, MaxPool, absorbed Relu and Clip */
} oq_plan_kind;

/* What was fitted to the samples for one unit (layerwise.h). */
typedef struct oq_unit_fit {
    oq_qparams scale;        /* of the weight */
    const oq_tensor *weight; /* on the grid: codes times scale */
    const float *bias;       /* corrected; NULL: as it was */
    size_t n_bias;
    size_t n_gains;       /* channels whose scale was refitted */
    bool is_second_order; /* rounded with regard to its inputs; else to nearest */
    double alone_db;      /* SQNR of the unit's result over the samples it was fitted on */
} oq_unit_fit;

typedef struct oq_plan_node {
    oq_plan_kind kind;
    const oq_unit_fit *fit; /* NULL: none */
    uint64_t
        quantized_inputs; /* bit i: input i is read in quantized form (through the DQ of its value's pair) */
    const char *reason;
} oq_plan_node;

/* What the user asked for; effective values are recorded in the report. */
typedef enum oq_placement {
    OQ_PLACE_INTEGER_KERNELS,
    OQ_PLACE_ACCURATE,
    OQ_PLACE_TORCH /* seed mode */
} oq_placement;

typedef struct oq_quant_options {
    oq_placement placement;
    oq_qmode mode;
    oq_dtype activations;       /* OQ_UINT8 or OQ_INT8; OQ_UNDEFINED: weights only */
    oq_dtype weights;           /* OQ_INT8; OQ_UNDEFINED: activations only */
    bool symmetric;             /* activations with zero point in the middle */
    bool per_tensor;            /* weights: one scale per tensor */
    bool reduce_range;          /* 7-bit codes */
    const char *const *include; /* name, glob pattern, or op:TYPE; empty = everything */
    size_t n_include;
    const char *const *exclude;
    size_t n_exclude;
    oq_equalize_options equalize;
} oq_quant_options;

typedef struct oq_plan {
    oq_arena *arena;
    oq_quant_options options;
    oq_plan_value *values; /* by value id */
    int n_values;
    oq_plan_node *nodes; /* by node id */
    int n_nodes;
    bool from_model; /* the model already was quantized */
    /* By value id, n_channels of them: what was seen of each channel; NULL: not watched. NULL: nothing was.
     */
    const oq_channels **channels;
    int n_channels;
} oq_plan;

oq_status oq_plan_new(const oq_model *model, const oq_quant_options *options, oq_arena *arena, oq_plan **out);
/* Grow the tables after nodes or values were added to the model. */
oq_status oq_plan_fit(oq_plan *plan, const oq_model *model);
/* JSON: values by name with range, parameters, rule, reason; nodes by name with decision and reason. */
oq_status oq_plan_save(const oq_plan *plan, const oq_model *model, oq_buf *out);
/* Ranges, parameters and decisions named in text win over ours (source USER). OQ_FORMAT names the line,
 * OQ_ARG an unknown value or node. */
oq_status oq_plan_load(oq_plan *plan, const oq_model *model, const char *text, size_t size, oq_diag *diag);
const char *oq_range_source_name(oq_range_source source); /* "observed", "fixed" ... */
const char *oq_plan_kind_name(oq_plan_kind kind);         /* "float", "integer", "follows" */
/* Does this reader see the quantized form? False for nodes added since the plan was fitted. */
bool oq_plan_reads_quantized(const oq_plan *plan, oq_use use);
/* Value id whose parameters `id` uses: follows SHARED. */
int oq_plan_owner(const oq_plan *plan, int id);

/* ---- rules (place.c): fills decisions and reasons for every node of the main graph; no numbers */
oq_status oq_plan_place(oq_plan *plan, oq_model *model, oq_diag *diag);
/* Does a pattern of include or exclude (name, glob, op:TYPE) mean any node? One that does not is worth a
 * word. */
bool oq_plan_pattern_matches(const oq_model *model, const char *pattern);
/* Values whose range must be observed. */
bool oq_plan_wants_range(const oq_plan *plan, int value_id);
/* Ranges -> parameters for all pairs (after calibration). OQ_RANGE names a value that was never observed or
 * not finite. */
oq_status oq_plan_resolve(oq_plan *plan, const oq_model *model, oq_diag *diag);

#endif
