#include "pass/bench.h"

typedef struct padded {
    bench *b;
    oq_node *pad, *conv;
} padded;

static padded net(const int64_t *pads, float fill)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 2, 5, 6));
    padded p = {.b = b};

    p.pad = bench_node(b, "Pad", "p", 3, x, bench_ints(b, "pads", pads, 8), bench_scalar(b, "fill", fill));
    p.conv = bench_node(b, "Conv", "c", 2, p.pad->outputs[0], bench_random(b, "w", DIMS(3, 2, 3, 3)));
    bench_output(b, bench_node(b, "Relu", "out", 1, p.conv->outputs[0])->outputs[0]);
    bench_run(b, oq_infer_shapes);
    return p;
}

static void expect(padded p, size_t changes, const char *name)
{
    bench_numbers *before = bench_compute(p.b);

    is_int(bench_run(p.b, oq_fuse_pad), changes, name);
    bench_same(p.b, before, 0, "the numbers stay, bit for bit");
    bench_free(p.b);
}

int main(void)
{
    const int64_t same[] = {0, 0, 0, 1, 0, 0, 1, 2}, channels[] = {0, 1, 0, 0, 0, 0, 0, 0},
                  crop[] = {0, 0, -1, 0, 0, 0, 0, 0};
    padded p = net(same, 0);
    size_t n;

    oq_node_set_ints(p.conv, "pads", (int64_t[]){1, 0, 0, 0}, 4);
    expect(p, 1, "zero padding moves into the Conv");
    p = net(same, 0);
    oq_node_set_ints(p.conv, "pads", (int64_t[]){1, 0, 0, 0}, 4);
    bench_run(p.b, oq_fuse_pad);
    ok(oq_node_ints(p.conv, "pads", &n)[0] == 1 && oq_node_ints(p.conv, "pads", &n)[1] == 1 &&
           oq_node_ints(p.conv, "pads", &n)[2] == 1 && oq_node_ints(p.conv, "pads", &n)[3] == 2,
       "begins and ends add up");
    bench_free(p.b);
    expect(net(same, 1), 0, "padding with ones stays");
    expect(net(crop, 0), 0, "cropping stays");
    p = net(same, 0);
    oq_node_set_string(p.pad, "mode", "edge");
    expect(p, 0, "edge padding stays");
    p = net(same, 0);
    oq_node_set_string(p.conv, "auto_pad", "SAME_UPPER");
    expect(p, 0, "a Conv that computes its pads stays");
    p = net(same, 0);
    bench_output(p.b, p.pad->outputs[0]);
    expect(p, 0, "a Pad with another reader stays");
    p = net(channels, 0);
    is_int(bench_run(p.b, oq_fuse_pad), 0, "padded channels stay");
    bench_free(p.b);
    return tap_done();
}
