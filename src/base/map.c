#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct oq_map_slot {
    const char *key; /* NULL: never used */
    void *value;     /* NULL with a key: deleted */
    uint64_t hash;
};

/* FNV-1a, 64 bit: offset basis and prime of the published parameters. */
static uint64_t hash_name(const char *key)
{
    uint64_t h = 14695981039346656037u;

    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 1099511628211u;
    return h;
}

/* The slot that holds key, or the never-used slot where the search ended. */
static struct oq_map_slot *find(const oq_map *map, const char *key, uint64_t hash)
{
    size_t i = hash & (map->n_slots - 1);

    while (map->slots[i].key && (map->slots[i].hash != hash || strcmp(map->slots[i].key, key) != 0))
        i = (i + 1) & (map->n_slots - 1);
    return &map->slots[i];
}

static bool grow(oq_map *map)
{
    oq_map bigger = {0};

    bigger.n_slots = map->n_used * 4 < 64 ? 64 : map->n_slots;
    while (bigger.n_slots < map->n_used * 4)
        bigger.n_slots *= 2;
    bigger.slots = calloc(bigger.n_slots, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < map->n_slots; i++) {
        if (map->slots[i].value)
            *find(&bigger, map->slots[i].key, map->slots[i].hash) = map->slots[i];
    }
    bigger.n_used = bigger.n_filled = map->n_used;
    free(map->slots);
    *map = bigger;
    return true;
}

void *oq_map_get(const oq_map *map, const char *key)
{
    return map->n_slots ? find(map, key, hash_name(key))->value : NULL;
}

bool oq_map_put(oq_map *map, const char *key, void *value)
{
    uint64_t hash = hash_name(key);
    struct oq_map_slot *slot;

    if ((map->n_filled + 1) * 4 > map->n_slots * 3 && !grow(map))
        return false;
    slot = find(map, key, hash);
    if (!slot->key)
        map->n_filled++;
    if (!slot->value)
        map->n_used++;
    slot->key = key;
    slot->value = value;
    slot->hash = hash;
    return true;
}

void oq_map_remove(oq_map *map, const char *key)
{
    struct oq_map_slot *slot;

    if (!map->n_slots)
        return;
    slot = find(map, key, hash_name(key));
    if (slot->value) {
        slot->value = NULL;
        map->n_used--;
    }
}

void oq_map_free(oq_map *map)
{
    free(map->slots);
    *map = (oq_map){0};
}
