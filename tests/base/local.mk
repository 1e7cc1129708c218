# tests of src/base
check_PROGRAMS += %D%/arena.t
%C%_arena_t_SOURCES = %D%/arena.c

check_PROGRAMS += %D%/file.t
%C%_file_t_SOURCES = %D%/file.c

check_PROGRAMS += %D%/map.t
%C%_map_t_SOURCES = %D%/map.c

check_PROGRAMS += %D%/pool.t
%C%_pool_t_SOURCES = %D%/pool.c

check_PROGRAMS += %D%/diag.t
%C%_diag_t_SOURCES = %D%/diag.c

check_PROGRAMS += %D%/sha256.t
%C%_sha256_t_SOURCES = %D%/sha256.c
