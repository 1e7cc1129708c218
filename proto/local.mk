# The ONNX schema and its generated code, in a library of its own without our warning flags.
noinst_LTLIBRARIES += %D%/libonnxproto.la
nodist_%C%_libonnxproto_la_SOURCES = %D%/onnx.pb-c.c %D%/onnx.pb-c.h
%C%_libonnxproto_la_SOURCES =
%C%_libonnxproto_la_CFLAGS = $(OQ_CFLAGS) $(SANITIZE_FLAGS) $(PROTOBUF_C_CFLAGS)

EXTRA_DIST += %D%/onnx.proto
BUILT_SOURCES += %D%/onnx.pb-c.h
CLEANFILES += %D%/onnx.pb-c.c %D%/onnx.pb-c.h

%D%/onnx.pb-c.c: $(srcdir)/%D%/onnx.proto
	$(AM_V_GEN)$(MKDIR_P) %D% && $(PROTOC_C) --proto_path=$(srcdir)/%D% --c_out=%D% $(srcdir)/%D%/onnx.proto

# The header is made by the rule above; one rule with two targets would run twice under make -j.
%D%/onnx.pb-c.h: %D%/onnx.pb-c.c
	@test -f $@ || { rm -f %D%/onnx.pb-c.c; $(MAKE) $(AM_MAKEFLAGS) %D%/onnx.pb-c.c; }
