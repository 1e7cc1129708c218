# Tests mirror src/: tests/ir/graph.c tests src/ir/graph.c and becomes tests/ir/graph.t.
# To add one: write tests/FOLDER/NAME.c and put tests/FOLDER/NAME.t in that folder's list.
check_LTLIBRARIES += %D%/libtap.la
%C%_libtap_la_SOURCES = %D%/tap/tap.c %D%/tap/tap.h
EXTRA_DIST += %D%/tap/tap.sh
# Programs built on demand only.
EXTRA_PROGRAMS =
LDADD = tests/libtap.la src/libonnxq_core.la

include tests/base/local.mk
include tests/bench/local.mk
include tests/ir/local.mk
include tests/onnx/local.mk
include tests/op/local.mk
include tests/kernel/local.mk
include tests/exec/local.mk
include tests/data/local.mk
include tests/quant/local.mk
include tests/pass/local.mk
include tests/verify/local.mk
include tests/report/local.mk
include tests/api/local.mk
include tests/cli/local.mk
include tests/dist/local.mk
include tests/seed/local.mk
include tests/backend/local.mk
include tests/fuzz/local.mk
