# tests of src/ir
check_PROGRAMS += %D%/clone.t
%C%_clone_t_SOURCES = %D%/clone.c

check_PROGRAMS += %D%/dtype.t
%C%_dtype_t_SOURCES = %D%/dtype.c

check_PROGRAMS += %D%/graph.t
%C%_graph_t_SOURCES = %D%/graph.c

check_PROGRAMS += %D%/shape.t
%C%_shape_t_SOURCES = %D%/shape.c

check_PROGRAMS += %D%/tensor.t
%C%_tensor_t_SOURCES = %D%/tensor.c
