/* Add and Mul of codes: every kind of broadcast against the float run, and in either layout. */
#include "exec/qdq.h"
#include "tap/tap.h"

static oq_value *build(sketch *s, oq_value *const *in, const void *op)
{
    return node(s, op, in[0], in[1], NULL);
}

/* Of any two shapes: one unit, at most a code apart where float rounds otherwise. */
static void broadcast(const char *op, const int64_t *a, int a_rank, const int64_t *b, int b_rank,
                      const char *what)
{
    for (int swap = 0; swap < 2; swap++) {
        sketch s = begin(OQ_INT8);
        oq_value *in[2] = {input(&s, swap ? b : a, swap ? b_rank : a_rank, 0.01f, 100),
                           input(&s, swap ? a : b, swap ? a_rank : b_rank, 0.02f, 60)};
        both r;

        run_both(&s, quantize(&s, build(&s, in, op), 0.03f, zero_of(&s, 70)), &r);
        is_int(r.n_units, 1, op);
        codes_agree(&r, what);
        end(&s, &r);
    }
}

int main(void)
{
    const char *ops[] = {"Add", "Mul"};

    for (int i = 0; i < 2; i++) {
        const char *op = ops[i];

        broadcast(op, (int64_t[]){2, 3, 4, 5}, 4, (int64_t[]){2, 3, 4, 5}, 4, "the same shape");
        broadcast(op, (int64_t[]){2, 3, 4, 5}, 4, (int64_t[]){3, 1, 1}, 3, "a number per channel");
        broadcast(op, (int64_t[]){2, 3, 4, 5}, 4, (int64_t[]){2, 3, 1, 1}, 4,
                  "a number per image and channel");
        broadcast(op, (int64_t[]){2, 3, 4, 5}, 4, (int64_t[]){1}, 1, "one number");
        broadcast(op, (int64_t[]){2, 3, 4, 5}, 4, (int64_t[]){5}, 1, "a number per column");
        broadcast(op, (int64_t[]){2, 3, 4, 5}, 4, (int64_t[]){2, 1, 4, 1}, 4, "a gap in the middle");
        broadcast(op, (int64_t[]){3, 1, 400}, 3, (int64_t[]){1, 2, 1}, 3, "both stand still somewhere");
        broadcast(op, (int64_t[]){1, 1, 1}, 3, (int64_t[]){1}, 1, "single elements");
        same_in_both_layouts(build, op, op, (int64_t[]){1, 20, 12, 13}, 20, 2, op);
    }
    return tap_done();
}
