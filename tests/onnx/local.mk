# tests of src/onnx
check_PROGRAMS += %D%/export.t
%C%_export_t_SOURCES = %D%/export.c %D%/pb.h

check_PROGRAMS += %D%/external.t
%C%_external_t_SOURCES = %D%/external.c %D%/pb.h

check_PROGRAMS += %D%/import.t
%C%_import_t_SOURCES = %D%/import.c %D%/pb.h

check_PROGRAMS += %D%/rope.t
%C%_rope_t_SOURCES = %D%/rope.c

check_PROGRAMS += %D%/roundtrip.t
%C%_roundtrip_t_SOURCES = %D%/roundtrip.c

check_PROGRAMS += %D%/sparse.t
%C%_sparse_t_SOURCES = %D%/sparse.c %D%/pb.h

check_PROGRAMS += %D%/tensor_data.t
%C%_tensor_data_t_SOURCES = %D%/tensor_data.c %D%/pb.h

check_PROGRAMS += %D%/wire.t
%C%_wire_t_SOURCES = %D%/wire.c %D%/pb.h

dist_check_SCRIPTS += %D%/backend.t %D%/peer.t %D%/proto.t
