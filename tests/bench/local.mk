# Not tests: what scripts/bench runs. Built on demand: make bench-tools
BENCH_TOOLS = %D%/bench_child %D%/bench_model %D%/bench_peak
EXTRA_PROGRAMS += $(BENCH_TOOLS)
CLEANFILES += $(BENCH_TOOLS)
%C%_bench_child_SOURCES = %D%/bench_child.c
%C%_bench_child_LDADD =
%C%_bench_model_SOURCES = %D%/bench_model.c tests/exec/outputs.c tests/exec/outputs.h
%C%_bench_model_LDADD = src/libonnxq_core.la
%C%_bench_peak_SOURCES = %D%/bench_peak.c
%C%_bench_peak_LDADD = src/libonnxq_core.la

.PHONY: bench-tools
bench-tools: $(BENCH_TOOLS) onnx-q$(EXEEXT)
