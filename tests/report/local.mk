# tests of src/report
check_PROGRAMS += %D%/json.t
%C%_json_t_SOURCES = %D%/json.c $(quant_bench)

check_PROGRAMS += %D%/text.t
%C%_text_t_SOURCES = %D%/text.c $(quant_bench)
