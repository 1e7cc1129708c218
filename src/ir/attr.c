#include <string.h>

#include "ir/graph.h"

static oq_attr *find(const oq_node *node, const char *name)
{
    for (int i = 0; i < node->n_attrs; i++) {
        if (strcmp(node->attrs[i].name, name) == 0)
            return &node->attrs[i];
    }
    return NULL;
}

const oq_attr *oq_node_attr(const oq_node *node, const char *name)
{
    return find(node, name);
}

int64_t oq_node_int(const oq_node *node, const char *name, int64_t otherwise)
{
    const oq_attr *attr = find(node, name);

    return attr && attr->kind == OQ_ATTR_INT ? attr->i : otherwise;
}

float oq_node_float(const oq_node *node, const char *name, float otherwise)
{
    const oq_attr *attr = find(node, name);

    return attr && attr->kind == OQ_ATTR_FLOAT ? attr->f : otherwise;
}

const char *oq_node_string(const oq_node *node, const char *name, const char *otherwise)
{
    const oq_attr *attr = find(node, name);

    /* The importer ends string attributes with a NUL, so that they can be compared as text. */
    return attr && attr->kind == OQ_ATTR_STRING ? attr->s.data : otherwise;
}

const int64_t *oq_node_ints(const oq_node *node, const char *name, size_t *n)
{
    const oq_attr *attr = find(node, name);
    bool is_list = attr && attr->kind == OQ_ATTR_INTS;

    *n = is_list ? attr->n : 0;
    return is_list ? attr->ints : NULL;
}

const float *oq_node_floats(const oq_node *node, const char *name, size_t *n)
{
    const oq_attr *attr = find(node, name);
    bool is_list = attr && attr->kind == OQ_ATTR_FLOATS;

    *n = is_list ? attr->n : 0;
    return is_list ? attr->floats : NULL;
}

oq_attr *oq_node_add_attr(oq_node *node, const char *name, oq_attr_kind kind)
{
    oq_arena *arena = node->graph->model->arena;
    oq_attr *attr;

    if (node->n_attrs == node->cap_attrs) {
        int capacity = node->cap_attrs ? node->cap_attrs * 2 : 4;
        oq_attr *grown = OQ_NEW_ARRAY(arena, oq_attr, capacity);

        if (!grown)
            return NULL;
        if (node->n_attrs)
            memcpy(grown, node->attrs, (size_t)node->n_attrs * sizeof *grown);
        node->attrs = grown;
        node->cap_attrs = capacity;
    }
    attr = &node->attrs[node->n_attrs];
    *attr = (oq_attr){.kind = kind, .n = 1, .name = oq_arena_strdup(arena, name)};
    if (!attr->name)
        return NULL;
    node->n_attrs++;
    return attr;
}

/* The attribute of that name, emptied and with its origin forgotten, or a new one. */
static oq_attr *renew(oq_node *node, const char *name, oq_attr_kind kind)
{
    oq_attr *attr = find(node, name);

    node->is_changed = true;
    node->graph->is_changed = true;
    if (!attr)
        return oq_node_add_attr(node, name, kind);
    *attr = (oq_attr){.name = attr->name, .kind = kind, .n = 1};
    return attr;
}

oq_status oq_node_set_int(oq_node *node, const char *name, int64_t i)
{
    oq_attr *attr = renew(node, name, OQ_ATTR_INT);

    if (!attr)
        return OQ_NOMEM;
    attr->i = i;
    return OQ_OK;
}

oq_status oq_node_set_float(oq_node *node, const char *name, float f)
{
    oq_attr *attr = renew(node, name, OQ_ATTR_FLOAT);

    if (!attr)
        return OQ_NOMEM;
    attr->f = f;
    return OQ_OK;
}

oq_status oq_node_set_string(oq_node *node, const char *name, const char *s)
{
    const char *copy = oq_arena_strdup(node->graph->model->arena, s);
    oq_attr *attr = copy ? renew(node, name, OQ_ATTR_STRING) : NULL;

    if (!attr)
        return OQ_NOMEM;
    attr->s = (oq_string){copy, strlen(s)};
    return OQ_OK;
}

oq_status oq_node_set_ints(oq_node *node, const char *name, const int64_t *ints, size_t n)
{
    int64_t *copy = oq_arena_copy(node->graph->model->arena, ints, n * sizeof *ints);
    oq_attr *attr = copy ? renew(node, name, OQ_ATTR_INTS) : NULL;

    if (!attr)
        return OQ_NOMEM;
    attr->ints = copy;
    attr->n = n;
    return OQ_OK;
}

oq_status oq_node_set_tensor(oq_node *node, const char *name, oq_tensor *tensor)
{
    oq_attr *attr = renew(node, name, OQ_ATTR_TENSOR);

    if (!attr)
        return OQ_NOMEM;
    attr->tensor = tensor;
    return OQ_OK;
}

void oq_node_remove_attr(oq_node *node, const char *name)
{
    oq_attr *attr = find(node, name);

    if (!attr)
        return;
    node->n_attrs--;
    memmove(attr, attr + 1, (size_t)(&node->attrs[node->n_attrs] - attr) * sizeof *attr);
    node->is_changed = true;
    node->graph->is_changed = true;
}

oq_status oq_node_copy_attrs(oq_node *to, const oq_node *from)
{
    for (int i = 0; i < from->n_attrs; i++) {
        oq_attr *attr = renew(to, from->attrs[i].name, from->attrs[i].kind);

        if (!attr)
            return OQ_NOMEM;
        *attr = from->attrs[i];
    }
    return OQ_OK;
}
