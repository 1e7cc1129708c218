/* memplan: when each array dies. An array lives from its step to the last step that reads it, where a reader
 * inside a subgraph counts as the If, Loop or Scan the subgraph belongs to. Graph outputs never die here: a
 * runner keeps them to the next run, a control operator takes them out of its body.
 */
#include "exec/program.h"

/* Walks a sequence backwards: the first reader met is the last one to run. */
typedef struct planner {
    const oq_sequence *sequence;
    const bool *needed;
    bool *seen; /* by value id: a later step reads it */
    oq_arena *arena;
    oq_value **list; /* release list of the step at hand */
    int n, capacity;
} planner;

static bool dies_in(const planner *p, const oq_value *value)
{
    return value && value->graph == p->sequence->graph && !value->constant && !value->is_output;
}

static bool append(planner *p, oq_value *value)
{
    if (p->n == p->capacity) {
        int capacity = p->capacity ? p->capacity * 2 : 16;
        oq_value **grown = OQ_NEW_ARRAY(p->arena, oq_value *, capacity);

        if (!grown)
            return false;
        for (int i = 0; i < p->n; i++)
            grown[i] = p->list[i];
        p->list = grown;
        p->capacity = capacity;
    }
    p->list[p->n++] = value;
    return true;
}

static bool read_value(planner *p, oq_value *value)
{
    if (!dies_in(p, value) || p->seen[value->id])
        return true;
    p->seen[value->id] = true;
    return append(p, value);
}

static bool read_bodies(planner *p, const oq_step *step)
{
    for (int b = 0; step->bodies && step->bodies[b]; b++) {
        const oq_sequence *body = step->bodies[b];

        for (size_t s = 0; s < body->n_steps; s++) {
            for (int i = 0; i < body->steps[s].n_in; i++) {
                if (!read_value(p, body->steps[s].in[i]))
                    return false;
            }
            if (!read_bodies(p, &body->steps[s]))
                return false;
        }
        for (int i = 0; i < body->graph->n_outputs; i++) {
            if (!read_value(p, body->graph->outputs[i]))
                return false;
        }
    }
    return true;
}

static int count_reads(const oq_step *step, const oq_value *value)
{
    int n = 0;

    for (int i = 0; i < step->n_in; i++)
        n += step->in[i] == value;
    return n;
}

static bool plan_step(planner *p, oq_step *step)
{
    p->n = 0;
    for (int i = 0; i < step->n_in; i++) {
        oq_value *value = step->in[i];
        bool is_last = dies_in(p, value) && !p->seen[value->id];

        if (is_last && i < 64 && !step->bodies && count_reads(step, value) == 1)
            step->dying |= UINT64_C(1) << i;
        if (!read_value(p, value))
            return false;
    }
    if (!read_bodies(p, step))
        return false;
    for (int i = 0; i < step->n_out; i++) {
        oq_value *value = step->out[i];

        step->wanted[i] = value && p->needed[value->id];
        if (value && dies_in(p, value) && !p->seen[value->id] && !append(p, value))
            return false;
    }
    if (p->n) {
        step->release = oq_arena_copy(p->arena, p->list, (size_t)p->n * sizeof *p->list);
        step->n_release = p->n;
    }
    return !p->n || step->release;
}

oq_status oq_plan_lifetimes(oq_sequence *sequence, const bool *needed, bool *seen, oq_arena *arena)
{
    planner p = {.sequence = sequence, .needed = needed, .seen = seen, .arena = arena};

    for (size_t s = sequence->n_steps; s-- > 0;) {
        oq_step *step = &sequence->steps[s];

        for (int b = 0; step->bodies && step->bodies[b]; b++)
            OQ_TRY(oq_plan_lifetimes(step->bodies[b], needed, seen, arena));
        if (!plan_step(&p, step))
            return OQ_NOMEM;
    }
    return OQ_OK;
}
