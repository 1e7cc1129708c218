# tests of src/quant
check_PROGRAMS += %D%/observer.t
%C%_observer_t_SOURCES = %D%/observer.c

check_PROGRAMS += %D%/qparams.t
%C%_qparams_t_SOURCES = %D%/qparams.c
