#include "host.h"
#include "tap/tap.h"

/* A 4 x 4 map whose element is 10 y + x. */
static host *map_of(const char *op, int opset, int n_in)
{
    host *h = host_new(op, opset, n_in, 1);
    float x[16];

    for (int i = 0; i < 16; i++)
        x[i] = (float)(10 * (i / 4) + i % 4);
    host_floats(h, 0, x, DIMS(1, 1, 4, 4));
    return h;
}

static void aligns(void)
{
    host *h = map_of("RoiAlign", 16, 3);

    host_floats(h, 1, (float[]){0.5f, 0.5f, 2.5f, 2.5f}, DIMS(1, 4)); /* x 0..2, y 0..2 */
    host_array(h, 2, OQ_INT64, (int64_t[]){0}, DIMS(1));
    oq_node_set_int(h->node, "output_height", 1);
    oq_node_set_int(h->node, "output_width", 2);
    is_int(host_run(h), OQ_OK, "RoiAlign runs");
    is_str(host_out_shape(h, 0), "float[1,1,1,2]", "two bins of 1 x 2");
    is_mem(h->out[0].data, ((float[]){10.5f, 11.5f}), 8, "means of places at y 1/2 and 3/2");
    oq_node_set_string(h->node, "mode", "max");
    oq_node_set_int(h->node, "sampling_ratio", 1);
    host_run(h);
    is_float((double)host_float(h, 0, 0), 5.5, 0, "the largest product: half of 11");
    oq_node_set_string(h->node, "mode", "avg");
    oq_node_set_string(h->node, "coordinate_transformation_mode", "output_half_pixel");
    host_floats(h, 1, (float[]){1, 1, 1, 1}, DIMS(1, 4));
    oq_node_set_int(h->node, "output_width", 1);
    host_run(h);
    is_float((double)host_float(h, 0, 0), 16.5, 0, "a region of nothing counts as one element: 15 + 3/2");
    host_floats(h, 1, (float[]){-9, -9, -8, -8}, DIMS(1, 4));
    host_run(h);
    is_float((double)host_float(h, 0, 0), 0, 0, "outside is zero");
    host_free(h);
}

static void refuses(void)
{
    host *h = map_of("RoiAlign", 16, 3);

    host_floats(h, 1, (float[]){0, 0, 1, 1}, DIMS(1, 4));
    host_array(h, 2, OQ_INT64, (int64_t[]){1}, DIMS(1));
    is_int(host_run(h), OQ_RANGE, "image 1 of 1 is refused");
    host_floats(h, 1, (float[]){0, 0, 1e30f, 1}, DIMS(1, 4));
    is_int(host_run(h), OQ_RANGE, "and a region without end");
    host_floats(h, 1, (float[]){0, 0, 1}, DIMS(1, 3));
    is_int(host_run(h), OQ_SHAPE, "and regions of three numbers");
    host_type(h, 1, OQ_FLOAT, DIMS(-1, 4));
    host_symbol(h, 1, 0, "R");
    oq_node_set_int(h->node, "output_height", 7);
    is_int(host_infer(h), OQ_OK, "it infers");
    is_str(host_out_type(h, 0), "float[R,1,7,1]", "one result for each region");
    host_free(h);
}

static void pools(void)
{
    host *h = map_of("MaxRoiPool", 1, 2);

    host_floats(h, 1, (float[]){0, 0, 0, 3, 1}, DIMS(1, 5)); /* x 0..3, y 0..1 */
    oq_node_set_ints(h->node, "pooled_shape", (int64_t[]){1, 2}, 2);
    is_int(host_run(h), OQ_OK, "MaxRoiPool runs");
    is_mem(h->out[0].data, ((float[]){11, 13}), 8, "the largest of each half");
    oq_node_set_float(h->node, "spatial_scale", 0.5f);
    host_run(h);
    is_mem(h->out[0].data, ((float[]){11, 12}), 8, "scaled to x 0..2, y 0..1, the halves overlap");
    host_floats(h, 1, (float[]){1, 0, 0, 3, 1}, DIMS(1, 5));
    is_int(host_run(h), OQ_RANGE, "image 1 of 1 is refused");
    oq_node_set_ints(h->node, "pooled_shape", (int64_t[]){1}, 1);
    is_int(host_run(h), OQ_SHAPE, "and one pooled size");
    host_free(h);
}

int main(void)
{
    aligns();
    refuses();
    pools();
    return tap_done();
}
