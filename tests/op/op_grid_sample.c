#include <math.h>

#include "host.h"
#include "tap/tap.h"

/* One image of 1 x 3 elements 0, 10, 20 and places given by their x alone. */
static host *line(const float *x, int64_t n, const char *mode, const char *padding, bool aligns)
{
    host *h = host_new("GridSample", 20, 2, 1);
    float grid[16] = {0};

    for (int64_t i = 0; i < n; i++)
        grid[2 * i] = x[i];
    host_floats(h, 0, (float[]){0, 10, 20}, DIMS(1, 1, 1, 3));
    host_floats(h, 1, grid, DIMS(1, 1, n, 2));
    oq_node_set_string(h->node, "mode", mode);
    oq_node_set_string(h->node, "padding_mode", padding);
    oq_node_set_int(h->node, "align_corners", aligns);
    is_int(host_run(h), OQ_OK, "GridSample runs");
    return h;
}

static void coordinates(void)
{
    host *h = line((float[]){-1, 0, 0.5f, 1}, 4, "linear", "zeros", true);

    is_mem(h->out[0].data, ((float[]){0, 10, 15, 20}), 16, "aligned: -1 and 1 are the outermost centres");
    host_free(h);
    h = line((float[]){-1, 0, 1.0f / 3, 1}, 4, "linear", "zeros", false);
    is_float((double)host_float(h, 0, 0), 0, 0, "else the edges: half of element 0, half of zero");
    is_float((double)host_float(h, 0, 1), 10, 1e-6, "the middle stays");
    is_float((double)host_float(h, 0, 2), 15, 1e-5, "a third is half an element further");
    is_float((double)host_float(h, 0, 3), 10, 1e-5, "half of element 2");
    host_free(h);
}

static void paddings(void)
{
    static const float out[] = {1.0f, 2.0f, -3.0f, INFINITY, NAN};
    host *h = line(out, 5, "nearest", "zeros", true);

    is_mem(h->out[0].data, ((float[]){20, 0, 0, 0, 0}), 20, "zeros outside, whatever lies outside");
    host_free(h);
    h = line(out, 5, "linear", "border", true);
    is_mem(h->out[0].data, ((float[]){20, 20, 0, 20, 0}), 20,
           "the nearest element; no number counts as the first");
    host_free(h);
    h = line(out, 3, "linear", "reflection", true);
    is_mem(h->out[0].data, ((float[]){20, 10, 20}), 12, "mirrored: 3 is 1, and -2 is 2");
    host_free(h);
    h = line((float[]){1, 5.0f / 3, -1}, 3, "nearest", "reflection", false);
    is_mem(h->out[0].data, ((float[]){20, 20, 0}), 12, "mirrored at the edges: the outermost is there twice");
    host_free(h);
}

static void cubic(void)
{
    host *h = line((float[]){0, 0.5f}, 2, "cubic", "border", true);

    is_float((double)host_float(h, 0, 0), 10, 1e-5, "on an element it is that element");
    /* weights at a half with a = -3/4: -0.09375, 0.59375, 0.59375, -0.09375 */
    is_float((double)host_float(h, 0, 1), 0.59375 * 10 + 0.59375 * 20 - 0.09375 * 20, 1e-5,
             "the border twice");
    host_free(h);
    h = line((float[]){1.25f}, 1, "cubic", "border", true);
    /* at 2.25, weights of elements 1, 2, 3, 4 at a quarter: the first is -0.10546875, all others see 20 */
    is_float((double)host_float(h, 0, 0), 20 + 0.10546875 * 10, 1e-5,
             "outside, the weights are those of the place");
    host_free(h);
}

static void volumes_and_errors(void)
{
    host *h = host_new("GridSample", 20, 2, 1);

    host_floats(h, 0, (float[]){0, 1, 2, 3, 4, 5, 6, 7}, DIMS(1, 1, 2, 2, 2));
    host_floats(h, 1, (float[]){0, 0, 0, 1, -1, 1}, DIMS(1, 1, 1, 2, 3));
    oq_node_set_int(h->node, "align_corners", 1);
    is_int(host_run(h), OQ_OK, "a volume runs");
    is_mem(h->out[0].data, ((float[]){3.5f, 5}), 8, "the mean of all; x = 1, y = 0, z = 1");
    host_floats(h, 1, (float[]){0, 0}, DIMS(1, 1, 1, 1, 2));
    is_int(host_run(h), OQ_SHAPE, "pairs do not name places of a volume");
    host_floats(h, 1, (float[]){0, 0, 0}, DIMS(1, 1, 3));
    is_int(host_run(h), OQ_SHAPE, "nor does a grid of another rank");
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 3, 8, 8));
    host_symbol(h, 0, 0, "N");
    host_type(h, 1, OQ_FLOAT, DIMS(-1, 5, 6, 2));
    is_int(host_infer(h), OQ_OK, "it infers");
    is_str(host_out_type(h, 0), "float[N,3,5,6]", "channels of the input, sizes of the grid");
    oq_node_set_string(h->node, "mode", "quadratic");
    is_int(host_run(h), OQ_UNSUPPORTED, "an unknown mode is refused");
    host_free(h);
}

int main(void)
{
    coordinates();
    paddings();
    cubic();
    volumes_and_errors();
    return tap_done();
}
