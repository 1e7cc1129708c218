/* map: hash table from names to pointers. Keys are borrowed and must outlive the map. */
#ifndef OQ_BASE_MAP_H
#define OQ_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

typedef struct oq_map {
    struct oq_map_slot *slots; /* heap */
    size_t n_slots;            /* a power of two, or 0 */
    size_t n_used;             /* live entries */
    size_t n_filled;           /* live and deleted entries */
} oq_map;

/* NULL when absent. */
void *oq_map_get(const oq_map *map, const char *key);
/* Insert or replace; false when out of memory. value must not be NULL. */
bool oq_map_put(oq_map *map, const char *key, void *value);
void oq_map_remove(oq_map *map, const char *key);
void oq_map_free(oq_map *map);

#endif
