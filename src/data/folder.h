/* folder: the sample files of a folder, in order. */
#ifndef OQ_DATA_FOLDER_H
#define OQ_DATA_FOLDER_H

#include "data/source.h"

/* Does the name end so, in any case? extension with its dot. */
bool oq_has_extension(const char *name, const char *extension);
/* Entries of a folder whose names keep() likes (files and folders alike), sorted byte by byte, names in arena
 * without the folder. Hidden entries are left out. OQ_IO; OQ_LIMIT: more than a million. */
typedef bool oq_folder_keep(const char *name);
oq_status oq_folder_list(const char *path, oq_folder_keep *keep, oq_arena *arena, const char ***names,
                         size_t *n, oq_diag *diag);
/* Which form of samples a folder holds. OQ_ARG: none, or more than one. */
oq_status oq_folder_form(const char *path, const oq_source **out, oq_diag *diag);

/* What keep() takes for each form. */
bool oq_is_image_name(const char *name); /* .jpg .jpeg .png */
bool oq_is_array_name(const char *name); /* .npz .npy .pb */
bool oq_is_set_name(const char *name);   /* test_data_set_N */
bool oq_is_input_name(const char *name); /* input_K.pb */
/* The number in test_data_set_N or input_K.pb, -1 for another name. */
long oq_name_number(const char *name, const char *prefix, const char *suffix);

#endif
