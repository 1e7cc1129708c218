# tests of src/api; samples.c loads and converts the bundled models
api_samples = %D%/samples.c %D%/samples.h tests/pass/bench.c tests/pass/bench.h

check_PROGRAMS += %D%/convert.t
%C%_convert_t_SOURCES = %D%/convert.c $(api_samples)
