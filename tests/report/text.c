#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quant/quant_bench.h"
#include "report/report.h"

static char *text_of(const oq_facts *f)
{
    oq_buf out = {0};

    oq_report_write_text(f, &out);
    oq_buf_byte(&out, '\0');
    return (char *)out.data;
}

static void expect(const oq_facts *f, const char *words)
{
    char *text = text_of(f);
    const char *first = words + (*words == '\n'); /* a description is one line */

    if (!ok(strstr(text, words) != NULL, "says \"%.*s\"", (int)strcspn(first, "\n"), first))
        tap_diag("%s", text);
    free(text);
}

static int lines(const char *text, const char *start)
{
    int n = 0;

    for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        n += strncmp(line, start, strlen(start)) == 0;
    return n;
}

static oq_facts facts_of(const net *n)
{
    return (oq_facts){.in_path = "net.onnx",
                      .out_path = "net.int8.onnx",
                      .in_size = 4096,
                      .out_size = 1024,
                      .opset_before = 13,
                      .opset_after = 13,
                      .n_nodes = 6,
                      .n_weights = 128,
                      .data = "9 samples of s.npz",
                      .n_calibrated = 8,
                      .n_held_out = 1,
                      .method = "minmax",
                      .seconds = 0.25,
                      .plan = n->plan,
                      .model = n->b->model};
}

static void test_sizes(void)
{
    char text[32];

    is_str(oq_size_text(312, text, sizeof text), "312 B", "bytes");
    is_str(oq_size_text(4928307, text, sizeof text), "4.7 MiB", "mebibytes");
    is_str(oq_short_name("conv", text, 12), "conv", "a short name stays");
    is_str(oq_short_name("encoder/layer_0/MatMul", text, 12), "enco...tMul", "a long one loses its middle");
    is_str(oq_short_name("\303\244\303\244\303\244\303\244\303\244\303\244", text, 12),
           "\303\244\303\244...\303\244\303\244", "between whole characters");
}

static void test_conversion(void)
{
    net n = net_new();
    oq_sqnr layers[4] = {{.name = "a", .fake_db = 40},
                         {.name = "b", .fake_db = 30},
                         {.name = "c", .fake_db = 50},
                         {.name = "d", .fake_db = 60}};
    oq_verify_result v = {.layers = layers, .n_layers = 4, .mean_db = 33.25, .n_samples = 1, .n_codes = 10};
    oq_facts f;

    net_plan(&n, &quant_defaults, -4, 4);
    f = facts_of(&n);
    f.verify = &v;
    expect(&f, "net.onnx: opset 13, 6 nodes, 128 weights, 4.0 KiB\n");
    expect(&f, "  quantize   2 Conv in int8; 1 Relu, 1 MaxPool follow\n");
    expect(&f, "  verify     1 held-out sample: 33.2 dB; integer units = fake quant on all 10 codes\n");
    expect(&f, "\nwrote net.int8.onnx  1.0 KiB (0.25x) in 0.25 s\n");
    expect(&f, "  weakest layers: b 30.0 dB, a 40.0 dB, c 50.0 dB      more: --report\n");
    v.n_samples = 8;
    v.n_proof_samples = 2;
    expect(&f, "8 held-out samples: 33.2 dB; integer units = fake quant on all 10 codes of 2 samples\n");
    f.has_data_file = true;
    expect(&f, "wrote net.int8.onnx and its data file  ");
    v.n_codes_differ = 3;
    v.n_ties = 2;
    expect(&f, "differ from fake quant on 3 of 10 codes of 2 samples (2 of them rounding ties)");
    f.target_sqnr = 40;
    f.out_path = NULL;
    expect(&f, "nothing was written: 40.0 dB were asked for");
    f.stopped_after = "fuse_batchnorm";
    expect(&f, "stopped after fuse_batchnorm: nothing was written");
    net_free(&n);
}

static void test_clipped(void)
{
    net n = net_new();
    oq_facts f;

    net_plan(&n, &quant_defaults, -4, 4);
    f = facts_of(&n);
    n.plan->values[n.relu->outputs[0]->id].clipped = 0.0025;
    expect(&f, "; at most 0.25 % of a tensor is clipped (r1)\n");
    n.plan->values[n.relu->outputs[0]->id].clipped = 0;
    expect(&f, ": ranges by minmax\n");
    net_free(&n);
}

static void test_no_data(void)
{
    net n = net_new();
    oq_quant_options weights = quant_defaults;
    oq_facts f;
    char *text;

    weights.activations = OQ_UNDEFINED;
    net_plan(&n, &weights, -4, 4);
    f = facts_of(&n);
    f.data = NULL;
    expect(&f, "net.onnx: no calibration data, so only the weights become int8");
    expect(&f, "  quantize   2 Conv with int8 weights\n");
    text = text_of(&f);
    ok(lines(text, "") <= 6, "no data: at most six lines");
    is_int(lines(text, "  kept float"), 0, "that the others compute in float is no news");
    free(text);
    f.is_unchanged = true;
    n.plan->from_model = true;
    expect(&f, "already quantized; nothing was left to do");
    net_free(&n);
}

static void test_many_reasons(void)
{
    static const char *const reasons[] = {"r0", "r1", "r2", "r3", "r4",  "r5",
                                          "r6", "r7", "r8", "r9", "r10", "r11"};
    net n = net_new();
    oq_value *x;
    oq_facts f;
    char *text;

    x = n.sigmoid->outputs[0];
    for (int i = 0; i < 12; i++)
        x = bench_node(n.b, "Sqrt", reasons[i], 1, x)->outputs[0];
    net_plan(&n, &quant_defaults, -4, 4);
    for (oq_node *node = n.sigmoid->next; node; node = node->next)
        n.plan->nodes[node->id].reason = node->outputs[0]->name;
    f = facts_of(&n);
    text = text_of(&f);
    is_int(lines(text, "  kept float: "), 9, "eight reasons and one line for the rest");
    ok(strstr(text, "more reasons, see --report"), "which says where they are");
    free(text);
    net_free(&n);
}

static void test_comparison(void)
{
    oq_sqnr row = {.name = "out", .op_type = "Conv", .fake_db = 31.5, .worst_db = 28};
    oq_verify_result v = {.outputs = &row, .n_outputs = 1, .mean_db = 31.5, .n_samples = 4};
    oq_buf out = {0};

    oq_report_write_comparison(&v, &out);
    oq_buf_byte(&out, '\0');
    ok(strstr((char *)out.data, "31.5      28.0"), "figures stand in columns");
    ok(strstr((char *)out.data, "4 samples, mean 31.5 dB"), "the mean comes last");
    oq_buf_free(&out);
}

int main(void)
{
    test_sizes();
    test_conversion();
    test_clipped();
    test_no_data();
    test_many_reasons();
    test_comparison();
    return tap_done();
}
