/* simplify: what makes a graph quicker to run without quantizing it, in this order:
 *
 *     constants folded, idle nodes removed, BatchNormalization into the weights before it, shapes inferred
 *
 * For a session, which looks at results only: their last bits may differ from those of the graph as written
 * (BatchNormalization in the weights is rounded once instead of twice). Names, order and types of inputs and
 * outputs stay. Flags: CLOSE.
 */
#include "pass/pass.h"

oq_status oq_simplify(oq_graph *graph, oq_pass_ctx *ctx)
{
    static oq_pass_fn *const steps[] = {oq_infer_shapes,   oq_fold_constants, oq_remove_noops,
                                        oq_fuse_batchnorm, oq_fuse_pad,       oq_drop_dead,
                                        oq_infer_shapes};

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        OQ_TRY(steps[i](graph, ctx));
        if (ctx->arena)
            oq_arena_reset(ctx->arena);
    }
    return OQ_OK;
}
