# tests of the seed's scenarios; data: tests/data/seed
SEED_MODE = %D%/recipes.c %D%/recipes.h %D%/seed_mode.c %D%/seed_mode.h %D%/torch_random.c %D%/torch_random.h

check_PROGRAMS += %D%/seed.t
%C%_seed_t_SOURCES = %D%/seed.c %D%/expected.c %D%/expected.h $(SEED_MODE)

check_PROGRAMS += %D%/table.t
%C%_table_t_SOURCES = %D%/table.c %D%/default_mode.c %D%/default_mode.h $(SEED_MODE)

# The table of figures beside PyTorch's.
.PHONY: check-seed
check-seed: %D%/table.t
	@$(AM_TESTS_ENVIRONMENT) %D%/table.t > %D%/table.out; status=$$?; \
	  sed -n -e 's/^# //p' -e '/^not ok/p' %D%/table.out; exit $$status
CLEANFILES += %D%/table.out

EXTRA_DIST += \
	tests/data/seed/expected/s1_per_tensor_seed42.qnnpack.json \
	tests/data/seed/expected/s1_per_tensor_seed42.qnnpack.npz \
	tests/data/seed/expected/s2_per_channel_seed67.qnnpack.json \
	tests/data/seed/expected/s2_per_channel_seed67.qnnpack.npz \
	tests/data/seed/expected/s3_qat_seed67.qnnpack.json \
	tests/data/seed/expected/s3_qat_seed67.qnnpack.npz \
	tests/data/seed/expected/s4_model0_activation_only_seed67.json \
	tests/data/seed/expected/s4_model0_activation_only_seed67.npz \
	tests/data/seed/expected/s4_model0_weight_only_seed67.json \
	tests/data/seed/expected/s4_model0_weight_only_seed67.npz \
	tests/data/seed/expected/s4_model1_activation_only_seed67.json \
	tests/data/seed/expected/s4_model1_activation_only_seed67.npz \
	tests/data/seed/expected/s4_model1_weight_only_seed67.json \
	tests/data/seed/expected/s4_model1_weight_only_seed67.npz \
	tests/data/seed/expected/x1_multiple_ops_bn_seed67.ptq_per_channel.json \
	tests/data/seed/expected/x1_multiple_ops_bn_seed67.ptq_per_channel.npz \
	tests/data/seed/expected/x1_multiple_ops_bn_seed67.ptq_per_tensor.json \
	tests/data/seed/expected/x1_multiple_ops_bn_seed67.ptq_per_tensor.npz \
	tests/data/seed/expected/x2_noavgpool_bn_seed67.activation_only.json \
	tests/data/seed/expected/x2_noavgpool_bn_seed67.activation_only.npz \
	tests/data/seed/expected/x2_noavgpool_bn_seed67.ptq_per_channel.json \
	tests/data/seed/expected/x2_noavgpool_bn_seed67.ptq_per_channel.npz \
	tests/data/seed/expected/x2_noavgpool_bn_seed67.ptq_per_tensor.json \
	tests/data/seed/expected/x2_noavgpool_bn_seed67.ptq_per_tensor.npz \
	tests/data/seed/expected/x2_noavgpool_bn_seed67.qat.json \
	tests/data/seed/expected/x2_noavgpool_bn_seed67.qat.npz \
	tests/data/seed/expected/x2_noavgpool_bn_seed67.weight_only.json \
	tests/data/seed/expected/x2_noavgpool_bn_seed67.weight_only.npz \
	tests/data/seed/models/s1_multiple_ops_seed42.bn-op13.onnx \
	tests/data/seed/models/s2_multiple_ops_seed67.bn-op13.onnx \
	tests/data/seed/models/s3_noavgpool_seed67.bn-op13.onnx \
	tests/data/seed/models/s4_noavgpool_seed67_model0.bn-op13.onnx \
	tests/data/seed/models/s4_noavgpool_seed67_model1.bn-op13.onnx \
	tests/data/seed/models/x1_multiple_ops_bn_seed67.bn-op13.onnx \
	tests/data/seed/models/x2_noavgpool_bn_seed67.bn-op13.onnx \
	tests/data/seed/sqnr.json
