/* pooling_f32: one output row of a max or average pooling, in either layout.
 *
 * The caller picks the input rows under the window (kernel depth times height of them) and leaves out those
 * in the padding. Taps of the last axis outside the row are left out. Averages add the taps in ascending
 * (row, kx) order; of equal zeros the first one in ascending (kx, row) order is the maximum. So both layouts
 * give the same bits. Maximum: -inf when no tap counts, NaN when there is a NaN.
 */
#ifndef OQ_KERNEL_POOLING_F32_H
#define OQ_KERNEL_POOLING_F32_H

#include <stddef.h>

typedef struct oq_pooling_row {
    const void *const *rows; /* n_rows input rows of width * channels floats */
    size_t n_rows;
    size_t channels; /* NHWC: of a pixel; NCHW: 1, a row belongs to one plane */
    ptrdiff_t width, out_width;
    ptrdiff_t kernel, stride, dilation, pad; /* along the row; pad: before the first pixel */
    const float *divisor; /* averages: out_width values, how many taps count at each output */
    float *column;        /* maximum, NCHW: width floats of scratch */
    float *y;             /* out_width * channels */
} oq_pooling_row;

typedef struct oq_pooling_f32 {
    void (*max_nhwc)(const oq_pooling_row *row);
    void (*average_nhwc)(const oq_pooling_row *row);
    void (*max_nchw)(const oq_pooling_row *row);
    void (*average_nchw)(const oq_pooling_row *row);
} oq_pooling_f32;

extern const oq_pooling_f32 oq_k_pooling_f32_base, oq_k_pooling_f32_avx2, oq_k_pooling_f32_avx512;

#endif
