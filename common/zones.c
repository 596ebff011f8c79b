// The zones of a directory: those names are looked for that zone_is_name takes, three folders deep at
// most, and files that do not begin like TZif are none.
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/digest.h"
#include "common/zone_inside.h"

enum { DEPTH_MAX = 3, PATH_MAX_BYTES = 4096, DIGEST_BYTES = 8, DIGESTS_MAX_BYTES = 1024 * 1024 };

struct zones {
    size_t count;
    struct zone *zones[ZONES_MAX]; // by name
};

// A directory on the way down; `prefix` is the name so far, with a slash at its end.
struct walk {
    struct zones *zones;
    const char *directory;
    struct strbuf *why;
};

static enum err take_file(struct walk *walk, struct view name)
{
    if (walk->zones->count == ZONES_MAX) {
        strbuf_printf(walk->why, "expected at most %d zones in %s", ZONES_MAX, walk->directory);
        return ERR_CONFIG;
    }
    struct zone *zone = NULL;
    size_t before = walk->why->n;
    enum err e = zone_open_file(&zone, name, walk->directory, walk->why);
    if (e == ERR_NONE) {
        walk->zones->zones[walk->zones->count++] = zone;
    } else if (e == ERR_NO_INPUT) {
        strbuf_truncate(walk->why, before);
        e = ERR_NONE;
    }
    return e;
}

static enum err take_directory(struct walk *walk, const char *prefix, int depth);

// Files and folders; whatever else there is, and what goes away meanwhile, is passed over.
static enum err take_entry(struct walk *walk, struct view name, int depth)
{
    struct strbuf path;
    strbuf_init(&path, PATH_MAX_BYTES);
    strbuf_printf(&path, "%s/%.*s", walk->directory, VIEW_ARGS(name));
    struct stat info;
    enum err e = path.failed;
    bool is_there = e == ERR_NONE && stat(path.p, &info) == 0;
    if (is_there && S_ISDIR(info.st_mode) && depth < DEPTH_MAX && !view_is(name, "posix") &&
            !view_is(name, "right")) {
        strbuf_reset(&path);
        strbuf_printf(&path, "%.*s/", VIEW_ARGS(name));
        e = path.failed != ERR_NONE ? path.failed : take_directory(walk, path.p, depth + 1);
    } else if (is_there && S_ISREG(info.st_mode)) {
        e = take_file(walk, name);
    }
    strbuf_fini(&path);
    return e;
}

static enum err take_directory(struct walk *walk, const char *prefix, int depth)
{
    struct strbuf text;
    strbuf_init(&text, PATH_MAX_BYTES);
    strbuf_printf(&text, "%s/%s", walk->directory, prefix);
    DIR *folder = text.failed == ERR_NONE ? opendir(text.p) : NULL;
    enum err e = text.failed;
    if (e == ERR_NONE && folder == NULL) {
        strbuf_printf(walk->why, "%s: %s", text.p, strerror(errno));
        e = ERR_CONFIG;
    }
    struct dirent *entry;
    while (e == ERR_NONE && (entry = readdir(folder)) != NULL) {
        strbuf_reset(&text);
        strbuf_printf(&text, "%s%s", prefix, entry->d_name);
        if (text.failed == ERR_NONE && zone_is_name(strbuf_view(&text))) {
            e = take_entry(walk, strbuf_view(&text), depth);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    strbuf_fini(&text);
    return e;
}

static int compare(const void *one, const void *other)
{
    const struct zone *const *a = one;
    const struct zone *const *b = other;
    return strcmp((*a)->name, (*b)->name);
}

enum err zones_open(struct zones **ret_zones, const char *directory, struct strbuf *why)
{
    struct zones *zones = calloc(1, sizeof *zones);
    if (zones == NULL) {
        return ERR_NO_MEMORY;
    }
    struct walk walk = {zones, directory, why};
    enum err e = take_directory(&walk, "", 0);
    if (e != ERR_NONE) {
        zones_destroy(zones);
        return e;
    }
    qsort(zones->zones, zones->count, sizeof(struct zone *), compare);
    *ret_zones = zones;
    return ERR_NONE;
}

void zones_destroy(struct zones *zones)
{
    if (zones != NULL) {
        for (size_t i = 0; i < zones->count; i++) {
            zone_destroy(zones->zones[i]);
        }
        free(zones);
    }
}

size_t zones_count(const struct zones *zones)
{
    return zones->count;
}

// As strcmp, of a name that is not ended by NUL.
static int compare_name(struct view name, const char *other)
{
    size_t n = strlen(other);
    int order = memcmp(name.p, other, name.n < n ? name.n : n);
    return order != 0 ? order : (name.n > n) - (name.n < n);
}

const struct zone *zones_find(const struct zones *zones, struct view name)
{
    size_t low = 0;
    size_t high = view_is_none(name) ? 0 : zones->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_name(name, zones->zones[middle]->name);
        if (order == 0) {
            return zones->zones[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

void zones_add_digest(struct strbuf *sb, const struct zones *zones)
{
    struct strbuf text;
    strbuf_init(&text, DIGESTS_MAX_BYTES);
    for (size_t i = 0; i < zones->count; i++) {
        strbuf_add_text(&text, zones->zones[i]->name);
        strbuf_add_byte(&text, ' ');
        zone_add_digest(&text, zones->zones[i]);
        strbuf_add_byte(&text, '\n');
    }
    digest_add_sha256_hex(sb, strbuf_view(&text), DIGEST_BYTES);
    strbuf_fini(&text);
}
