# Broken input of every kind; each file is a libFuzzer target with a driver for make check.
check_PROGRAMS += %D%/import.t
%C%_import_t_SOURCES = %D%/import.c

dist_check_SCRIPTS += %D%/cli.t
