/* integer: finding the units. */
#include "exec/integer.h"

#include <string.h>

#include "exec/units.h"

typedef bool matcher(oq_unit_finder *f, const oq_node *node, oq_unit *unit);

void oq_units_absorb(oq_units *units, const oq_node *node)
{
    if (node)
        units->pending[units->n_pending++] = node->id;
}

/* Parameters of the first n inputs, all of them codes; they become the unit's inputs. */
static bool read_inputs(oq_unit_finder *f, const oq_node *node, int n, oq_unit *unit)
{
    oq_codes *x = OQ_NEW_ARRAY(f->arena, oq_codes, n);

    unit->in = OQ_NEW_ARRAY(f->arena, oq_value *, n);
    if (!x || !unit->in || node->n_inputs < n)
        return false;
    for (int i = 0; i < n; i++) {
        if (!oq_read_dequantize(node->inputs[i], &x[i]))
            return false;
        unit->in[i] = x[i].value;
    }
    unit->x = x;
    unit->n_in = n;
    return true;
}

/* ---- weighted */

static bool match_conv(oq_unit_finder *f, const oq_node *node, oq_unit *unit)
{
    unit->op = &oq_unit_conv;
    return node->n_inputs >= 2 && node->inputs[1] && read_inputs(f, node, 1, unit) &&
           oq_read_weight(f, node, 0, 1, unit) && oq_read_quantize(f, node, unit) &&
           oq_make_multiplier(f, unit) && oq_pack_conv(f, node, unit);
}

static bool match_conv_transpose(oq_unit_finder *f, const oq_node *node, oq_unit *unit)
{
    int64_t group = oq_node_int(node, "group", 1);

    unit->op = &oq_unit_conv_transpose;
    return node->n_inputs >= 2 && node->inputs[1] && group >= 1 && group <= INT32_MAX &&
           read_inputs(f, node, 1, unit) && oq_read_weight(f, node, 1, (size_t)group, unit) &&
           oq_read_quantize(f, node, unit) && oq_make_multiplier(f, unit) &&
           oq_pack_conv_transpose(f, (size_t)group, unit);
}

/* Sums without a Q behind become float: what the compute node gives. */
static void finish_matmul(oq_unit_finder *f, const oq_node *node, oq_unit *unit)
{
    if (oq_read_quantize(f, node, unit))
        return;
    f->units->n_pending = 0;
    unit->has_y = false;
    unit->out[0] = node->outputs[0];
}

static bool is_matrix(const oq_value *value)
{
    const oq_node *node = value->producer;
    const oq_tensor *tensor = node && node->n_inputs ? oq_value_constant(node->inputs[0]) : NULL;

    return tensor && tensor->rank == 2;
}

/* unit->op is oq_unit_matmul: weight on input 1 with that channel axis. */
static bool match_weight(oq_unit_finder *f, const oq_node *node, int axis, oq_unit *unit)
{
    unit->op = &oq_unit_matmul;
    if (!read_inputs(f, node, 1, unit) || !oq_read_weight(f, node, axis, 1, unit))
        return false;
    finish_matmul(f, node, unit);
    return oq_make_multiplier(f, unit) && oq_pack_matmul(f, unit);
}

static bool match_matmul(oq_unit_finder *f, const oq_node *node, oq_unit *unit)
{
    if (node->n_inputs != 2 || !node->inputs[1])
        return false;
    if (is_matrix(node->inputs[1]) && match_weight(f, node, 1, unit))
        return true;
    unit->op = &oq_unit_matmul_pair;
    if (!read_inputs(f, node, 2, unit))
        return false;
    finish_matmul(f, node, unit);
    return true;
}

static bool match_gemm(oq_unit_finder *f, const oq_node *node, oq_unit *unit)
{
    return node->n_inputs >= 2 && node->inputs[1] && oq_node_int(node, "transA", 0) == 0 &&
           oq_node_float(node, "alpha", 1) == 1 && oq_node_float(node, "beta", 1) == 1 &&
           is_matrix(node->inputs[1]) && match_weight(f, node, oq_node_int(node, "transB", 0) ? 0 : 1, unit);
}

/* ---- movers */

static bool same_parameters(const oq_codes *a, const oq_codes *b)
{
    return a->scale == b->scale && a->zero_point == b->zero_point && a->dtype == b->dtype;
}

/* A node that only chooses or moves elements gives the same on codes. */
static bool match_mover(oq_unit_finder *f, const oq_node *node, oq_unit *unit)
{
    const oq_op *op = node->op;
    const oq_codes *x;

    if (!op || !(op->flags & OQ_OP_COMMUTES) || !(op->rule == OQ_RULE_SAME || op->rule == OQ_RULE_GATHER) ||
        node->n_outputs != 1 || !node->n_inputs || !read_inputs(f, node, 1, unit) ||
        !oq_read_quantize(f, node, unit) || f->units->n_pending != 1)
        return false;
    x = &unit->x[0];
    if (!same_parameters(x, &unit->y) || !(op->types & OQ_T(x->dtype)) ||
        (oq_node_is(node, "Trilu") && x->zero_point != 0)) /* it fills with 0, which must be the code of 0 */
        return false;
    unit->in = oq_arena_copy(f->arena, node->inputs, (size_t)node->n_inputs * sizeof *node->inputs);
    if (!unit->in)
        return false;
    unit->in[0] = x->value;
    unit->n_in = node->n_inputs;
    unit->op = op;
    unit->is_direct = true;
    return true;
}

/* The window of a pool; false: not one for the units. */
static bool read_window(const oq_node *node, oq_unit *unit)
{
    return oq_window_read(node, &unit->window, NULL) == OQ_OK && unit->window.has_kernel &&
           unit->window.rank >= 1 && unit->window.rank <= 3;
}

/* A mover with a form of its own for codes. */
static bool match_max_pool(oq_unit_finder *f, const oq_node *node, oq_unit *unit)
{
    if (!match_mover(f, node, unit))
        return false;
    if (read_window(node, unit)) {
        unit->op = &oq_unit_max_pool;
        unit->is_direct = false;
    }
    return true;
}

/* ---- tables: each input code has one output code */

static bool make_tables(oq_unit_finder *f, oq_unit *unit)
{
    uint8_t *tables = oq_arena_alloc(f->arena, 256 * (size_t)unit->n_in);

    for (int i = 0; tables && i < unit->n_in; i++) {
        for (int byte = 0; byte < 256; byte++) {
            int32_t code = unit->x[i].dtype == OQ_INT8 ? (int8_t)byte : byte;
            int32_t out = oq_encode(&unit->y, oq_decode(&unit->x[i], code));

            out = out < unit->lo ? unit->lo : out > unit->hi ? unit->hi : out;
            tables[i * 256 + byte] = (uint8_t)out;
        }
    }
    unit->tables = tables;
    return tables != NULL;
}

static bool match_concat(oq_unit_finder *f, const oq_node *node, oq_unit *unit)
{
    unit->op = &oq_unit_concat;
    return node->n_inputs > 0 && read_inputs(f, node, node->n_inputs, unit) &&
           oq_read_quantize(f, node, unit) && make_tables(f, unit);
}

static bool match_relu(oq_unit_finder *f, const oq_node *node, oq_unit *unit)
{
    int32_t zero;

    unit->op = &oq_unit_table;
    if (node->n_inputs != 1 || !read_inputs(f, node, 1, unit) || !oq_read_quantize(f, node, unit))
        return false;
    zero = oq_encode(&unit->y, 0);
    unit->lo = unit->lo < zero ? zero : unit->lo;
    return make_tables(f, unit);
}

/* ---- element by element, pools */

static bool match_pair(oq_unit_finder *f, const oq_node *node, oq_unit *unit)
{
    unit->op = oq_node_is(node, "Add") ? &oq_unit_add : &oq_unit_mul;
    return node->n_inputs == 2 && node->opset >= 7 && read_inputs(f, node, 2, unit) &&
           oq_read_quantize(f, node, unit);
}

static bool match_pool(oq_unit_finder *f, const oq_node *node, oq_unit *unit)
{
    bool is_global = oq_node_is(node, "GlobalAveragePool");

    unit->op = is_global ? &oq_unit_global_pool : &oq_unit_pool;
    unit->count_padding = oq_node_int(node, "count_include_pad", 0) != 0;
    if (node->n_inputs != 1 || !read_inputs(f, node, 1, unit) || !oq_read_quantize(f, node, unit))
        return false;
    return is_global || read_window(node, unit);
}

/* ---- the table */

static matcher *matcher_of(const oq_node *node)
{
    static const struct {
        const char *op_type;
        matcher *match;
    } rows[] = {
        {"Add", match_pair},
        {"AveragePool", match_pool},
        {"Concat", match_concat},
        {"Conv", match_conv},
        {"ConvTranspose", match_conv_transpose},
        {"Gemm", match_gemm},
        {"GlobalAveragePool", match_pool},
        {"MatMul", match_matmul},
        {"MaxPool", match_max_pool},
        {"Mul", match_pair},
        {"Relu", match_relu},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (oq_node_is(node, rows[i].op_type))
            return rows[i].match;
    }
    return match_mover;
}

static bool match(oq_unit_finder *f, const oq_node *node, oq_unit *unit)
{
    oq_units *units = f->units;

    *unit = (oq_unit){.node = node};
    units->n_pending = 0;
    if (units->absorbed[node->id] || node->n_outputs < 1 || !node->outputs[0] ||
        !matcher_of(node)(f, node, unit))
        return false;
    for (int i = 0; i < units->n_pending; i++)
        units->absorbed[units->pending[i]] = true;
    return true;
}

static oq_status find_in(oq_unit_finder *f, const oq_graph *graph);

static oq_status find_in_bodies(oq_unit_finder *f, const oq_node *node)
{
    for (int i = 0; i < node->n_attrs; i++) {
        if (node->attrs[i].kind == OQ_ATTR_GRAPH && node->attrs[i].graph)
            OQ_TRY(find_in(f, node->attrs[i].graph));
    }
    return OQ_OK;
}

static oq_status find_in(oq_unit_finder *f, const oq_graph *graph)
{
    OQ_FOR_EACH_NODE (graph, node) {
        oq_unit unit;

        OQ_TRY(find_in_bodies(f, node));
        if (!match(f, node, &unit))
            continue;
        f->units->by_node[node->id] = oq_arena_copy(f->arena, &unit, sizeof unit);
        if (!f->units->by_node[node->id])
            return OQ_NOMEM;
    }
    return OQ_OK;
}

oq_status oq_find_units(oq_graph *graph, oq_arena *arena, oq_arena *scratch, oq_units **out, oq_diag *diag)
{
    oq_units *units = OQ_NEW(scratch, oq_units);
    oq_unit_finder f = {.arena = arena, .units = units, .diag = diag};
    size_t n = (size_t)graph->model->n_nodes;

    if (!units)
        return OQ_NOMEM;
    units->n_nodes = graph->model->n_nodes;
    units->by_node = OQ_NEW_ARRAY(scratch, oq_unit *, n);
    units->absorbed = OQ_NEW_ARRAY(scratch, bool, n);
    if (!units->by_node || !units->absorbed)
        return OQ_NOMEM;
    *out = units;
    return find_in(&f, graph);
}

const oq_unit *oq_unit_of(const oq_units *units, const oq_node *node)
{
    return units->by_node[node->id];
}

bool oq_unit_absorbs(const oq_units *units, const oq_node *node)
{
    return units->absorbed[node->id];
}
