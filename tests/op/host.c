#include "host.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap/tap.h"

/* ------------------------------------------------------------------ making */

host *host_new_in(const char *domain, const char *op_type, int opset, int n_in, int n_out)
{
    host *h = calloc(1, sizeof *h);
    oq_value *inputs[HOST_MAX];
    char name[16];

    h->model = oq_model_new(0);
    h->arena = oq_arena_new(0);
    oq_model_set_opset(h->model, domain, opset);
    for (int i = 0; i < n_in; i++) {
        snprintf(name, sizeof name, "x%d", i);
        inputs[i] = oq_value_new(h->model->graph, name, OQ_UNDEFINED, NULL);
        h->in_type[i].shape = oq_shape_unknown();
    }
    h->node = oq_node_new(h->model->graph, NULL, op_type, domain, "it", inputs, n_in, n_out, NULL);
    if (!h->node->op)
        tap_bail("no row for %s-%d", op_type, opset);
    h->n_in = n_in;
    h->n_out = n_out;
    for (int i = 0; i < n_out; i++)
        h->wanted[i] = true;
    return h;
}

host *host_new(const char *op_type, int opset, int n_in, int n_out)
{
    return host_new_in("", op_type, opset, n_in, n_out);
}

static void forget_outputs(host *h)
{
    for (int i = 0; i < HOST_MAX; i++) {
        if (h->out[i].data && h->aliased_to[i] < 0)
            free(h->out[i].data);
        h->out[i] = (oq_array){0};
        h->aliased_to[i] = -1;
    }
}

void host_free(host *h)
{
    forget_outputs(h);
    for (int i = 0; i < HOST_MAX; i++)
        free(h->in[i].data);
    oq_model_destroy(h->model);
    oq_arena_free(h->arena);
    free(h);
}

static void *aligned(size_t size)
{
    return aligned_alloc(64, (size + 63) / 64 * 64 + 64);
}

/* ------------------------------------------------------------------ inputs */

void host_type(host *h, int i, oq_dtype dtype, const int64_t *dims, int rank)
{
    h->in_type[i] = (oq_type){dtype, oq_shape_of(dims, rank)};
}

void host_array(host *h, int i, oq_dtype dtype, const void *data, const int64_t *dims, int rank)
{
    oq_array *array = &h->in[i];

    free(array->data);
    *array = (oq_array){.dtype = dtype, .rank = rank};
    if (rank)
        memcpy(array->dims, dims, (size_t)rank * sizeof *dims);
    if (!oq_dims_count(array->dims, rank, &array->n) || !oq_dtype_bytes(dtype, array->n, &array->size))
        tap_bail("a test asks for an impossible input");
    array->data = aligned(array->size);
    if (array->size)
        memcpy(array->data, data, array->size);
    h->in_list[i] = array;
    host_type(h, i, dtype, dims, rank);
}

void host_floats(host *h, int i, const float *data, const int64_t *dims, int rank)
{
    host_array(h, i, OQ_FLOAT, data, dims, rank);
}

void host_ints(host *h, int i, const int64_t *data, size_t n)
{
    int64_t dim = (int64_t)n;

    host_array(h, i, OQ_INT64, data, &dim, 1);
    h->in_elems[i] = (oq_elems){.rank = 1, .n = (int)n};
    for (size_t k = 0; k < n; k++)
        h->in_elems[i].e[k] = (oq_elem){.is_known = true, .value = data[k]};
    h->in_elems_list[i] = &h->in_elems[i];
}

/* Symbols are compared by pointer: intern them as names of the model arena. */
static const char *intern(host *h, const char *symbol)
{
    static char table[32][16];
    int k = 0;

    (void)h;
    for (; table[k][0]; k++) {
        if (strcmp(table[k], symbol) == 0)
            return table[k];
    }
    snprintf(table[k], sizeof table[k], "%s", symbol);
    return table[k];
}

void host_symbol(host *h, int i, int axis, const char *symbol)
{
    h->in_type[i].shape.dims[axis] = (oq_dim){-1, intern(h, symbol)};
}

void host_elems(host *h, int i, const char *text, int rank)
{
    oq_elems *elems = &h->in_elems[i];
    char copy[256], *save = NULL;

    *elems = (oq_elems){.rank = rank};
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        oq_elem *e = &elems->e[elems->n++];

        if (*word == '-' || (*word >= '0' && *word <= '9'))
            *e = (oq_elem){.is_known = true, .value = strtoll(word, NULL, 10)};
        else if (*word != '?')
            e->symbol = intern(h, word);
    }
    h->in_elems_list[i] = elems;
    host_type(h, i, OQ_INT64, (int64_t[]){elems->n}, rank);
}

/* ------------------------------------------------------------------ infer */

oq_status host_infer(host *h)
{
    oq_infer ctx = {.node = h->node,
                    .n_in = h->n_in,
                    .n_out = h->n_out,
                    .in = h->in_type,
                    .in_elems = h->in_elems_list,
                    .out = h->out_type,
                    .out_elems = &h->out_elems,
                    .arena = h->arena,
                    .diag = &h->diag};
    oq_status status;

    oq_diag_clear(&h->diag);
    for (int i = 0; i < h->n_out; i++)
        h->out_type[i] = (oq_type){OQ_UNDEFINED, oq_shape_unknown()};
    status = h->node->op->infer ? h->node->op->infer(&ctx) : oq_infer_same(&ctx);
    h->has_out_elems = ctx.has_out_elems;
    return status;
}

/* ------------------------------------------------------------------ run */

typedef struct {
    oq_run run; /* first: the callbacks get a pointer to it */
    host *h;
    void *scratch[64];
    int n_scratch;
} session;

static void *test_output(oq_run *ctx, int i, oq_dtype dtype, const int64_t *dims, int rank)
{
    host *h = ((session *)ctx)->h;
    oq_array *out = &ctx->out[i];
    void *before = h->aliased_to[i] < 0 ? out->data : NULL; /* asked for twice: the first is given back */

    *out = (oq_array){.dtype = dtype, .rank = rank};
    if (rank)
        memcpy(out->dims, dims, (size_t)rank * sizeof *dims);
    free(before);
    h->aliased_to[i] = -1;
    if (!oq_dims_count(dims, rank, &out->n) || !oq_array_bytes(dtype, out->n, &out->size) ||
        (h->memory_limit && out->size > h->memory_limit)) {
        ctx->status = OQ_LIMIT;
        return NULL;
    }
    out->data = aligned(out->size);
    memset(out->data, 0xa5, out->size); /* what an operator forgets to write is seen */
    return out->data;
}

static bool test_alias(oq_run *ctx, int i, int k, const int64_t *dims, int rank)
{
    session *s = (session *)ctx;
    oq_array *out = &ctx->out[i];

    *out = *ctx->in[k];
    out->rank = rank;
    if (rank)
        memcpy(out->dims, dims, (size_t)rank * sizeof *dims);
    if (oq_dims_product(dims, 0, rank) != out->n)
        tap_bail("an operator aliases an input under a shape of another size");
    s->h->aliased_to[i] = k;
    return true;
}

static void *test_in_place(oq_run *ctx, int i, int k, oq_dtype dtype, const int64_t *dims, int rank)
{
    size_t n = 0, size = 0;

    if (((session *)ctx)->h->lends_input && oq_dims_count(dims, rank, &n) &&
        oq_dtype_bytes(dtype, n, &size) && size == ctx->in[k]->size && n == ctx->in[k]->n) {
        test_alias(ctx, i, k, dims, rank);
        ctx->out[i].dtype = dtype;
        return ctx->out[i].data;
    }
    return test_output(ctx, i, dtype, dims, rank);
}

static void *test_scratch(oq_run *ctx, size_t size)
{
    session *s = (session *)ctx;

    if (s->n_scratch == 64 || (s->h->memory_limit && size > s->h->memory_limit)) {
        ctx->status = OQ_LIMIT;
        return NULL;
    }
    s->scratch[s->n_scratch] = aligned(size);
    memset(s->scratch[s->n_scratch], 0x5a, size);
    return s->scratch[s->n_scratch++];
}

static char *test_text(oq_run *ctx, size_t size)
{
    session *s = (session *)ctx;

    if (s->h->memory_limit && size > s->h->memory_limit) {
        ctx->status = OQ_LIMIT;
        return NULL;
    }
    return oq_arena_alloc(s->h->arena, size ? size : 1);
}

oq_status host_run(host *h)
{
    static const oq_run_host callbacks = {test_output, test_alias, test_in_place, test_scratch, test_text};
    oq_prepare prepare = {.node = h->node, .arena = h->arena, .diag = &h->diag};
    session s = {.h = h};
    oq_status status = OQ_OK;

    oq_diag_clear(&h->diag);
    forget_outputs(h);
    if (h->node->op->prepare)
        status = h->node->op->prepare(&prepare);
    if (status != OQ_OK)
        return status;
    s.run = (oq_run){.node = h->node,
                     .state = prepare.state,
                     .n_in = h->n_in,
                     .n_out = h->n_out,
                     .in = h->in_list,
                     .out = h->out,
                     .wanted = h->wanted,
                     .pool = h->pool,
                     .host = &callbacks,
                     .diag = &h->diag};
    status = h->node->op->run(&s.run);
    for (int i = 0; i < s.n_scratch; i++)
        free(s.scratch[i]);
    return status;
}

/* ------------------------------------------------------------------ results */

static char *buffer(void)
{
    static char texts[4][512];
    static int next;

    next = (next + 1) % 4;
    return texts[next];
}

static const char *type_text(const oq_type *type)
{
    char *text = buffer();
    int used = snprintf(text, 512, "%s", oq_dtype_name(type->dtype));

    oq_shape_text(&type->shape, text + used, 512 - (size_t)used);
    return text;
}

const char *host_out_type(host *h, int i)
{
    return type_text(&h->out_type[i]);
}

const char *host_out_shape(host *h, int i)
{
    oq_type type = {h->out[i].dtype, oq_shape_of(h->out[i].dims, h->out[i].rank)};

    return type_text(&type);
}

const char *host_out_elems(host *h)
{
    char *text = buffer();
    size_t used = 0;

    if (!h->has_out_elems)
        return "none";
    text[0] = '\0';
    for (int k = 0; k < h->out_elems.n; k++) {
        const oq_elem *e = &h->out_elems.e[k];

        used = strlen(text);
        if (e->is_known)
            snprintf(text + used, 512 - used, "%s%" PRId64, k ? "," : "", e->value);
        else
            snprintf(text + used, 512 - used, "%s%s", k ? "," : "", e->symbol ? e->symbol : "?");
    }
    return text;
}

float host_float(host *h, int i, size_t k)
{
    float *all = malloc((h->out[i].n + 1) * sizeof *all), value;

    if (k >= h->out[i].n || !oq_to_floats(&h->out[i], all))
        tap_bail("output %d has no number %zu", i, k);
    value = all[k];
    free(all);
    return value;
}

int64_t host_int(host *h, int i, size_t k)
{
    if (k >= h->out[i].n)
        tap_bail("output %d has no number %zu", i, k);
    return oq_array_int(&h->out[i], k);
}
