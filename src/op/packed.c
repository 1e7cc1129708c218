#include "op/packed.h"

#include <string.h>

#define MAX_INPUTS 8

static bool is_packed(oq_dtype dtype)
{
    return (unsigned)dtype < OQ_N_DTYPES && (OQ_T(dtype) & OQ_T_PACKED);
}

static void spread(const oq_array *in, uint8_t *out)
{
    unsigned bits = (unsigned)oq_dtype_bits(in->dtype), per_byte = 8 / bits, mask = (1u << bits) - 1;
    const uint8_t *x = in->data;

    for (size_t i = 0; i < in->n; i++)
        out[i] = (uint8_t)(x[i / per_byte] >> (i % per_byte * bits) & mask);
}

static void pack(const uint8_t *x, oq_dtype dtype, size_t n, uint8_t *out)
{
    unsigned bits = (unsigned)oq_dtype_bits(dtype), per_byte = 8 / bits;

    for (size_t i = 0; i < n; i++) {
        if (i % per_byte == 0)
            out[i / per_byte] = 0;
        out[i / per_byte] |= (uint8_t)(x[i] << (i % per_byte * bits));
    }
}

/* Output 0, a byte each, as dtype: its memory is given back, so the bytes are put aside first. */
static oq_status pack_output(oq_run *ctx, oq_dtype dtype)
{
    const oq_array moved = ctx->out[0];
    uint8_t *aside = oq_scratch(ctx, moved.n), *out;

    if (!aside)
        return oq_run_failure(ctx);
    if (moved.n)
        memcpy(aside, moved.data, moved.n);
    out = oq_out(ctx, 0, dtype, moved.dims, moved.rank);
    if (!out)
        return oq_run_failure(ctx);
    pack(aside, dtype, moved.n, out);
    return OQ_OK;
}

oq_status oq_run_spread(oq_run *ctx, oq_run_fn *run)
{
    const oq_array *const *given = ctx->in;
    const oq_array *in[MAX_INPUTS] = {NULL};
    oq_array views[MAX_INPUTS];
    oq_status status;

    if (!is_packed(given[0]->dtype))
        return run(ctx);
    for (int i = 0; i < ctx->n_in && i < MAX_INPUTS; i++) {
        uint8_t *bytes;

        in[i] = given[i];
        if (!given[i] || given[i]->dtype != given[0]->dtype)
            continue;
        if (!(bytes = oq_scratch(ctx, given[i]->n)))
            return oq_run_failure(ctx);
        spread(given[i], bytes);
        views[i] = *given[i];
        views[i].dtype = OQ_UINT8;
        views[i].data = bytes;
        views[i].size = given[i]->n;
        in[i] = &views[i];
    }
    ctx->in = in;
    status = run(ctx);
    ctx->in = given;
    return status == OQ_OK ? pack_output(ctx, given[0]->dtype) : status;
}
