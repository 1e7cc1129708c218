#include "op/order.h"

#include <string.h>

uint64_t oq_order_key(const oq_array *in, size_t i)
{
    double d;
    float f;
    uint64_t bits;
    size_t size = oq_elem_size(in->dtype);

    if (in->dtype == OQ_UINT64)
        return ((const uint64_t *)in->data)[i];
    if (!oq_dtype_is_float(in->dtype)) /* the sign bit turned: the least number becomes 0 */
        return (uint64_t)oq_array_int(in, i) ^ (uint64_t)1 << 63;
    if (in->dtype == OQ_DOUBLE) {
        d = ((const double *)in->data)[i];
    } else {
        oq_to_floats(
            &(oq_array){.dtype = in->dtype, .n = 1, .data = (char *)in->data + i * size, .size = size}, &f);
        d = f;
    }
    d = d != d ? __builtin_nan("") : d + 0.0; /* one NaN, one zero */
    memcpy(&bits, &d, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}
