# tests of src/pass; bench.c builds small models
check_PROGRAMS += %D%/drop_dead.t
%C%_drop_dead_t_SOURCES = %D%/drop_dead.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/edit.t
%C%_edit_t_SOURCES = %D%/edit.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/fold_constants.t
%C%_fold_constants_t_SOURCES = %D%/fold_constants.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/fuse_activation.t
%C%_fuse_activation_t_SOURCES = %D%/fuse_activation.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/fuse_batchnorm.t
%C%_fuse_batchnorm_t_SOURCES = %D%/fuse_batchnorm.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/fuse_matmul_add.t
%C%_fuse_matmul_add_t_SOURCES = %D%/fuse_matmul_add.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/infer_control.t
%C%_infer_control_t_SOURCES = %D%/infer_control.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/infer_shapes.t
%C%_infer_shapes_t_SOURCES = %D%/infer_shapes.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/pipeline.t
%C%_pipeline_t_SOURCES = %D%/pipeline.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/remove_noops.t
%C%_remove_noops_t_SOURCES = %D%/remove_noops.c %D%/bench.c %D%/bench.h

# reads a model, runs passes, writes it: for the script tests
noinst_PROGRAMS += %D%/lift
%C%_lift_SOURCES = %D%/lift.c

dist_check_SCRIPTS += %D%/raise_opset.t %D%/inferred_types.t
EXTRA_DIST += %D%/raise_opset.py %D%/inferred_types.py

# the quantization passes
check_PROGRAMS += %D%/bias.t
%C%_bias_t_SOURCES = %D%/bias.c $(quant_bench)

check_PROGRAMS += %D%/clean_qdq.t
%C%_clean_qdq_t_SOURCES = %D%/clean_qdq.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/correct.t
%C%_correct_t_SOURCES = %D%/correct.c $(quant_bench)

check_PROGRAMS += %D%/equalize.t
%C%_equalize_t_SOURCES = %D%/equalize.c $(quant_bench)

check_PROGRAMS += %D%/factor_home.t
%C%_factor_home_t_SOURCES = %D%/factor_home.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/fake_quant.t
%C%_fake_quant_t_SOURCES = %D%/fake_quant.c $(quant_bench)

check_PROGRAMS += %D%/lower_qdq.t
%C%_lower_qdq_t_SOURCES = %D%/lower_qdq.c $(quant_bench)

check_PROGRAMS += %D%/models.t
%C%_models_t_SOURCES = %D%/models.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/per_channel.t
%C%_per_channel_t_SOURCES = %D%/per_channel.c $(quant_bench)

check_PROGRAMS += %D%/read_qdq.t
%C%_read_qdq_t_SOURCES = %D%/read_qdq.c $(quant_bench)

check_PROGRAMS += %D%/bind_constants.t
%C%_bind_constants_t_SOURCES = %D%/bind_constants.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/fuse_pad.t
%C%_fuse_pad_t_SOURCES = %D%/fuse_pad.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/inline_functions.t
%C%_inline_functions_t_SOURCES = %D%/inline_functions.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/simplify.t
%C%_simplify_t_SOURCES = %D%/simplify.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/split_fused.t
%C%_split_fused_t_SOURCES = %D%/split_fused.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/split_qlinear.t
%C%_split_qlinear_t_SOURCES = %D%/split_qlinear.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/unit_scale.t
%C%_unit_scale_t_SOURCES = %D%/unit_scale.c %D%/bench.c %D%/bench.h
