/* import_function: a FunctionProto. Its body becomes a graph that hangs on nothing, like the main graph. */
#include <string.h>

#include "onnx/importer.h"

/* Field numbers of FunctionProto. */
enum { FIELD_NODE = 7, FIELD_DEFAULT = 11 };

static oq_status no_memory(oq_importer *im)
{
    OQ_FAIL(im->diag, OQ_NOMEM, "out of memory for a function");
}

static oq_status import_names(oq_importer *im, const Onnx__FunctionProto *proto, oq_function *f)
{
    const char *domain = proto->domain ? proto->domain : "";

    f->name = oq_arena_strdup(im->arena, proto->name ? proto->name : "");
    f->domain = oq_arena_strdup(im->arena, strcmp(domain, "ai.onnx") == 0 ? "" : domain);
    f->overload = oq_arena_strdup(im->arena, proto->overload ? proto->overload : "");
    if (!f->name || !f->domain || !f->overload)
        return no_memory(im);
    if (!*f->name)
        OQ_FAIL(im->diag, OQ_FORMAT, "a function of domain '%s' has no name", f->domain);
    for (const oq_function *other = im->model->functions; other < f; other++) {
        if (strcmp(other->name, f->name) == 0 && strcmp(other->domain, f->domain) == 0 &&
            strcmp(other->overload, f->overload) == 0)
            OQ_FAIL(im->diag, OQ_FORMAT, "the model has two functions '%s' of domain '%s'", f->name,
                    f->domain);
    }
    return OQ_OK;
}

static oq_status import_opsets(oq_importer *im, const Onnx__FunctionProto *proto, oq_function *f)
{
    f->opsets = OQ_NEW_ARRAY(im->arena, oq_opset, proto->n_opset_import);
    if (!f->opsets)
        return no_memory(im);
    for (size_t i = 0; i < proto->n_opset_import; i++) {
        const char *domain = proto->opset_import[i]->domain ? proto->opset_import[i]->domain : "";
        oq_opset *set = &f->opsets[f->n_opsets++];

        set->domain = oq_arena_strdup(im->arena, strcmp(domain, "ai.onnx") == 0 ? "" : domain);
        set->version = proto->opset_import[i]->version;
        if (!set->domain)
            return no_memory(im);
        if (set->version < 1 || set->version > INT32_MAX)
            OQ_FAIL(im->diag, OQ_FORMAT, "it imports domain '%s' in version %lld", domain,
                    (long long)set->version);
    }
    return OQ_OK;
}

static oq_status import_defaults(oq_importer *im, const Onnx__FunctionProto *proto, const oq_span *span,
                                 oq_function *f)
{
    const oq_span *child = NULL;

    f->defaults = OQ_NEW(im->arena, oq_node);
    if (!f->defaults)
        return no_memory(im);
    *f->defaults =
        (oq_node){.id = -1, .name = f->name, .op_type = f->name, .domain = f->domain, .overload = ""};
    f->defaults->graph = f->body;
    for (size_t i = 0; i < proto->n_attribute_proto; i++) {
        child = oq_span_child(span, FIELD_DEFAULT, child);
        OQ_TRY(oq_import_attr(im, f->defaults, proto->attribute_proto[i], child));
    }
    return OQ_OK;
}

static oq_status import_body(oq_importer *im, const Onnx__FunctionProto *proto, const oq_span *span,
                             oq_function *f)
{
    for (size_t i = 0; i < proto->n_input; i++) {
        oq_value *value = *proto->input[i] ? oq_value_define(f->body, proto->input[i]) : NULL;

        if (!value)
            OQ_FAIL(im->diag, OQ_FORMAT, "its input %zu has no name of its own ('%s')", i, proto->input[i]);
        if (oq_graph_add_input(f->body, value) != OQ_OK)
            return no_memory(im);
    }
    OQ_TRY(oq_import_nodes(im, f->body, proto->node, proto->n_node, span, FIELD_NODE));
    for (size_t i = 0; i < proto->n_output; i++) {
        oq_value *value = oq_map_get(&f->body->names, proto->output[i]);

        if (!value)
            OQ_FAIL(im->diag, OQ_FORMAT, "it returns '%s', which nothing produces", proto->output[i]);
        if (oq_graph_add_output(f->body, value) != OQ_OK)
            return no_memory(im);
    }
    return OQ_OK;
}

oq_status oq_import_function(oq_importer *im, const Onnx__FunctionProto *proto, const oq_span *span,
                             oq_function *f)
{
    oq_status status;

    OQ_TRY(import_names(im, proto, f));
    f->body = oq_graph_new(im->model, NULL);
    if (!f->body)
        return no_memory(im);
    f->body->name = f->name;
    f->first_value = im->model->n_values;
    status = import_opsets(im, proto, f);
    if (status == OQ_OK)
        status = import_defaults(im, proto, span, f);
    if (status == OQ_OK)
        status = import_body(im, proto, span, f);
    f->n_values = im->model->n_values - f->first_value;
    if (status != OQ_OK)
        oq_diag_note(im->diag, "in function '%s' of domain '%s'", f->name, f->domain);
    return status;
}
