#include "policy/lists.h"

#include <stdlib.h>

#include "common/digest.h"
#include "common/room.h"
#include "model/event.h"

// The object of a key: a scope's kind, or a recipient.
enum { OBJECT_RECIPIENT = SCOPE_KIND_COUNT, KEY_MAX_BYTES = 2 + 2 + 2 * (ID_MAX_BYTES + 1) };

// Which lists have one key, until when: 0 = not.
struct list_row {
    int64_t until_ms[LIST_KIND_COUNT];
};

const char *const list_kind_names[] = {"allow", "override", "block", NULL};

enum err lists_add(struct lists *lists, const struct list_entry *entry)
{
    if (lists->count == LISTS_MAX) {
        return ERR_CEILING;
    }
    struct list_entry *entries =
            room_for_row(lists->entries, lists->count, &lists->capacity, 16, sizeof *entries);
    if (entries == NULL) {
        return ERR_NO_MEMORY;
    }
    lists->entries = entries;
    lists->entries[lists->count++] = *entry;
    return ERR_NONE;
}

void list_entry_release(struct list_entry *entry)
{
    free(entry->tenant);
    free(entry->recipient);
    for (size_t i = 0; i < sizeof entry->names / sizeof *entry->names; i++) {
        free(entry->names[i]);
    }
    free(entry->reason);
    free(entry->owner);
    free(entry->expires);
    *entry = (struct list_entry){0};
}

void lists_clear(struct lists *lists)
{
    for (uint32_t i = 0; i < lists->count; i++) {
        list_entry_release(&lists->entries[i]);
    }
    free(lists->entries);
    free(lists->rows);
    hashmap_destroy(lists->index);
    *lists = (struct lists){0};
}

// --- the index --------------------------------------------------------------------------------

// The key of an object, of one tenant or (none) of all.
static struct view key_of(
        char buffer[KEY_MAX_BYTES], unsigned object, struct view tenant, struct view id)
{
    size_t tenant_n = view_is_none(tenant) ? 0 : tenant.n;
    if (tenant_n > ID_MAX_BYTES || id.n > ID_MAX_BYTES) {
        return VIEW_NONE;
    }
    buffer[0] = (char)object;
    buffer[1] = (char)!view_is_none(tenant);
    buffer[2] = (char)(tenant_n >> 8);
    buffer[3] = (char)(tenant_n & 0xff);
    if (tenant_n > 0) {
        memcpy(buffer + 4, tenant.p, tenant_n);
    }
    memcpy(buffer + 4 + tenant_n, id.p, id.n);
    return view_bytes(buffer, 4 + tenant_n + id.n);
}

static unsigned kind_bit(unsigned object, bool of_tenant)
{
    return 1u << (2 * object + of_tenant);
}

// What an entry is about: its object's kind and id. A tenant alone is about all of it.
static struct view object_of(const struct list_entry *entry, unsigned *ret_object)
{
    if (entry->recipient != NULL) {
        *ret_object = OBJECT_RECIPIENT;
        return view_bytes((const char *)entry->tag, sizeof entry->tag);
    }
    for (unsigned kind = SCOPE_CAMPAIGN; kind <= SCOPE_VENDOR; kind++) {
        if (entry->names[kind] != NULL) {
            *ret_object = kind;
            return view_of(entry->names[kind]);
        }
    }
    *ret_object = SCOPE_TENANT;
    return view_of(entry->tenant);
}

static enum err index_entry(struct lists *lists, const struct list_entry *entry)
{
    char buffer[KEY_MAX_BYTES];
    unsigned object;
    struct view id = object_of(entry, &object);
    struct view tenant = entry->tenant != NULL ? view_of(entry->tenant) : VIEW_NONE;
    struct view key = key_of(buffer, object, tenant, id);
    uint32_t row = hashmap_find(lists->index, key);
    if (row == HASHMAP_ABSENT) {
        row = lists->row_count;
        enum err e = hashmap_put(lists->index, key, row);
        if (e != ERR_NONE) {
            return e;
        }
        lists->row_count++;
    }
    lists->kinds |= kind_bit(object, entry->tenant != NULL);
    int64_t *until_ms = &lists->rows[row].until_ms[entry->list + 1];
    *until_ms = entry->until_ms > *until_ms ? entry->until_ms : *until_ms;
    return ERR_NONE;
}

enum err lists_build(struct lists *lists)
{
    if (lists->count == 0) {
        return ERR_NONE;
    }
    lists->index = hashmap_create(LISTS_MAX);
    lists->rows = calloc(lists->count, sizeof *lists->rows);
    enum err e = lists->index != NULL && lists->rows != NULL ? ERR_NONE : ERR_NO_MEMORY;
    for (uint32_t i = 0; i < lists->count && e == ERR_NONE; i++) {
        e = index_entry(lists, &lists->entries[i]);
    }
    return e;
}

// --- who is on them ---------------------------------------------------------------------------

static enum list_kind find_key(const struct lists *lists, unsigned object, struct view tenant,
        struct view id, int64_t at_ms)
{
    if ((lists->kinds & kind_bit(object, !view_is_none(tenant))) == 0 || view_is_none(id)) {
        return LIST_NONE;
    }
    char buffer[KEY_MAX_BYTES];
    struct view key = key_of(buffer, object, tenant, id);
    uint32_t row = view_is_none(key) ? HASHMAP_ABSENT : hashmap_find(lists->index, key);
    enum list_kind kind = row == HASHMAP_ABSENT ? LIST_NONE : LIST_BLOCK;
    while (kind > LIST_NONE && lists->rows[row].until_ms[kind] <= at_ms) {
        kind--;
    }
    return kind;
}

enum list_kind lists_find(
        const struct lists *lists, const struct list_subject *subject, int64_t at_ms)
{
    enum list_kind found = LIST_NONE;
    for (unsigned object = 0; object <= OBJECT_RECIPIENT && lists->kinds != 0; object++) {
        struct view id = object < SCOPE_KIND_COUNT ? subject->ids[object] : VIEW_NONE;
        if (object == OBJECT_RECIPIENT && subject->recipient != NULL) {
            id = view_bytes((const char *)subject->recipient, LIST_RECIPIENT_BYTES);
        }
        enum list_kind of_tenant = find_key(lists, object, subject->tenant_id, id, at_ms);
        enum list_kind of_all = find_key(lists, object, VIEW_NONE, id, at_ms);
        found = of_tenant > found ? of_tenant : found;
        found = of_all > found ? of_all : found;
    }
    return found;
}

// --- the canonical text -----------------------------------------------------------------------

static void add_entry(struct strbuf *text, const struct list_entry *entry)
{
    unsigned object;
    (void)object_of(entry, &object);
    struct json_out out;
    json_begin(&out, text);
    json_object(&out, NULL);
    json_text(&out, "list", list_kind_names[entry->list]);
    json_text(&out, "kind", object == OBJECT_RECIPIENT ? "recipient" : scope_kind_names[object]);
    json_text(&out, "id",
            object == OBJECT_RECIPIENT ? entry->recipient
            : object == SCOPE_TENANT   ? entry->tenant
                                       : entry->names[object]);
    json_string_or_null(&out, "tenant", entry->tenant != NULL ? view_of(entry->tenant) : VIEW_NONE);
    json_text(&out, "reason", entry->reason);
    json_text(&out, "owner", entry->owner);
    json_int(&out, "until_ms", entry->until_ms);
    json_object_end(&out);
    strbuf_add_byte(text, '\n');
}

void lists_add_canonical(const struct lists *lists, struct json_out *out)
{
    if (lists->count == 0) {
        return;
    }
    struct strbuf text;
    struct strbuf hex;
    strbuf_init(&text, (size_t)64 * 1024 * 1024);
    strbuf_init(&hex, 64);
    for (uint32_t i = 0; i < lists->count; i++) {
        add_entry(&text, &lists->entries[i]);
    }
    digest_add_sha256_hex(&hex, strbuf_view(&text), 16);
    json_string(out, "lists", strbuf_view(&hex));
    if (text.failed != ERR_NONE || hex.failed != ERR_NONE) {
        out->sb->failed = text.failed != ERR_NONE ? text.failed : hex.failed;
    }
    strbuf_fini(&text);
    strbuf_fini(&hex);
}
