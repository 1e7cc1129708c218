#include "host.h"
#include "tap/tap.h"

/* Three boxes: the second overlaps the first by 9 of 11 tenths (IoU 0.818), the third lies apart. */
static const float boxes[] = {0, 0, 1, 1, 0, 0.1f, 1, 1.1f, 0, 10, 1, 11};

static host *three_boxes(int64_t most, float iou)
{
    host *h = host_new("NonMaxSuppression", 11, 5, 1);

    host_floats(h, 0, boxes, DIMS(1, 3, 4));
    host_floats(h, 1, (float[]){0.9f, 0.75f, 0.6f, 0.2f, 0.75f, 0.6f}, DIMS(1, 2, 3));
    host_ints(h, 2, &most, 1);
    host_floats(h, 3, &iou, DIMS(1));
    return h;
}

static void drops_what_overlaps(void)
{
    host *h = three_boxes(3, 0.5f);

    is_int(host_run(h), OQ_OK, "it runs");
    is_str(host_out_shape(h, 0), "int64[4,3]", "two boxes of each class");
    is_mem(h->out[0].data, ((int64_t[]){0, 0, 0, 0, 0, 2, 0, 1, 1, 0, 1, 2}), 96,
           "the better of the two that overlap, and the one apart");
    host_floats(h, 4, (float[]){0.6f}, DIMS(1));
    is_int(host_run(h), OQ_OK, "with a score threshold it runs");
    is_mem(h->out[0].data, ((int64_t[]){0, 0, 0, 0, 1, 1}), 48,
           "a score of just the threshold is not above it");
    host_free(h);

    h = three_boxes(3, 0.9f);
    host_run(h);
    is_str(host_out_shape(h, 0), "int64[6,3]", "under a high threshold nothing overlaps");
    host_free(h);
    h = three_boxes(1, 0.5f);
    host_run(h);
    is_mem(h->out[0].data, ((int64_t[]){0, 0, 0, 0, 1, 1}), 48, "one box of each class at most");
    host_free(h);
    h = three_boxes(0, 0.5f);
    host_run(h);
    is_str(host_out_shape(h, 0), "int64[0,3]", "none by default");
    host_free(h);
}

static void corners_and_centres(void)
{
    host *h = three_boxes(3, 0.5f);
    float turned[12];

    for (int i = 0; i < 12; i++)
        turned[i] = boxes[i ^ 2]; /* the corners change places */
    host_floats(h, 0, turned, DIMS(1, 3, 4));
    host_run(h);
    is_str(host_out_shape(h, 0), "int64[4,3]", "corners come in any order");
    oq_node_set_int(h->node, "center_point_box", 1);
    host_floats(h, 0, (float[]){0.5f, 0.5f, 1, 1, 0.6f, 0.5f, 1, 1, 10.5f, 0.5f, 1, 1}, DIMS(1, 3, 4));
    host_run(h);
    is_str(host_out_shape(h, 0), "int64[4,3]", "the same boxes by their centres");
    host_free(h);
}

static void refuses(void)
{
    host *h = three_boxes(3, 1.5f);

    is_int(host_run(h), OQ_RANGE, "a threshold above 1 is refused");
    host_floats(h, 3, (float[]){0.5f, 0.5f}, DIMS(2));
    is_int(host_run(h), OQ_SHAPE, "and two thresholds");
    host_floats(h, 0, boxes, DIMS(1, 4, 3));
    is_int(host_run(h), OQ_SHAPE, "and boxes of three numbers");
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 4));
    is_int(host_infer(h), OQ_SHAPE, "and rank 2, before anything runs");
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 9, 4));
    host_type(h, 1, OQ_FLOAT, DIMS(-1, 2, 9));
    is_int(host_infer(h), OQ_OK, "it infers");
    is_str(host_out_type(h, 0), "int64[?,3]", "how many are left is open");
    host_free(h);
}

int main(void)
{
    drops_what_overlaps();
    corners_and_centres();
    refuses();
    return tap_done();
}
