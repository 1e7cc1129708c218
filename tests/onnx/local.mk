# tests of src/onnx
check_PROGRAMS += %D%/roundtrip.t
%C%_roundtrip_t_SOURCES = %D%/roundtrip.c

dist_check_SCRIPTS += %D%/backend.t
