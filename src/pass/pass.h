/* pass: one transformation of the graph. One file, one public function of the same name, last in the file. */
#ifndef OQ_PASS_PASS_H
#define OQ_PASS_PASS_H

#include "exec/exec.h"
#include "ir/graph.h"
#include "ir/shape.h"
#include "ir/tensor.h"
#include "quant/plan.h"

typedef struct oq_pass_ctx {
    oq_arena *arena;    /* scratch: reset when the pass returns */
    oq_plan *plan;      /* NULL before place; QUANT passes need it */
    size_t fold_budget; /* fold_constants: most bytes one folded result may have (0: 64 MiB) and grow the file
                           by */
    int64_t target_opset; /* raise_opset: at least this (0: 13) */
    size_t changed;       /* out: number of changes */
    oq_buf *notes;        /* out, may be NULL: one line per remarkable thing, for -v and the report */
    oq_diag *diag;
} oq_pass_ctx;

typedef oq_status oq_pass_fn(oq_graph *graph, oq_pass_ctx *ctx);

enum oq_pass_flags {
    OQ_PASS_EXACT = 1,     /* results keep their bits */
    OQ_PASS_CLOSE = 2,     /* re-associates arithmetic */
    OQ_PASS_QUANT = 4,     /* changes numbers on purpose; needs ctx->plan */
    OQ_PASS_ANALYSIS = 8,  /* may not touch the graph */
    OQ_PASS_EQUALIZE = 32, /* factors per channel: between calibration and placement, which runs again */
    OQ_PASS_LAST = 16      /* runs after quantization (raise_opset needs it before: see pipeline.c) */
};

typedef struct oq_pass {
    const char *name;
    const char *summary;
    oq_pass_fn *run;
    unsigned flags;
} oq_pass;

oq_pass_fn oq_inline_functions, oq_split_fused, oq_split_qlinear, oq_bind_constants, oq_fuse_pad,
    oq_infer_shapes, oq_fold_constants, oq_drop_dead, oq_remove_noops, oq_raise_opset, oq_fuse_batchnorm,
    oq_fuse_matmul_add, oq_fuse_activation, oq_read_qdq, oq_equalize, oq_correct, oq_fake_quant,
    oq_per_channel, oq_bias, oq_lower_qdq, oq_clean_qdq;
/* Not in the table: several passes, for a graph that is only run (simplify.c). */
oq_pass_fn oq_simplify;

/* What happened in one pass, for the report. */
typedef struct oq_pass_result {
    const oq_pass *pass;
    size_t changed;
    double seconds;
} oq_pass_result;

typedef struct oq_pipeline_options {
    const char *print_after; /* pass name or "all"; NULL: none */
    const char *stop_after;  /* NULL: none */
    const char *const *skip;
    size_t n_skip;
    bool verify_each;                                             /* validate the graph after each pass */
    void (*print)(void *arg, const char *pass, const char *text); /* receives the dump */
    void *print_arg;
} oq_pipeline_options;

const oq_pass *oq_pass_at(size_t i); /* table order; NULL at the end */
const oq_pass *oq_pass_find(const char *name);
/* Run all passes of the table whose flags intersect `which` (OQ_PASS_EXACT | OQ_PASS_CLOSE: clean the graph;
 * OQ_PASS_QUANT: everything from fake_quant on). results: one per pass of the table, may be NULL; *stopped is
 * set when stop_after was reached. */
oq_status oq_pipeline_run(oq_graph *graph, unsigned which, oq_pass_ctx *ctx,
                          const oq_pipeline_options *options, oq_pass_result *results, bool *stopped);

#endif
