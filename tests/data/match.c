/* Matching arrays with inputs: by name, by rename, or the only one for the only one. */
#include "data/source.h"

#include <string.h>

#include "fixture.h"
#include "ir/tensor.h"
#include "tap/tap.h"

static oq_diag diag;
static const char *note;

static oq_status match(const oq_model *model, const char *const *names, size_t n, const char *rename,
                       size_t *out)
{
    oq_array_names arrays = {.names = names, .n = n};
    oq_dataset_options options = {.renames = &rename, .n_renames = rename ? 1 : 0};

    note = NULL;
    oq_diag_clear(&diag);
    return oq_match_inputs(model->graph, &arrays, &options, out, &note, model->arena, &diag);
}

static void finds_by_name(void)
{
    static const char *const names[] = {"b", "a", "label"};
    oq_model *model = fixture_model("a:float[N] b:float[N]");
    size_t m[2];

    is_int(match(model, names, 3, NULL, m), OQ_OK, "arrays are found by name");
    is_int(m[0] * 10 + m[1], 10, "in any order, others beside them");
    is_int(match(model, names, 3, "a=label", m), OQ_OK, "a rename takes another one");
    is_int(m[0], 2, "the one it names");
    is_int(match(model, names, 3, "a=x", m), OQ_ARG, "which must be there");
    is_int(match(model, names, 3, "a", m), OQ_ARG, "a rename without = is refused");
    is_int(match(model, names, 3, "a=", m), OQ_ARG, "and one without an array");
    is_int(match(model, names, 1, NULL, m), OQ_SHAPE, "an input without an array is refused");
    ok(strstr(diag.message, "no array for input 'a'; the file has 'b'; save one array per input") != NULL,
       "and told what to do");
    oq_model_destroy(model);
}

static void takes_the_only_one(void)
{
    static const char *const names[] = {"arr_0", "arr_1"};
    oq_model *model = fixture_model("x:float[N]");
    size_t m[1];

    is_int(match(model, names, 1, NULL, m), OQ_OK, "the only array feeds the only input");
    is_str(note, "array 'arr_0' feeds input 'x'", "which is noted");
    is_int(match(model, names, 2, NULL, m), OQ_SHAPE, "of two arrays none is taken");
    ok(strstr(diag.message, "if it is 'arr_0', give --input x=arr_0") != NULL, "but one is proposed");
    oq_model_destroy(model);
}

static void leaves_out_defaults(void)
{
    static const char *const names[] = {"x"};
    static const float zero[1];
    static const int64_t one[1] = {1};
    oq_model *model = fixture_model("x:float[N] s:float[1]");
    size_t m[2];

    oq_value_set_constant(model->graph->inputs[1], oq_tensor_from_floats(model->arena, zero, one, 1));
    is_int(oq_n_required_inputs(model->graph), 1, "an input with a default is not required");
    is_int(match(model, names, 1, NULL, m), OQ_OK, "it needs no array");
    is_int(m[1], 1, "and gets none");
    oq_model_destroy(model);
}

int main(void)
{
    finds_by_name();
    takes_the_only_one();
    leaves_out_defaults();
    return tap_done();
}
