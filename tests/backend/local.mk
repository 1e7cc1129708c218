# ONNX backend tests
check_PROGRAMS += %D%/node.t
%C%_node_t_SOURCES = %D%/case.c %D%/case.h %D%/node.c
EXTRA_DIST += %D%/expected.txt

clean-local: clean-backend-cases
.PHONY: clean-backend-cases
clean-backend-cases:
	rm -rf tests/backend/cases tests/backend/cases.new
