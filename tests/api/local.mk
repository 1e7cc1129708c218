# tests of src/api; samples.c loads and converts the bundled models
api_samples = %D%/samples.c %D%/samples.h tests/pass/bench.c tests/pass/bench.h

dist_check_SCRIPTS += %D%/ort.t
EXTRA_DIST += %D%/ort.py

check_PROGRAMS += %D%/convert.t
%C%_convert_t_SOURCES = %D%/convert.c $(api_samples)

check_PROGRAMS += %D%/check_model.t
%C%_check_model_t_SOURCES = %D%/check_model.c $(api_samples)

check_PROGRAMS += %D%/common.t
%C%_common_t_SOURCES = %D%/common.c $(api_samples)

check_PROGRAMS += %D%/compare.t
%C%_compare_t_SOURCES = %D%/compare.c $(api_samples)

check_PROGRAMS += %D%/inspect.t
%C%_inspect_t_SOURCES = %D%/inspect.c $(api_samples)

check_PROGRAMS += %D%/judge.t
%C%_judge_t_SOURCES = %D%/judge.c $(api_samples)

check_PROGRAMS += %D%/recipe.t
%C%_recipe_t_SOURCES = %D%/recipe.c $(api_samples)

check_PROGRAMS += %D%/session.t
%C%_session_t_SOURCES = %D%/session.c $(api_samples)

check_PROGRAMS += %D%/tables.t
%C%_tables_t_SOURCES = %D%/tables.c $(api_samples)

check_PROGRAMS += %D%/model.t
%C%_model_t_SOURCES = %D%/model.c

check_PROGRAMS += %D%/profile_text.t
%C%_profile_text_t_SOURCES = %D%/profile_text.c
