#include <stdio.h>

#include "base/map.h"
#include "tap/tap.h"

int main(void)
{
    static char names[5000][24];
    oq_map map = {0};
    int missing = 0, stale = 0;

    ok(oq_map_get(&map, "x") == NULL, "an empty map has nothing");
    for (int i = 0; i < 5000; i++) {
        snprintf(names[i], sizeof names[i], "value_%d", i);
        oq_map_put(&map, names[i], names[i]);
    }
    for (int i = 0; i < 5000; i += 2)
        oq_map_remove(&map, names[i]);
    for (int i = 0; i < 5000; i++) {
        if (i % 2 ? oq_map_get(&map, names[i]) != names[i] : oq_map_get(&map, names[i]) != NULL)
            missing++;
    }
    is_int(missing, 0, "what was put is found, what was removed is not");
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 5000; i += 2) {
            oq_map_put(&map, names[i], map.slots);
            stale += oq_map_get(&map, names[i]) == NULL;
            oq_map_remove(&map, names[i]);
        }
    }
    is_int(stale, 0, "deleted slots are used again");
    ok(map.n_slots <= 32768, "and do not make the table grow forever");
    oq_map_free(&map);
    return tap_done();
}
