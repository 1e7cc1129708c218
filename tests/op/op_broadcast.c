#include "op/op_broadcast.h"

#include <string.h>

#include "tap/tap.h"

static oq_array shape(const int64_t *dims, int rank)
{
    oq_array array = {.rank = rank};

    for (int i = 0; i < rank; i++)
        array.dims[i] = dims[i];
    return array;
}

static void merges_what_it_can(void)
{
    oq_array image = shape((int64_t[]){2, 3, 4, 5}, 4), channel = shape((int64_t[]){3, 1, 1}, 3),
             scalar = shape(NULL, 0);
    oq_broadcast plan;

    ok(oq_broadcast_plan(&plan, (const oq_array *[]){&image, &image}, 2), "equal shapes broadcast");
    is_int(plan.row, 120, "and are one row");
    is_int(plan.n_outer, 0, "with nothing around it");
    ok(oq_broadcast_plan(&plan, (const oq_array *[]){&image, &scalar}, 2), "a scalar broadcasts");
    is_int(plan.row, 120, "and is one row");
    is_int(plan.row_step[1], 0, "in which it stands still");
    ok(oq_broadcast_plan(&plan, (const oq_array *[]){&image, &channel}, 2), "a channel vector broadcasts");
    is_int(plan.row, 20, "in rows of a channel");
    is_int(plan.n_outer, 2, "over batch and channel");
    is_int(plan.step[1][0], 0, "repeated over the batch");
    is_int(plan.step[1][1], 1, "one step per channel");
}

typedef struct {
    size_t first[3][24];
    int n_seen[24];
    int n_operands;
} seen;

static void look(void *arg, size_t at, const size_t *first, const int *step, size_t n)
{
    seen *s = arg;

    for (size_t i = 0; i < n; i++) {
        s->n_seen[at + i]++;
        for (int k = 0; k < s->n_operands; k++)
            s->first[k][at + i] = first[k] + i * (size_t)step[k];
    }
}

static void visits_every_element_once(void)
{
    oq_array a = shape((int64_t[]){2, 1, 4}, 3), b = shape((int64_t[]){3, 1}, 2),
             c = shape((int64_t[]){2, 3, 4}, 3);
    oq_broadcast plan;
    seen s = {.n_operands = 3};
    int wrong = 0;

    ok(oq_broadcast_plan(&plan, (const oq_array *[]){&a, &b, &c}, 3), "three shapes broadcast");
    oq_broadcast_rows(&plan, NULL, look, &s);
    for (size_t i = 0; i < 24; i++) {
        size_t x = i / 12, y = i / 4 % 3, z = i % 4;

        wrong += s.n_seen[i] != 1 || s.first[0][i] != x * 4 + z || s.first[1][i] != y || s.first[2][i] != i;
    }
    is_int(wrong, 0, "every element once, each operand at its place");
}

static void refuses_what_does_not_fit(void)
{
    oq_array a = shape((int64_t[]){2, 3}, 2), b = shape((int64_t[]){2}, 1),
             empty = shape((int64_t[]){0, 3}, 2), huge = shape((int64_t[]){INT64_MAX / 2, 1}, 2),
             wide = shape((int64_t[]){INT64_MAX / 2}, 1);
    oq_broadcast plan;

    ok(!oq_broadcast_plan(&plan, (const oq_array *[]){&a, &b}, 2), "3 and 2 do not broadcast");
    ok(!oq_broadcast_plan(&plan, (const oq_array *[]){&huge, &wide}, 2),
       "a product that overflows is refused");
    ok(!oq_broadcast_plan(&plan, (const oq_array *[]){&empty, &a}, 2), "0 and 2 do not broadcast");
    a.dims[0] = 1;
    ok(oq_broadcast_plan(&plan, (const oq_array *[]){&empty, &a}, 2) && plan.n == 0, "0 and 1 give 0");
}

int main(void)
{
    merges_what_it_can();
    visits_every_element_once();
    refuses_what_does_not_fit();
    return tap_done();
}
