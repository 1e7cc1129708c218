#include "ir/graph.h"

#include <string.h>

#include "ir/shape.h"
#include "ir/tensor.h"

static const char *canonical_domain(const char *domain)
{
    return strcmp(domain, "ai.onnx") == 0 ? "" : domain;
}

oq_graph *oq_graph_new(oq_model *model, oq_graph *parent)
{
    oq_graph *graph = OQ_NEW(model->arena, oq_graph);

    if (!graph)
        return NULL;
    graph->model = model;
    graph->parent = parent;
    graph->name = "";
    graph->next_graph = model->graphs;
    model->graphs = graph;
    return graph;
}

oq_model *oq_model_new(size_t arena_limit)
{
    oq_arena *arena = oq_arena_new(arena_limit);
    oq_model *model = arena ? OQ_NEW(arena, oq_model) : NULL;

    if (!model) {
        oq_arena_free(arena);
        return NULL;
    }
    model->arena = arena;
    model->producer_name = model->producer_version = "";
    model->path = "";
    model->graph = oq_graph_new(model, NULL);
    if (!model->graph) {
        oq_arena_free(arena);
        return NULL;
    }
    return model;
}

void oq_model_destroy(oq_model *model)
{
    if (!model)
        return;
    for (oq_graph *graph = model->graphs; graph; graph = graph->next_graph)
        oq_map_free(&graph->names);
    oq_map_free(&model->all_names);
    if (model->free_backing)
        model->free_backing(model->backing);
    oq_arena_free(model->arena);
}

void oq_model_release_pages(const oq_model *model, const oq_tensor *tensor)
{
    if (model->release_pages && tensor && tensor->dtype != OQ_STRING)
        model->release_pages(model->backing, tensor->data, tensor->size);
}

int64_t oq_model_opset(const oq_model *model, const char *domain)
{
    domain = canonical_domain(domain);
    for (int i = 0; i < model->n_opsets; i++) {
        if (strcmp(model->opsets[i].domain, domain) == 0)
            return model->opsets[i].version;
    }
    return 0;
}

/* Grow an arena-backed list by one slot. */
static bool grow(oq_arena *arena, void *list_pointer, int n, int *capacity, size_t element)
{
    void **list = list_pointer;
    int wanted = *capacity ? *capacity * 2 : 4;
    void *grown;

    if (n < *capacity)
        return true;
    grown = oq_arena_array(arena, (size_t)wanted, element);
    if (!grown)
        return false;
    if (n)
        memcpy(grown, *list, (size_t)n * element);
    *list = grown;
    *capacity = wanted;
    return true;
}

static void resolve_all(oq_model *model)
{
    for (oq_graph *graph = model->graphs; graph; graph = graph->next_graph) {
        OQ_FOR_EACH_NODE (graph, node)
            oq_op_resolve(node);
    }
}

oq_status oq_model_set_opset(oq_model *model, const char *domain, int64_t version)
{
    int i;

    domain = canonical_domain(domain);
    for (i = 0; i < model->n_opsets; i++) {
        if (strcmp(model->opsets[i].domain, domain) == 0)
            break;
    }
    if (i == model->n_opsets) {
        if (!grow(model->arena, &model->opsets, model->n_opsets, &model->cap_opsets, sizeof *model->opsets))
            return OQ_NOMEM;
        model->opsets[i].domain = oq_arena_strdup(model->arena, domain);
        if (!model->opsets[i].domain)
            return OQ_NOMEM;
        model->n_opsets++;
    }
    model->opsets[i].version = version;
    model->is_changed = true;
    resolve_all(model);
    return OQ_OK;
}

oq_status oq_model_set_property(oq_model *model, const char *key, const char *value)
{
    oq_property *property = NULL;
    char *copy = oq_arena_strdup(model->arena, value);

    for (int i = 0; i < model->n_properties; i++) {
        if (strcmp(model->properties[i].key, key) == 0)
            property = &model->properties[i];
    }
    if (!property) {
        if (!grow(model->arena, &model->properties, model->n_properties, &model->cap_properties,
                  sizeof *model->properties))
            return OQ_NOMEM;
        property = &model->properties[model->n_properties];
        property->key = oq_arena_strdup(model->arena, key);
        if (!property->key)
            return OQ_NOMEM;
        model->n_properties++;
    }
    property->value = copy ? copy : "";
    model->is_changed = true;
    return copy ? OQ_OK : OQ_NOMEM;
}

oq_status oq_graph_add_input(oq_graph *graph, oq_value *value)
{
    if (!grow(graph->model->arena, &graph->inputs, graph->n_inputs, &graph->cap_inputs,
              sizeof *graph->inputs))
        return OQ_NOMEM;
    graph->inputs[graph->n_inputs++] = value;
    value->is_input = true;
    graph->is_changed = true;
    return OQ_OK;
}

void oq_graph_remove_input(oq_graph *graph, oq_value *value)
{
    int kept = 0;

    for (int i = 0; i < graph->n_inputs; i++) {
        if (graph->inputs[i] != value)
            graph->inputs[kept++] = graph->inputs[i];
    }
    graph->n_inputs = kept;
    value->is_input = value->is_overridable = false;
    if (!value->constant)
        oq_map_remove(&graph->names, value->name);
    graph->is_changed = true;
}

oq_status oq_graph_add_output(oq_graph *graph, oq_value *value)
{
    oq_value **outputs = OQ_NEW_ARRAY(graph->model->arena, oq_value *, graph->n_outputs + 1);

    if (!outputs)
        return OQ_NOMEM;
    if (graph->n_outputs)
        memcpy(outputs, graph->outputs, (size_t)graph->n_outputs * sizeof(oq_value *));
    outputs[graph->n_outputs++] = value;
    graph->outputs = outputs;
    value->is_output = true;
    graph->is_changed = true;
    return OQ_OK;
}

oq_status oq_value_set_constant(oq_value *value, oq_tensor *tensor)
{
    oq_graph *graph = value->graph;
    oq_shape shape;

    if (!value->constant) {
        if (!grow(graph->model->arena, &graph->initializers, graph->n_initializers, &graph->cap_initializers,
                  sizeof *graph->initializers))
            return OQ_NOMEM;
        graph->initializers[graph->n_initializers++] = value;
    }
    value->constant = tensor;
    graph->is_changed = true;
    if (!oq_tensor_shape(tensor, &shape))
        shape = oq_shape_unknown();
    oq_value_set_type(value, tensor->dtype, &shape);
    return OQ_OK;
}

oq_value *oq_graph_add_initializer(oq_graph *graph, const char *name, oq_tensor *tensor)
{
    oq_value *value = tensor ? oq_value_new(graph, name, tensor->dtype, NULL) : NULL;

    return value && oq_value_set_constant(value, tensor) == OQ_OK ? value : NULL;
}

void oq_graph_remove_initializer(oq_graph *graph, oq_value *value)
{
    int kept = 0;

    for (int i = 0; i < graph->n_initializers; i++) {
        if (graph->initializers[i] != value)
            graph->initializers[kept++] = graph->initializers[i];
    }
    graph->n_initializers = kept;
    value->constant = NULL;
    if (!value->is_input)
        oq_map_remove(&graph->names, value->name);
    graph->is_changed = true;
}

oq_status oq_graph_walk(oq_graph *graph, oq_status (*fn)(oq_graph *graph, void *arg), void *arg)
{
    OQ_TRY(fn(graph, arg));
    OQ_FOR_EACH_NODE (graph, node) {
        for (int i = 0; i < node->n_attrs; i++) {
            const oq_attr *attr = &node->attrs[i];

            if (attr->graph)
                OQ_TRY(oq_graph_walk(attr->graph, fn, arg));
            for (size_t k = 0; attr->graphs && k < attr->n; k++)
                OQ_TRY(oq_graph_walk(attr->graphs[k], fn, arg));
        }
    }
    return OQ_OK;
}

/* ---- topological order */

typedef struct {
    const oq_graph *graph;
    unsigned char *state; /* by node id: 0 new, 1 on the stack, 2 placed */
    oq_node **stack;      /* explicit, so that a deep graph cannot exhaust the C stack */
    int *next_input;      /* of each node on the stack */
    oq_node **before;     /* the nodes as they were */
    oq_node **order;      /* the new order; linked only when the whole graph has one */
    int n_placed;
} sorter;

/* The node of the sorted graph that computes input i; NULL when there is none, or it is elsewhere. */
static oq_node *local_producer(const oq_graph *graph, const oq_node *node, int i)
{
    const oq_value *value = node->inputs[i];

    return value && value->producer && value->producer->graph == graph ? value->producer : NULL;
}

/* Place root behind everything it reads directly. (What subgraphs capture must already stand in front: the
 * importer resolves captured names in file order.) */
static oq_status visit(sorter *s, oq_node *root, oq_diag *diag)
{
    int depth = 0;

    s->stack[0] = root;
    s->next_input[0] = 0;
    s->state[root->id] = 1;
    while (depth >= 0) {
        oq_node *node = s->stack[depth], *producer;

        if (s->next_input[depth] == node->n_inputs) {
            s->state[node->id] = 2;
            s->order[s->n_placed++] = node;
            depth--;
            continue;
        }
        producer = local_producer(s->graph, node, s->next_input[depth]++);
        if (producer && s->state[producer->id] == 1)
            OQ_FAIL(diag, OQ_FORMAT, "the graph has a cycle through node '%s' (%s)", node->name,
                    node->op_type);
        if (producer && s->state[producer->id] == 0) {
            depth++;
            s->stack[depth] = producer;
            s->next_input[depth] = 0;
            s->state[producer->id] = 1;
        }
    }
    return OQ_OK;
}

static bool is_ordered(const oq_graph *graph, unsigned char *seen)
{
    OQ_FOR_EACH_NODE (graph, node) {
        for (int i = 0; i < node->n_inputs; i++) {
            const oq_node *producer = local_producer(graph, node, i);

            if (producer && !seen[producer->id])
                return false;
        }
        seen[node->id] = 1;
    }
    return true;
}

static void link_in_order(oq_graph *graph, oq_node **order, int n)
{
    for (int i = 0; i < n; i++) {
        order[i]->prev = i ? order[i - 1] : NULL;
        order[i]->next = i + 1 < n ? order[i + 1] : NULL;
    }
    graph->first = order[0];
    graph->last = order[n - 1];
    graph->is_changed = true;
}

static oq_status sort_nodes(oq_graph *graph, sorter *s, oq_diag *diag)
{
    int n = 0;

    OQ_FOR_EACH_NODE (graph, node)
        s->before[n++] = node;
    for (int i = 0; i < n; i++) {
        if (s->state[s->before[i]->id] == 0)
            OQ_TRY(visit(s, s->before[i], diag));
    }
    link_in_order(graph, s->order, n);
    return OQ_OK;
}

oq_status oq_graph_sort(oq_graph *graph, oq_diag *diag)
{
    size_t n = (size_t)graph->n_nodes + 1, n_ids = (size_t)graph->model->n_nodes + 1;
    oq_arena *arena = oq_arena_new(0);
    sorter s = {.graph = graph};
    oq_status status = OQ_NOMEM;

    if (!arena)
        return OQ_NOMEM;
    s.state = OQ_NEW_ARRAY(arena, unsigned char, n_ids);
    s.stack = OQ_NEW_ARRAY(arena, oq_node *, n);
    s.next_input = OQ_NEW_ARRAY(arena, int, n);
    s.before = OQ_NEW_ARRAY(arena, oq_node *, n);
    s.order = OQ_NEW_ARRAY(arena, oq_node *, n);
    if (s.state && s.stack && s.next_input && s.before && s.order) {
        if (is_ordered(graph, s.state)) {
            status = OQ_OK;
        } else {
            memset(s.state, 0, n_ids);
            status = sort_nodes(graph, &s, diag);
        }
    }
    oq_arena_free(arena);
    return status;
}
