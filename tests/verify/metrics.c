#include <math.h>
#include <stdlib.h>

#include "tap/tap.h"
#include "verify/verify.h"

int main(void)
{
    const float x[4] = {1, -2, 3, -4}, near[4] = {1, -2, 3, -3}, zero[4] = {0}, nan[4] = {NAN, 0, 0, 0};
    const float twice[4] = {2, -4, 6, -8}, opposite[4] = {-1, 2, -3, 4};
    float *a = calloc(1000, sizeof *a), *b = calloc(1000, sizeof *b);

    is_float(oq_sqnr_db(x, near, 4), 10 * log10(30.0), 1e-9, "20 log10(|ref| / |ref - out|)");
    is_float(oq_sqnr_db(x, x, 4), 200, 0, "the same numbers are 200 dB");
    is_float(oq_sqnr_db(zero, zero, 4), 200, 0, "silence for silence too");
    is_float(oq_sqnr_db(zero, x, 4), -200, 0, "any noise on a silent reference is -200 dB");
    is_float(oq_sqnr_db(x, nan, 4), -200, 0, "an output that is not a number is -200 dB");
    is_float(oq_sqnr_db(x, x, 0), 200, 0, "nothing has no noise");
    is_float(oq_cosine(x, twice, 4), 1, 1e-12, "the length does not matter to the cosine");
    is_float(oq_cosine(x, opposite, 4), -1, 1e-12, "opposite vectors");
    is_float(oq_cosine(x, zero, 4), 0, 0, "no direction");
    for (int i = 0; i < 1000; i++) {
        a[i] = (float)i * 1e-3f;
        b[i] = a[i] + 1e-3f;
    }
    is_float(oq_sqnr_db(a, b, 1000), 10 * log10(332.8335 / 1e-3), 1e-3, "beyond the partial sums too");
    free(a);
    free(b);
    return tap_done();
}
