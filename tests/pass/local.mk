# tests of src/pass; bench.c builds small models
check_PROGRAMS += %D%/drop_dead.t
%C%_drop_dead_t_SOURCES = %D%/drop_dead.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/fuse_batchnorm.t
%C%_fuse_batchnorm_t_SOURCES = %D%/fuse_batchnorm.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/fuse_matmul_add.t
%C%_fuse_matmul_add_t_SOURCES = %D%/fuse_matmul_add.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/pipeline.t
%C%_pipeline_t_SOURCES = %D%/pipeline.c %D%/bench.c %D%/bench.h

check_PROGRAMS += %D%/remove_noops.t
%C%_remove_noops_t_SOURCES = %D%/remove_noops.c %D%/bench.c %D%/bench.h

# reads a model, runs passes, writes it: for the script tests
noinst_PROGRAMS += %D%/lift
%C%_lift_SOURCES = %D%/lift.c

dist_check_SCRIPTS += %D%/raise_opset.t
EXTRA_DIST += %D%/raise_opset.py
