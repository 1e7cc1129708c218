# tests of src/op. A test that runs an operator links host.c: %C%_NAME_t_SOURCES = %D%/NAME.c $(OP_HOST)
OP_HOST = %D%/host.c %D%/host.h
