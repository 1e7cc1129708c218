/* Concat of codes: along every axis, with and without a change of parameters, in either layout. */
#include "exec/qdq.h"
#include "tap/tap.h"

static oq_value *build(sketch *s, oq_value *const *in, const void *axis)
{
    oq_value *y = node(s, "Concat", in[0], in[1], NULL);

    oq_node_set_int(y->producer, "axis", *(const int64_t *)axis);
    return y;
}

static void join(int64_t axis, float scale, const char *what)
{
    sketch s = begin(OQ_UINT8);
    oq_value *in[2] = {input(&s, (int64_t[]){2, 3, 4, 5}, 4, 0.01f, 100),
                       input(&s, (int64_t[]){2, 3, 4, 5}, 4, 0.01f, 100)};
    both b;

    run_both(&s, quantize(&s, build(&s, in, &axis), scale, 100), &b);
    is_int(b.n_units, 1, what);
    is_mem(b.got[1]->data, b.got[0]->data, b.got[0]->size, "the same codes as in float");
    end(&s, &b);
}

int main(void)
{
    for (int64_t axis = 0; axis < 4; axis++) {
        join(axis, 0.01f, "a Concat that copies");
        join(axis, 0.017f, "a Concat that looks up");
    }
    same_in_both_layouts(build, &(int64_t){2}, "Concat", (int64_t[]){1, 20, 8, 9}, 20, 2, "Concat of lines");
    return tap_done();
}
