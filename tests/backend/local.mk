# ONNX backend tests
check_PROGRAMS += %D%/node.t
%C%_node_t_SOURCES = %D%/case.c %D%/case.h %D%/node.c
EXTRA_DIST += %D%/expected.txt

clean-local: clean-backend-cases
.PHONY: clean-backend-cases
clean-backend-cases:
	rm -rf tests/backend/cases tests/backend/cases.new

# Random operators against ONNX Runtime; run_cases is what the script runs. differential/ keeps what was wrong once.
dist_check_SCRIPTS += %D%/differential_ort.t
check_PROGRAMS += %D%/differential.t
%C%_differential_t_SOURCES = %D%/case.c %D%/case.h %D%/differential.c
EXTRA_PROGRAMS += %D%/run_cases
CLEANFILES += %D%/run_cases$(EXEEXT)
%C%_run_cases_SOURCES = %D%/run_cases.c tests/exec/outputs.c tests/exec/outputs.h
%C%_run_cases_LDADD = src/libonnxq_core.la
%D%/differential_ort.log: %D%/run_cases$(EXEEXT)
EXTRA_DIST += %D%/differential
