/* verify: float, fake-quant and integer runs side by side on held-out samples. */
#ifndef OQ_VERIFY_VERIFY_H
#define OQ_VERIFY_VERIFY_H

#include "quant/calibrate.h"

/* SQNR of one value, NUMERICS 6: 20 log10(|ref| / |ref - out|) per sample over the whole tensor, capped at
 * 200 dB, mean over samples. */
typedef struct oq_sqnr {
    const char *name;    /* value in the float model */
    const char *op_type; /* its producer there */
    double fake_db;      /* fake quant (the emitted graph, float arithmetic), or the integer run when it alone
                          * was asked for, against float */
    double integer_db;   /* outputs: integer run against fake quant; NAN where not measured */
    double worst_db;     /* worst sample of fake_db */
    size_t n_codes, n_codes_differ, n_ties;
    size_t n_samples;
} oq_sqnr;

typedef struct oq_verify_result {
    oq_sqnr *outputs; /* one per graph output with a float dtype */
    size_t n_outputs;
    oq_sqnr *layers; /* one per unit (its output in the float model), in graph order */
    size_t n_layers;
    double mean_db;           /* mean over outputs of fake_db */
    size_t n_proof_samples;   /* set by whoever compares codes on fewer samples than outputs; else 0 */
    bool has_agreement;       /* the first output looks like scores: float, rank 1 to 3; each row is judged */
    size_t n_agree, n_judged; /* same arg max, float against integer run (against fake quant without one) */
    size_t n_codes;           /* integer against fake quant: 8-bit codes compared */
    size_t n_codes_differ;    /* of those, different */
    size_t n_ties;            /* of the different ones: within 1e-3 of a rounding tie in the fake quant run */
    size_t n_samples;
} oq_verify_result;

typedef struct oq_verify_options {
    const size_t *samples; /* held-out ones */
    size_t n_samples;
    /* What the reference gives: [sample][graph output], as oq_calibrate keeps them; the reference is then not
     * run. NULL: not known. Goes with integer_only. */
    const oq_array *reference_outputs;
    bool with_outputs; /* figures of the graph outputs, and agreement */
    bool with_layers;  /* figures of each unit */
    bool with_integer; /* outputs also of the integer run */
    bool integer_only; /* the integer run in the place of fake quant: figures of it against float. Goes with
                        * with_outputs alone */
    bool with_codes; /* each integer unit against fake quant, on the same input codes: a difference is counted
                      * where it arises and not carried on. Excludes with_integer */
    oq_progress_fn *progress;
    void *progress_arg;
} oq_verify_options;

/* Compare two models with the same inputs and outputs: reference (float) and quantized (QDQ). Values are
 * paired by name: a float value T with T, T_DequantizeLinear_Output or T_QuantizeLinear_Input of the other.
 * OQ_ARG when inputs or outputs do not correspond. */
oq_status oq_verify(oq_model *reference, oq_model *quantized, const oq_dataset *dataset,
                    const oq_verify_options *options, oq_pool *pool, oq_arena *arena, oq_verify_result *out,
                    oq_diag *diag);

double oq_sqnr_db(const float *reference, const float *other,
                  size_t n); /* 200 when equal; fixed-order sums in double */
double oq_cosine(const float *a, const float *b, size_t n);

#endif
