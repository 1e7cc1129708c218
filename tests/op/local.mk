# tests of src/op. A test that runs an operator links host.c: %C%_NAME_t_SOURCES = %D%/NAME.c $(OP_HOST)
OP_HOST = %D%/host.c %D%/host.h

check_PROGRAMS += %D%/elementwise.t
%C%_elementwise_t_SOURCES = %D%/elementwise.c $(OP_HOST)

check_PROGRAMS += %D%/shape.t
%C%_shape_t_SOURCES = %D%/shape.c $(OP_HOST)
