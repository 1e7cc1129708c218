check_PROGRAMS += %D%/npy.t
%C%_npy_t_SOURCES = %D%/npy.c %D%/fixture.c %D%/fixture.h
check_PROGRAMS += %D%/npz.t
%C%_npz_t_SOURCES = %D%/npz.c %D%/fixture.c %D%/fixture.h
check_PROGRAMS += %D%/dataset.t
%C%_dataset_t_SOURCES = %D%/dataset.c %D%/fixture.c %D%/fixture.h
