#include <math.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

static void check(const char *op, const float *x, double want0, double want5)
{
    host *h = host_new(op, 13, 1, 1);

    host_floats(h, 0, x, DIMS(2, 3, 7, 9));
    is_int(host_infer(h), OQ_OK, op);
    is_str(host_out_type(h, 0), "float[2,3,1,1]", "spatial axes shrink to 1");
    is_int(host_run(h), OQ_OK, "runs");
    is_str(host_out_shape(h, 0), "float[2,3,1,1]", "as inferred");
    is_float((double)host_float(h, 0, 0), want0, 1e-5, "first plane");
    is_float((double)host_float(h, 0, 5), want5, 1e-5, "last plane");
    host_free(h);
}

int main(void)
{
    float *x = some_floats(6 * 63, 1);
    double sum[2] = {0}, squares[2] = {0}, max[2] = {-1, -1};
    host *h;

    for (int i = 0; i < 63; i++)
        for (int k = 0; k < 2; k++) {
            double v = (double)x[k * 5 * 63 + i];

            sum[k] += v;
            squares[k] += v * v;
            max[k] = fmax(max[k], v);
        }
    check("GlobalAveragePool", x, sum[0] / 63, sum[1] / 63);
    check("GlobalLpPool", x, sqrt(squares[0]), sqrt(squares[1]));
    check("GlobalMaxPool", x, max[0], max[1]);
    h = host_new("GlobalMaxPool", 13, 1, 1);
    host_floats(h, 0, x, DIMS(2, 3));
    is_int(host_run(h), OQ_SHAPE, "an input without spatial axes is refused");
    host_free(h);
    free(x);
    return tap_done();
}
