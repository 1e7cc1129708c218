/* report: what a conversion did, to which tensor, why, and how good it is. Facts in, text or JSON out. */
#ifndef OQ_REPORT_REPORT_H
#define OQ_REPORT_REPORT_H

#include "pass/pass.h"
#include "verify/verify.h"

/* Facts of one conversion; everything is borrowed and may be absent where noted. */
typedef struct oq_facts {
    const char *in_path, *out_path; /* out_path NULL: not written (yet) */
    size_t in_size, out_size;       /* bytes, data files included */
    bool has_data_file;             /* weights went to OUT.data */
    int64_t opset_before, opset_after;
    int n_nodes;      /* before */
    size_t n_weights; /* float elements of initializers and Constant nodes, before */
    const oq_pass_result *passes;
    size_t n_passes;
    const char *data; /* what the samples are; NULL: none */
    size_t n_calibrated, n_held_out;
    bool weight_only;           /* asked for: no data were wanted */
    bool judged_on_calibration; /* too few samples to hold any out */
    const char *method;
    double calibrate_seconds, verify_seconds, seconds;
    const oq_plan *plan;
    const oq_model *model;                  /* after the conversion */
    const oq_verify_result *verify;         /* NULL: not verified */
    double target_sqnr;                     /* dB asked for; 0: none */
    const char *stopped_after;              /* --stop-after was reached; NULL: no */
    const char *notes;                      /* lines the user should know beside the figures; NULL: none */
    bool is_unchanged;                      /* nothing was left to do */
    const char *config;                     /* effective options, a JSON object */
    const char *model_digest, *data_digest; /* SHA-256; data_digest NULL without data */
} oq_facts;

/* Several lines for people (CLI.md), appended to out. */
void oq_report_write_text(const oq_facts *facts, oq_buf *out);
/* One JSON object, appended to out. */
oq_status oq_report_write_json(const oq_facts *facts, oq_buf *out);
/* Table of two models compared. */
void oq_report_write_comparison(const oq_verify_result *result, oq_buf *out);
oq_status oq_report_write_comparison_json(const oq_verify_result *result, oq_buf *out);

/* "4.7 MiB", "312 B". Returns text. */
const char *oq_size_text(size_t bytes, char *text, size_t size);
/* name, its middle left out where it is longer than size - 1 bytes: "encoder/...layer_0/MatMul". Returns
 * text. */
const char *oq_short_name(const char *name, char *text, size_t size);

/* Nodes of the main graph by operator and decision. */
typedef struct oq_tally {
    const char *op_type, *reason; /* reason: only with kind FLOAT */
    oq_plan_kind kind;
    bool has_weights; /* of a kind whose weights can become int8 */
    size_t n;
} oq_tally;
/* One row per operator, decision and reason, in order of first appearance. Nodes the conversion added are
 * left out. At most max rows; returns their number. */
size_t oq_tally_nodes(const oq_plan *plan, const oq_model *model, oq_tally *rows, size_t max);

#endif
