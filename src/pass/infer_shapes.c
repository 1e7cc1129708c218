/* infer_shapes: types and shapes of all values, subgraphs included.
 *
 *     x [N,3,224,224] -> Conv -> y [?]     =>     y float[N,64,112,112]
 *     Shape -> Gather -> Concat -> Reshape: the contents of small integer tensors are followed, numbers and
 *     symbols, so that the shape behind the Reshape is known.
 *
 * Must not make a symbol a number: a batch of "N" stays "N" even where the file declares 1 behind it. Must
 * not give up on a node it does not know: its declared types stay, and work goes on behind it. Changes no
 * node. Flags: EXACT, ANALYSIS.
 */
#include "pass/infer.h"

oq_status oq_infer_shapes(oq_graph *graph, oq_pass_ctx *ctx)
{
    oq_inferrer s;

    return oq_infer_graph(graph, ctx, &s);
}
