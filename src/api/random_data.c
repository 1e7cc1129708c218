/* random_data: samples of random numbers, to try speed and size without data. Sample k is the same
 * everywhere. Ranges found on them are worth nothing, so the report says that the result is not calibrated.
 *
 * Floats are uniform in [0, 1), or [0.5, 1) where they have 16 bits. Integers are 0 or 1: what is an index
 * into a table must be in it, whatever the table. Open dimensions are 1. */
#include <string.h>

#include "api/api.h"
#include "base/rng.h"

#define N_SAMPLES 32

static uint16_t half(oq_rng *rng, oq_dtype dtype)
{
    return dtype == OQ_FLOAT16
               ? (uint16_t)(0x3800 | oq_rng_below(rng, 1 << 10)) /* exponent -1, random mantissa */
               : (uint16_t)(0x3f00 | oq_rng_below(rng, 1 << 7));
}

/* One number of size bytes at out. */
static void put_number(oq_rng *rng, oq_dtype dtype, char *out, size_t size)
{
    float value = oq_rng_float(rng);
    double wide = (double)value;
    uint16_t bits;

    switch (dtype) {
    case OQ_FLOAT: memcpy(out, &value, sizeof value); return;
    case OQ_DOUBLE: memcpy(out, &wide, sizeof wide); return;
    case OQ_FLOAT16:
    case OQ_BFLOAT16:
        bits = half(rng, dtype);
        memcpy(out, &bits, sizeof bits);
        return;
    default:
        memset(out, 0, size);
        *out = value < 0.5f;
        return;
    }
}

static bool is_known(oq_dtype dtype)
{
    return dtype == OQ_BOOL || dtype == OQ_FLOAT || dtype == OQ_DOUBLE || dtype == OQ_FLOAT16 ||
           dtype == OQ_BFLOAT16 || (oq_dtype_is_integer(dtype) && oq_dtype_bits(dtype) >= 8);
}

static oq_status fill(const oq_value *input, oq_rng *rng, oq_arena *arena, oq_array *out, oq_diag *diag)
{
    size_t size;

    if (!is_known(input->dtype) || input->shape.rank < 0)
        OQ_FAIL(diag, OQ_UNSUPPORTED,
                "input '%s' of type %s and %s cannot be filled with random numbers; give samples",
                input->name, oq_dtype_name(input->dtype),
                input->shape.rank < 0 ? "unknown rank" : "known rank");
    *out = (oq_array){.dtype = input->dtype, .rank = input->shape.rank};
    for (int d = 0; d < out->rank; d++)
        out->dims[d] = input->shape.dims[d].size < 0 ? 1 : input->shape.dims[d].size;
    if (!oq_dims_count(out->dims, out->rank, &out->n) || !oq_dtype_bytes(out->dtype, out->n, &out->size))
        OQ_FAIL(diag, OQ_LIMIT, "input '%s' is too large to be filled with random numbers", input->name);
    out->data = oq_arena_alloc(arena, out->size ? out->size : 1);
    if (!out->data)
        OQ_FAIL(diag, OQ_NOMEM, "no memory for a sample of %zu bytes", out->size);
    size = out->n ? out->size / out->n : 0;
    for (size_t i = 0; i < out->n; i++)
        put_number(rng, out->dtype, (char *)out->data + i * size, size);
    return OQ_OK;
}

static oq_status fetch(void *arg, size_t sample, oq_arena *arena, oq_array *feeds, oq_diag *diag)
{
    const oq_graph *graph = arg;
    oq_rng rng = {.state = sample};

    for (int i = 0; i < graph->n_inputs; i++)
        OQ_TRY(fill(graph->inputs[i], &rng, arena, &feeds[i], diag));
    return OQ_OK;
}

bool oq_api_is_random(const oq_data_options *options)
{
    return !options->source && options->path && strcmp(options->path, "random") == 0;
}

oq_status oq_api_random_data(const oq_model *model, size_t n_samples, oq_dataset **out, oq_diag *diag)
{
    return oq_dataset_from_callback(model->graph, n_samples ? n_samples : N_SAMPLES, fetch, model->graph, out,
                                    diag);
}
