# libonnxq_core: every object, for the tests. libonnxq: the same, exporting OQ_API symbols only. onnx-q: the program.
noinst_LTLIBRARIES += %D%/libonnxq_core.la
lib_LTLIBRARIES += %D%/libonnxq.la
bin_PROGRAMS += onnx-q
include_HEADERS += %D%/onnxq.h
pkgconfig_DATA += %D%/onnxq.pc

%C%_libonnxq_core_la_SOURCES = %D%/onnxq.h
%C%_libonnxq_core_la_LIBADD = proto/libonnxproto.la $(KERNEL_LIBS) $(DEP_LIBS)
KERNEL_LIBS =
%C%_libonnxq_la_SOURCES =
%C%_libonnxq_la_LIBADD = %D%/libonnxq_core.la
%C%_libonnxq_la_LDFLAGS = -version-info 0:0:0 -no-undefined $(AM_LDFLAGS)
onnx_q_SOURCES =
onnx_q_LDADD = %D%/libonnxq.la

include src/base/local.mk
include src/ir/local.mk
include src/onnx/local.mk
include src/op/local.mk
include src/kernel/local.mk
include src/exec/local.mk
include src/data/local.mk
include src/quant/local.mk
include src/pass/local.mk
include src/verify/local.mk
include src/report/local.mk
include src/api/local.mk
include src/cli/local.mk
