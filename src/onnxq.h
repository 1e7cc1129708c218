/* onnxq.h: the public interface of libonnxq.
 *
 * Turns a float ONNX model into a verified int8 one. Three ways to use it, from simple to fine-grained:
 *   1. oq_convert_file()                        one call: file in, file out, report
 *   2. oq_model_load, oq_convert, oq_model_save  the same in steps, with samples supplied by a callback
 *   3. oq_session_*                              run a model; oq_compare: two models side by side
 *
 * Rules. Every function that can fail returns an oq_status and takes an oq_diag (may be NULL) that receives
 * one line of text. Results come through the last pointer arguments and are written only on OQ_OK. What a
 * function creates, the matching _free function releases; everything else is borrowed. The library prints
 * nothing, never exits, installs no signal handlers and keeps no global state; objects may be used from one
 * thread at a time.
 */
#ifndef ONNXQ_H
#define ONNXQ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define OQ_API __attribute__((visibility("default")))
#else
#define OQ_API
#endif

/* ---- status and diagnostics */

typedef enum oq_status {
    OQ_OK = 0,
    OQ_NOMEM,        /* memory, or a memory budget, is exhausted */
    OQ_IO,           /* a file cannot be opened, read or written */
    OQ_FORMAT,       /* a file is not what it should be */
    OQ_LIMIT,        /* too deep, too large, too many */
    OQ_UNSUPPORTED,  /* valid, but not possible here; the text names node, operator and reason */
    OQ_SHAPE,        /* shapes or types contradict each other */
    OQ_RANGE,        /* a value was never observed, or is not finite */
    OQ_ARG,          /* the caller's mistake */
    OQ_CANCELLED,    /* a callback asked to stop */
    OQ_BELOW_TARGET, /* verification ended below what was asked for */
    OQ_INTERNAL      /* our own fault: please report it */
} oq_status;

typedef struct oq_diag oq_diag;

OQ_API const char *oq_status_name(oq_status status); /* static text */
OQ_API oq_diag *oq_diag_new(void);                   /* NULL when out of memory */
OQ_API void oq_diag_free(oq_diag *diag);
OQ_API const char *
oq_diag_message(const oq_diag *diag); /* "" when nothing happened; valid until the next call with diag */
OQ_API const char *oq_diag_notes(const oq_diag *diag); /* context, "" if none */

/* The file the fault is in ("" when it is in none), and whether it was being written rather than read. */
OQ_API const char *oq_diag_file(const oq_diag *diag);
OQ_API int oq_diag_is_output(const oq_diag *diag);

/* Remove the temporary files of unfinished outputs. For a signal handler that is about to end the program
 * (async-signal-safe); output files are as they were. */
OQ_API void oq_remove_unfinished(void);

OQ_API const char *oq_version(void); /* "0.1.0" */

/* ---- callbacks */

/* Progress: stage is a word ("calibrate", "verify", ...), done of total units. Called from one thread at a
 * time, often. Return 0 to cancel: the call that is under way ends with OQ_CANCELLED and leaves nothing
 * behind. */
typedef int oq_progress(void *arg, const char *stage, size_t done, size_t total);

/* Text dump of the graph after a pass (see print_after). */
typedef void oq_print(void *arg, const char *pass, const char *text);

/* One input array of a sample. data is float32 (or the type the input wants), C order, and is copied before
 * the callback is called again; dims holds rank sizes, batch included. */
typedef struct oq_input {
    const char *name; /* of the graph input; in: filled by the library */
    int dtype;        /* ONNX TensorProto.DataType; in: what the input wants */
    int rank;         /* out; at most 8 */
    int64_t dims[8];  /* out */
    const void *data; /* out; borrowed until the next call */
} oq_input;

/* Supplies sample number `sample` (0 .. n_samples - 1): fills dims, rank and data of each of n_inputs inputs.
 * Any status but OQ_OK ends the conversion with that status. */
typedef oq_status oq_sample_source(void *arg, size_t sample, size_t n_inputs, oq_input *inputs);

/* ---- models */

typedef struct oq_model oq_model;

/* Read a model (.onnx, .onnx.gz, "-" for standard input). External data is looked up beside it, never outside
 * its folder. OQ_IO, OQ_FORMAT (not a model, or damaged), OQ_LIMIT, OQ_UNSUPPORTED (opset outside 7..27),
 * OQ_NOMEM. */
OQ_API oq_status oq_model_load(const char *path, oq_model **out, oq_diag *diag);
/* The same from memory; data must outlive the model. */
OQ_API oq_status oq_model_load_memory(const void *data, size_t size, oq_model **out, oq_diag *diag);
/* Write by temporary file and rename ("-": standard output). external_data: weights into PATH.data (automatic
 * at 2 GiB). OQ_IO: nothing was changed. */
OQ_API oq_status oq_model_save(const oq_model *model, const char *path, int external_data, oq_diag *diag);
OQ_API void oq_model_free(oq_model *model); /* NULL is fine */

/* ---- conversion */

typedef struct oq_report oq_report;

/* Where samples come from: path, or source. Both NULL: no data, only the weights become int8. */
typedef struct oq_data_options {
    const char *path;         /* npz, npy, folder (see onnx-q(1)) */
    oq_sample_source *source; /* instead of path */
    void *source_arg;
    size_t n_samples;           /* of source; with path: at most this many, evenly spread (0: all) */
    const char *const *renames; /* "INPUT=ARRAY" */
    size_t n_renames;
    int image_width, image_height; /* images: 0 = from the model's input */
    float mean[3], std[3];         /* images: (pixel - mean) / std; all 0 std = 1 */
    const char *layout;            /* "auto", "nchw", "nhwc"; NULL = auto */
    const char *color;             /* "rgb", "bgr", "gray"; NULL = rgb */
    const char *resize;            /* "stretch", "crop", "pad"; NULL = stretch */
} oq_data_options;

/* Set all fields with oq_options_init() first: that keeps programs working when fields are added. */
typedef struct oq_options {
    size_t struct_size; /* set by oq_options_init */
    oq_data_options data;
    const char *placement;   /* "integer-kernels" (default), "accurate" */
    const char *activations; /* "u8" (default), "s8", "none" */
    const char
        *quality; /* "fast" (default): ranges; "balanced": equalize channels, fit weights to the samples */
    const char *weights; /* "s8" (default), "none" */
    const char *method;  /* range method: "minmax" (default), ... see oq_method_name() */
    int symmetric, per_tensor, reduce_range;
    const char *const *include, *const *exclude; /* name, pattern, or "op:TYPE" */
    size_t n_include, n_exclude;
    const char *plan;     /* JSON file: ranges and decisions that win over ours; NULL = none */
    const char *plan_out; /* write the plan here; NULL = no */
    const char *dims;     /* "batch=1,seq=128": sizes for symbols; NULL = none */
    int threads;          /* 0: one per processor */
    int verify;           /* 1 (default): compare with the float model on held-out samples */
    double target_sqnr;   /* dB; above 0: OQ_BELOW_TARGET when the mean output SQNR ends below */
    int external_data;    /* oq_convert_file: weights into OUT.data */
    int64_t opset;        /* at least this opset; 0 = 13 when the model is older */
    const char *print_after, *stop_after; /* pass names */
    const char *const *skip;
    size_t n_skip;
    int verify_each; /* validate the graph after each pass */
    oq_progress *progress;
    void *progress_arg;
    oq_print *print;
    void *print_arg;
} oq_options;

OQ_API void oq_options_init(oq_options *options);
/* Quantize model in place. report may be NULL; else it is made also on OQ_BELOW_TARGET.
 * OQ_ARG (an option's text is unknown; data does not fit the inputs), OQ_SHAPE, OQ_UNSUPPORTED (a node that
 * cannot be run stands in front of everything that could be quantized), OQ_RANGE, OQ_CANCELLED,
 * OQ_BELOW_TARGET. On failure the model must be freed, not used. */
OQ_API oq_status oq_convert(oq_model *model, const oq_options *options, oq_report **report, oq_diag *diag);
/* Load, convert, save. out NULL: "model.int8.onnx" beside the input. On OQ_BELOW_TARGET nothing is written.
 */
OQ_API oq_status oq_convert_file(const char *in, const char *out, const oq_options *options,
                                 oq_report **report, oq_diag *diag);
/* The name oq_convert_file uses when out is NULL; free() it. */
OQ_API char *oq_default_output(const char *in);

/* What was done. Text for people (several lines, as CLI.md shows), JSON for machines; both owned by the
 * report. */
OQ_API const char *oq_report_text(const oq_report *report);
OQ_API const char *oq_report_json(const oq_report *report);
OQ_API double oq_report_sqnr(const oq_report *report); /* mean output SQNR in dB; NAN if not verified */
OQ_API void oq_report_free(oq_report *report);

/* ---- running and comparing */

typedef struct oq_session oq_session;

/* Compile model to be run; the model must outlive the session and stay unchanged. integer: quantized units in
 * exact integer arithmetic. OQ_UNSUPPORTED names the node that cannot run. */
OQ_API oq_status oq_session_new(oq_model *model, int integer, int threads, oq_session **out, oq_diag *diag);
OQ_API void oq_session_free(oq_session *session);
OQ_API size_t oq_session_n_inputs(const oq_session *session);
OQ_API size_t oq_session_n_outputs(const oq_session *session);
/* Name and declared type of input i: dims -1 = any. */
OQ_API oq_status oq_session_input(const oq_session *session, size_t i, oq_input *out);
OQ_API const char *oq_session_output_name(const oq_session *session, size_t i);
/* Run one sample: inputs in order. OQ_SHAPE when one does not fit. */
OQ_API oq_status oq_session_run(oq_session *session, const oq_input *inputs, oq_diag *diag);
/* Output i of the last run: name, dtype, dims, data; valid until the next run. */
OQ_API oq_status oq_session_output(const oq_session *session, size_t i, oq_input *out);

/* Run all samples of data and write the outputs as an npz file: one array per output, first axis = sample
 * (outputs whose first dimension is the sample's batch of one are stacked along it). profile (may be NULL):
 * receives time, operations and bytes per operator and node, as a table or (profile_json) as JSON; free() it.
 */
OQ_API oq_status oq_run_file(oq_model *model, const oq_data_options *data, const char *out, int integer,
                             int threads, char **profile, int profile_json, oq_progress *progress,
                             void *progress_arg, oq_diag *diag);
/* Layer by layer SQNR of b against a (same inputs and outputs) on data. The report's text is a table. */
OQ_API oq_status oq_compare(oq_model *a, oq_model *b, const oq_data_options *data, int threads,
                            oq_progress *progress, void *progress_arg, oq_report **report, oq_diag *diag);

/* ---- looking inside: text for people, or JSON; free() the result */

/* Graph, opsets, sizes, operators, what could be quantized. */
OQ_API oq_status oq_inspect(oq_model *model, int json, char **text, oq_diag *diag);
/* Valid? Round-trips byte for byte? Runs? What would be refused and why. OQ_OK means the check was made, not
 * that all is well: *is_fine tells. */
OQ_API oq_status oq_check(oq_model *model, int json, char **text, int *is_fine, oq_diag *diag);
/* Text dump of the graph, one node per line. */
OQ_API oq_status oq_dump(const oq_model *model, char **text, oq_diag *diag);
/* Tables of this build: "ops", "passes", "methods". OQ_ARG for another name. */
OQ_API oq_status oq_table(const char *table, int json, char **text, oq_diag *diag);

#ifdef __cplusplus
}
#endif

#endif
