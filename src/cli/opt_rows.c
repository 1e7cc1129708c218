/* The options of the program. Help prints these rows; the man page and the completion are tested against
 * them. */
#include "cli/opt.h"

#define FIELD(name) offsetof(cli_settings, name)

const opt_row opt_common[] = {
    {"json", 0, NULL, OPT_FLAG, FIELD(json), "print the result as JSON", "every command"},
    {"verbose", 'v', NULL, OPT_FLAG, FIELD(verbose), "say more: stages, and where a fault came from",
     "every command"},
    {"quiet", 'q', NULL, OPT_FLAG, FIELD(quiet), "errors only: no progress, no report", "every command"},
    {"threads", 0, "N", OPT_THREADS, FIELD(threads), "worker threads (default: one per processor)",
     "every command"},
    {"help", 'h', NULL, OPT_FLAG, FIELD(help), "this text", "every command"},
    {0}};

/* Two meanings, one name: the words tell them apart. */
const opt_row opt_color[] = {
    {"color", 0, "auto|never", OPT_COLOR, 0, "colour on a terminal", "every command"}, {0}};

const opt_row opt_calib[] = {{"calib", 0, "DATA", OPT_TEXT, FIELD(calib),
                              "npz, npy, folder of npz/npy/pb, test_data_set_N, pictures", "data"},
                             {"calib-samples", 0, "N", OPT_NUMBER, FIELD(calib_samples),
                              "use at most N of them, evenly spread", "data"},
                             {"input", 0, "INPUT=ARRAY", OPT_LIST, FIELD(inputs),
                              "array for an input with another name (repeatable)", "data"},
                             {0}};

const opt_row opt_data[] = {
    {"image-size", 0, "WxH", OPT_SIZE, FIELD(image_size), "pictures: size (default: what the input wants)",
     "data"},
    {"mean", 0, "R,G,B", OPT_REALS, FIELD(mean), "pictures: x = (pixel - mean) / std, pixel in 0..255",
     "data"},
    {"std", 0, "R,G,B", OPT_REALS, FIELD(std), "pictures: one number counts for all channels", "data"},
    {"layout", 0, "auto|nchw|nhwc", OPT_WORD, FIELD(layout), "pictures: where the channels go", "data"},
    {"color", 0, "rgb|bgr|gray", OPT_COLOR, 0,
     "pictures: order of channels (auto|never: colour on a terminal)", "data"},
    {"resize", 0, "stretch|crop|pad", OPT_WORD, FIELD(resize), "pictures: how they are brought to size",
     "data"},
    {0}};

const opt_row opt_convert[] = {
    {"dim", 0, "NAME=SIZE", OPT_LIST, FIELD(dims), "size of a symbolic dimension (repeatable)", "data"},
    {"activations", 0, "u8|s8|none", OPT_WORD, FIELD(activations), "type of activations (default: u8)",
     "what"},
    {"weights", 0, "s8|none", OPT_WORD, FIELD(weights), "type of weights (default: s8)", "what"},
    {"weight-only", 0, NULL, OPT_FLAG, FIELD(weight_only), "int8 weights, float activations; needs no data",
     "what"},
    {"activation-only", 0, NULL, OPT_FLAG, FIELD(activation_only), "int8 activations, float weights", "what"},
    {"symmetric", 0, NULL, OPT_FLAG, FIELD(symmetric), "symmetric activations", "what"},
    {"per-tensor", 0, NULL, OPT_FLAG, FIELD(per_tensor), "one scale per weight, not one per channel", "what"},
    {"reduce-range", 0, NULL, OPT_FLAG, FIELD(reduce_range), "7-bit weights, for processors without VNNI",
     "what"},
    {"include", 0, "PATTERN|op:TYPE", OPT_LIST, FIELD(include), "quantize only these nodes (repeatable)",
     "what"},
    {"exclude", 0, "PATTERN|op:TYPE", OPT_LIST, FIELD(exclude), "leave these nodes float (repeatable)",
     "what"},
    {"placement", 0, "integer-kernels|accurate", OPT_WORD, FIELD(placement),
     "where scales go: for speed (default), or fewest roundings", "how"},
    {"quality", 0, "fast|balanced", OPT_WORD, FIELD(quality),
     "fast: ranges (default); balanced: also equalize channels, fit weights", "how"},
    {"method", 0, "NAME", OPT_TEXT, FIELD(method),
     "range method (default: minmax; onnx-q methods lists them)", "how"},
    {"min-sqnr", 0, "DB", OPT_REAL, FIELD(min_sqnr), "exit 1, write nothing when the held-out SQNR is below",
     "how"},
    {"no-verify", 0, NULL, OPT_FLAG, FIELD(no_verify), "do not compare with the float model", "how"},
    {"plan", 0, "FILE.json", OPT_TEXT, FIELD(plan), "ranges and decisions that win over ours", "how"},
    {"config", 0, "FILE.json", OPT_TEXT, FIELD(config), "options from a file: {\"option\": value}", "how"},
    {"output", 'o', "OUT", OPT_TEXT, FIELD(out), "result (default: MODEL.int8.onnx; - : standard output)",
     "out"},
    {"opset", 0, "N", OPT_NUMBER, FIELD(opset), "raise the model to at least this opset", "out"},
    {"external-data", 0, NULL, OPT_FLAG, FIELD(external_data), "weights into OUT.data", "out"},
    {"plan-out", 0, "FILE.json", OPT_TEXT, FIELD(plan_out),
     "write the plan: scale, zero point, reason of each value", "out"},
    {"report", 0, "FILE.json", OPT_TEXT, FIELD(report), "write the report as JSON", "out"},
    {"print-after", 0, "PASS|all", OPT_TEXT, FIELD(print_after),
     "dump the graph after a pass to standard error", "passes"},
    {"stop-after", 0, "PASS", OPT_TEXT, FIELD(stop_after), "end after this pass; nothing is written",
     "passes"},
    {"skip", 0, "PASS", OPT_LIST, FIELD(skip), "leave a pass out (repeatable)", "passes"},
    {"verify-each", 0, NULL, OPT_FLAG, FIELD(verify_each), "validate the graph after every pass", "passes"},
    {0}};

const opt_row opt_run[] = {
    {"input", 0, "DATA", OPT_INPUT, FIELD(calib), "samples to run on, as --calib of convert; or INPUT=ARRAY",
     "run"},
    {"calib-samples", 0, "N", OPT_NUMBER, FIELD(calib_samples), "use at most N of them, evenly spread",
     "data"},
    {"output", 'o', "OUT.npz", OPT_TEXT, FIELD(out), "write the outputs: one array each, first axis = sample",
     "run"},
    {"integer", 0, NULL, OPT_FLAG, FIELD(integer), "quantized units in exact integer arithmetic", "run"},
    {"profile", 0, NULL, OPT_FLAG, FIELD(profile), "print time, GFLOP/s and bytes per operator and node",
     "run"},
    {0}};

const opt_row opt_report[] = {
    {"report", 0, "FILE.json", OPT_TEXT, FIELD(report), "write the result as JSON", "out"}, {0}};

const opt_row opt_table[] = {
    {"markdown", 0, NULL, OPT_FLAG, FIELD(markdown), "print the table as Markdown", "table"}, {0}};
