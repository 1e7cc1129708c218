# tests of src/exec
TOY = %D%/toy.c %D%/toy.h
NETS = %D%/conv_graphs.c %D%/conv_graphs.h
QDQ = %D%/qdq.c %D%/qdq.h

check_PROGRAMS += %D%/control.t
%C%_control_t_SOURCES = %D%/control.c $(TOY)

CHAIN = %D%/chain.c %D%/chain.h

check_PROGRAMS += %D%/fuse_matmul.t
%C%_fuse_matmul_t_SOURCES = %D%/fuse_matmul.c $(CHAIN)

check_PROGRAMS += %D%/fuse_rows.t
%C%_fuse_rows_t_SOURCES = %D%/fuse_rows.c $(CHAIN)

check_PROGRAMS += %D%/fuse.t
%C%_fuse_t_SOURCES = %D%/fuse.c $(NETS)

check_PROGRAMS += %D%/integer.t
%C%_integer_t_SOURCES = %D%/integer.c %D%/integer_ref.c %D%/integer_ref.h $(QDQ)

check_PROGRAMS += %D%/fuse_codes.t
%C%_fuse_codes_t_SOURCES = %D%/fuse_codes.c $(QDQ)

check_PROGRAMS += %D%/integer_conv.t
%C%_integer_conv_t_SOURCES = %D%/integer_conv.c $(QDQ)

check_PROGRAMS += %D%/integer_max_pool.t
%C%_integer_max_pool_t_SOURCES = %D%/integer_max_pool.c $(QDQ)

check_PROGRAMS += %D%/integer_pair.t
%C%_integer_pair_t_SOURCES = %D%/integer_pair.c $(QDQ)

check_PROGRAMS += %D%/integer_pool.t
%C%_integer_pool_t_SOURCES = %D%/integer_pool.c $(QDQ)

check_PROGRAMS += %D%/integer_table.t
%C%_integer_table_t_SOURCES = %D%/integer_table.c $(QDQ)

check_PROGRAMS += %D%/layout.t
%C%_layout_t_SOURCES = %D%/layout.c $(NETS)

check_PROGRAMS += %D%/layout_cut.t
%C%_layout_cut_t_SOURCES = %D%/layout_cut.c

check_PROGRAMS += %D%/memory.t
%C%_memory_t_SOURCES = %D%/memory.c

check_PROGRAMS += %D%/one_node.t
%C%_one_node_t_SOURCES = %D%/one_node.c $(TOY)

check_PROGRAMS += %D%/program.t
%C%_program_t_SOURCES = %D%/program.c $(TOY)

check_PROGRAMS += %D%/rows.t
%C%_rows_t_SOURCES = %D%/rows.c

check_PROGRAMS += %D%/run.t
%C%_run_t_SOURCES = %D%/run.c $(TOY)

check_PROGRAMS += %D%/step_work.t
%C%_step_work_t_SOURCES = %D%/step_work.c
check_PROGRAMS += %D%/sequence_map.t
%C%_sequence_map_t_SOURCES = %D%/sequence_map.c $(TOY)

# Not a test: what scripts/compare_ort.py runs. Built on demand: make tests/exec/run_model
EXTRA_PROGRAMS += %D%/run_model
%C%_run_model_SOURCES = %D%/run_model.c %D%/outputs.c %D%/outputs.h
%C%_run_model_LDADD = src/libonnxq_core.la
