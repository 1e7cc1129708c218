/* resize_axis: where the outputs of one axis of Resize come from.
 *
 * Coordinates are float32, as ONNX Runtime's are: with 4 / (8 / 6) a double would land just below 3 where
 * float32 rounds to 3, and nearest would pick another element.
 */
#ifndef OQ_OP_RESIZE_AXIS_H
#define OQ_OP_RESIZE_AXIS_H

#include "op/op.h"

typedef enum oq_resize_mode { OQ_RESIZE_NEAREST, OQ_RESIZE_LINEAR, OQ_RESIZE_CUBIC } oq_resize_mode;

/* coordinate_transformation_mode */
typedef enum oq_resize_coordinate {
    OQ_HALF_PIXEL,
    OQ_HALF_PIXEL_SYMMETRIC,
    OQ_PYTORCH_HALF_PIXEL,
    OQ_ALIGN_CORNERS,
    OQ_ASYMMETRIC,
    OQ_TF_HALF_PIXEL_FOR_NN,
    OQ_TF_CROP_AND_RESIZE,
} oq_resize_coordinate;

/* nearest_mode */
typedef enum oq_resize_round {
    OQ_ROUND_PREFER_FLOOR,
    OQ_ROUND_PREFER_CEIL,
    OQ_ROUND_FLOOR,
    OQ_ROUND_CEIL,
    OQ_ROUND_AWAY_FROM_ONE, /* Resize 10 as ONNX Runtime runs it: up where the axis shrinks, down where it
                               grows */
} oq_resize_round;

typedef struct oq_resize_rule {
    oq_resize_mode mode;
    oq_resize_coordinate coordinate;
    oq_resize_round round;
    bool antialias, exclude_outside;
    float cubic_a;
} oq_resize_rule;

typedef struct oq_resize_axis {
    int64_t in, out;
    float scale;
    float roi_begin, roi_end; /* tf_crop_and_resize, as fractions of in - 1 */
} oq_resize_axis;

/* The tensor passes through unchanged along this axis. */
bool oq_resize_is_identity(const oq_resize_rule *rule, const oq_resize_axis *axis);
/* Nearest: index[out], -1 where the value is extrapolation_value. */
void oq_resize_nearest(const oq_resize_rule *rule, const oq_resize_axis *axis, int64_t *index);
/* Linear and cubic: taps per output; then index and weight [out][taps]. Weights of an output sum to 1. Output
 * o lies outside (tf_crop_and_resize) when index[o * taps] is -1. */
size_t oq_resize_n_taps(const oq_resize_rule *rule, const oq_resize_axis *axis);
void oq_resize_taps(const oq_resize_rule *rule, const oq_resize_axis *axis, size_t taps, int64_t *index,
                    float *weight);

#endif
