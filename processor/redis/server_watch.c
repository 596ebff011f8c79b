#include "redis/server_watch.h"

#include <stdio.h>
#include <string.h>

struct view info_field(struct view info, const char *name)
{
    size_t name_bytes = strlen(name);
    while (info.n > 0) {
        const char *end = memchr(info.p, '\n', info.n);
        size_t line_bytes = end != NULL ? (size_t)(end - info.p) : info.n;
        struct view line = {info.p, line_bytes};
        if (line.n > name_bytes && line.p[name_bytes] == ':' &&
                memcmp(line.p, name, name_bytes) == 0) {
            struct view value = view_skip(line, name_bytes + 1);
            if (value.n > 0 && value.p[value.n - 1] == '\r') {
                value.n--;
            }
            return value;
        }
        info = view_skip(info, end != NULL ? line_bytes + 1 : line_bytes);
    }
    return VIEW_NONE;
}

static bool read_count(struct view text, uint64_t *ret_count)
{
    uint64_t count = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || count > UINT64_MAX / 10 - 1) {
            return false;
        }
        count = count * 10 + (uint64_t)(text.p[i] - '0');
    }
    *ret_count = count;
    return text.n > 0;
}

bool server_watch_keys(struct view info, unsigned database, uint64_t *ret_count)
{
    char name[16];
    snprintf(name, sizeof name, "db%u", database);
    struct view line = info_field(info, name); // keys=2,expires=0,avg_ttl=0
    if (view_is_none(line)) {
        // A database without keys has no line of its own.
        static const char title[] = "# Keyspace";
        *ret_count = 0;
        return memmem(info.p, info.n, title, sizeof title - 1) != NULL;
    }
    if (!view_starts_with(line, VIEW("keys="))) {
        return false;
    }
    line = view_skip(line, strlen("keys="));
    const char *comma = memchr(line.p, ',', line.n);
    return read_count(
            comma != NULL ? (struct view){line.p, (size_t)(comma - line.p)} : line, ret_count);
}

static void remember_run(struct server_watch *watch, struct view run_id)
{
    memset(watch->run_id, 0, sizeof watch->run_id);
    memcpy(watch->run_id, run_id.p, run_id.n);
}

// Whether evictions are to be feared now.
static bool watch_eviction(struct server_watch *watch, struct view run_id, uint64_t evicted_keys,
        uint64_t generation, bool harmless_before)
{
    if (!watch->seen || !view_is(run_id, watch->run_id)) {
        watch->evicting = evicted_keys > 0 && !harmless_before;
    } else if (generation != 0 && watch->generation != 0 && generation != watch->generation) {
        watch->evicting = false;
    } else if (evicted_keys > watch->evicted_keys) {
        watch->evicting = true;
    }
    watch->seen = true;
    watch->evicted_keys = evicted_keys;
    if (generation != 0) {
        watch->generation = generation;
    }
    remember_run(watch, run_id);
    return watch->evicting;
}

const char *server_watch_look(
        struct server_watch *watch, struct view info, uint64_t generation, bool absence_shows)
{
    struct view run_id = info_field(info, "run_id");
    uint64_t evicted_keys = 0;
    watch->is_master = view_is(info_field(info, "role"), "master");
    if (view_is_none(run_id) || run_id.n == 0 || run_id.n >= sizeof watch->run_id) {
        return "INFO names no run_id";
    }
    if (!read_count(info_field(info, "evicted_keys"), &evicted_keys)) {
        return "INFO gives no evicted_keys";
    }
    bool never_evicts = view_is(info_field(info, "maxmemory_policy"), "noeviction");
    bool evicting =
            watch_eviction(watch, run_id, evicted_keys, generation, absence_shows || never_evicts);
    if (!watch->is_master) {
        return "the server is a replica";
    }
    if (!view_is(info_field(info, "loading"), "0")) {
        return "the server is loading its data";
    }
    return evicting ? "the server is evicting: it has dropped keys for want of memory since this "
                      "generation was "
                      "loaded"
                    : NULL;
}
