/* attention: softmax(q k' * scale + bias) v for every head, float32, one task per batch and head. Shared by
 * Attention of ai.onnx and by Attention and MultiHeadAttention of com.microsoft.
 */
#ifndef OQ_OP_ATTENTION_H
#define OQ_OP_ATTENTION_H

#include "op/op.h"

/* Rows of one matrix per batch and head; the elements of a row are neighbours. */
typedef struct oq_heads {
    const float *data;
    size_t batch, head, row; /* strides in floats */
} oq_heads;

typedef struct oq_attention {
    size_t batch, heads, kv_heads; /* query head h reads head h / (heads / kv_heads) of k and v */
    size_t n_queries, n_keys, size, v_size;
    oq_heads q, k, v;
    float *y; /* laid out as out says */
    oq_heads out;
    /* Added to the scores: row of query i at bias.data + ...; n_bias keys, those behind are hidden. NULL:
     * none */
    oq_heads bias;
    size_t n_bias, bias_key; /* keys in a row of it; stride of a key, 0 or 1 */
    /* Keys that query i of batch b sees: j < n_valid[b]; p - left <= j <= p + right with p = i + offset; a
     * negative bound is none. */
    const int64_t *n_valid; /* NULL: all */
    int64_t left, right, offset;
    bool offset_by_valid;          /* offset is n_valid[b] - n_queries */
    float scale, softcap;          /* softcap 0: none */
    oq_dtype dtype, softmax_dtype; /* results of the steps are rounded to these types */
    /* Scores of stage 0 (raw), 1 (after softcap), 2 (with bias) or 3 (probabilities): batch x heads x queries
     * x keys; NULL: not wanted */
    float *scores;
    int stage;
} oq_attention;

/* OQ_LIMIT when there is no memory for its scratch. */
oq_status oq_attention_run(oq_run *ctx, const oq_attention *attention);

#endif
