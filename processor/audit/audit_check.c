#include "audit/audit_check.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit_dir.h"
#include "audit/audit_own.h"
#include "common/arena.h"
#include "common/digest.h"
#include "common/json_scan.h"

enum {
    PATH_MAX_BYTES = 8192,
    WHAT_MAX_BYTES = 1024,
    NAME_MAX_BYTES = 64,
    ARENA_BYTES = 4 * AUDIT_LINE_MAX_BYTES,
};

struct walk {
    const struct audit_check *check;
    struct audit_summary *sum;
    struct json_pointers *fields;
    struct arena *arena;
    struct strbuf what;
    const char *name;  // of the file in hand
    uint64_t line;     // in it
    bool is_last_file; // its last line may just be being written
    bool may_be_empty;
    uint64_t expected;  // the number of the next record
    uint64_t last_good; // of the last one that was as it should be
    bool knows_prev;    // the line before was, so that the next must follow it
    bool tells_unkeyed; // once a file
    bool tells_key;     // once a file
    bool is_of_log;     // whose files have one key each: custody.ndjson goes on under a new one
    bool was_keyed;     // some line before was written with a key ...
    bool was_current;   // ... with the current one
    bool is_unkeyed;    // some line of the file was written without
    bool is_replaced[AUDIT_KEYS_MAX];
    const struct audit_key *file_key; // of the last line of the file that has one; NULL = none has
    const struct audit_key *last_key; // the same of all lines, but for those by a replaced one
    bool lacks_key;                   // no key is given, and the log has said that it has one
    bool lacks_custody;               // which is told once
    uint64_t strangers;               // lines that no key at hand has written
    uint8_t prev[SHA256_BYTES];
    const struct audit_key *key; // that the last line was written with
    bool head_found[AUDIT_HEADS_MAX];
};

static void find(struct walk *walk, uint64_t seq, const char *what)
{
    walk->sum->faults++;
    walk->check->found(walk->check->self, walk->name, walk->line, seq, what);
}

// --- one line ----------------------------------------------------------------------------------

enum signer { BY_KEY, BY_NOBODY, BY_STRANGER };

static enum signer signer_of(struct walk *walk, struct view text, const struct audit_line *line)
{
    uint8_t mac[SHA256_BYTES];
    const struct audit_keys *keys = walk->check->keys;
    for (size_t i = 0; i <= keys->count; i++) { // the last line's own first
        const struct audit_key *key = i == 0 ? walk->key : &keys->keys[i - 1];
        if (key != NULL) {
            audit_line_sign(text, key->mac, mac);
            if (memcmp(mac, line->mac, sizeof mac) == 0) {
                walk->key = key;
                return BY_KEY;
            }
        }
    }
    audit_line_sign(text, NULL, mac);
    return memcmp(mac, line->mac, sizeof mac) == 0 ? BY_NOBODY : BY_STRANGER;
}

// A key that was replaced may be in other hands by now.
static void check_key(struct walk *walk, const struct audit_line *line)
{
    const struct audit_keys *keys = walk->check->keys;
    const struct audit_key *key = walk->key;
    const bool is_current = keys->knows_current && key == audit_keys_current(keys);
    const bool is_replaced =
            walk->is_replaced[key - keys->keys] || (walk->was_current && !is_current);
    const bool is_other = walk->is_of_log && ((walk->file_key != NULL && key != walk->file_key) ||
                                                     (walk->is_unkeyed && walk->tells_unkeyed));
    if (walk->tells_key && (is_replaced || is_other)) {
        find(walk, line->seq,
                is_replaced
                        ? "from here on it is written with a key that was replaced before"
                        : "from here on it is written with another key than the file before it");
        walk->tells_key = false;
    }
    if (!is_replaced && walk->last_key != NULL && key != walk->last_key) {
        walk->is_replaced[walk->last_key - keys->keys] = true;
    }
    walk->last_key = is_replaced ? walk->last_key : key;
    walk->file_key = key;
    walk->was_keyed = true;
    walk->was_current = walk->was_current || is_current;
}

// The name of the key in the line that begins a file, whose chain nobody has checked: none of what could not
// be printed.
static struct view key_id_of(const struct audit_line *line)
{
    struct view record = line->record;
    struct json_value key;
    struct json_value value;
    if (!view_is(line->type, "audit.begun") || view_is_none(record) || record.p[0] != '{') {
        return VIEW_NONE;
    }
    while (json_object_take(&record, &key, &value)) {
        if (view_is(key.raw, "key_id") && value.kind == JSON_STRING && value.raw.n > 0 &&
                value.raw.n <= AUDIT_KEY_ID_MAX_BYTES) {
            for (size_t i = 0; i < value.raw.n; i++) {
                if (value.raw.p[i] <= ' ' || value.raw.p[i] > '~') {
                    return VIEW_NONE;
                }
            }
            return value.raw;
        }
    }
    return VIEW_NONE;
}

// Without any key nothing of a keyed log can be checked, which is told once and not of each record.
static void find_stranger(struct walk *walk, const struct audit_line *line)
{
    struct view key_id = walk->check->keys->count == 0 ? key_id_of(line) : VIEW_NONE;
    if (walk->lacks_key) {
        return;
    }
    if (!view_is_none(key_id)) {
        walk->lacks_key = true;
        strbuf_reset(&walk->what);
        strbuf_printf(&walk->what, "this log is keyed (%.*s): give --key or -c", VIEW_ARGS(key_id));
        find(walk, line->seq, walk->what.p != NULL ? walk->what.p : "this log is keyed");
        return;
    }
    // A chain that does not say that it has a key: one line for all of it.
    if (!walk->is_of_log && walk->check->keys->count == 0 && walk->strangers++ > 0) {
        return;
    }
    find(walk, walk->expected,
            walk->check->keys->count > 0
                    ? "the record was changed, or written with a key that is not at hand"
                    : "the record was changed, or needs a key: none is given");
}

// Whether it was written by who may. A log that wants a key is told so once a file.
static bool check_signer(struct walk *walk, struct view text, const struct audit_line *line)
{
    const bool has_keys = walk->check->keys->count > 0;
    enum signer signer = signer_of(walk, text, line);
    walk->sum->is_keyed = walk->sum->is_keyed && signer == BY_KEY;
    if (signer == BY_STRANGER) {
        find_stranger(walk, line);
        return false;
    }
    if (signer == BY_KEY) {
        check_key(walk, line);
    } else if (has_keys && walk->tells_unkeyed &&
               (!walk->check->allows_unkeyed || walk->was_keyed)) {
        find(walk, line->seq, "from here on it is written without a key: anybody can have done so");
        walk->tells_unkeyed = false;
    }
    walk->is_unkeyed = walk->is_unkeyed || signer == BY_NOBODY;
    return true;
}

static void check_number(struct walk *walk, const struct audit_line *line)
{
    strbuf_reset(&walk->what);
    if (line->seq > walk->expected) {
        strbuf_printf(&walk->what, "records %llu to %llu are missing before it",
                (unsigned long long)walk->expected, (unsigned long long)line->seq - 1);
    } else if (line->seq < walk->expected && (walk->knows_prev || line->seq <= walk->last_good)) {
        strbuf_printf(&walk->what, "it is out of order: record %llu was to follow",
                (unsigned long long)walk->expected);
    }
    if (walk->what.n > 0) {
        find(walk, line->seq, walk->what.p);
    } else if (walk->knows_prev && memcmp(line->prev, walk->prev, sizeof walk->prev) != 0) {
        find(walk, line->seq, "it does not follow the record before it");
    }
}

static void check_removal(struct walk *walk, const struct audit_line *line)
{
    const struct audit_check *check = walk->check;
    if (!view_is_none(line->record)) {
        return;
    }
    if (check->is_removed != NULL && check->is_removed(check->self, line->seq)) {
        walk->sum->removed++;
    } else {
        find(walk, line->seq, "its content was taken out, and no account tells of it");
    }
}

// An account or a hold that the log has seen in custody.ndjson stays there.
static void check_custody(struct walk *walk, const struct audit_line *line)
{
    const struct audit_check *check = walk->check;
    if (check->has_custody == NULL || walk->lacks_custody || line->kind != AUDIT_LOG ||
            !view_is(line->type, "audit.begun")) {
        return;
    }
    const struct audit_custody custody = audit_begun_custody(line->record);
    if (custody.seq > 0 && !check->has_custody(check->self, custody.seq, custody.mac)) {
        strbuf_reset(&walk->what);
        strbuf_printf(&walk->what,
                "record %llu of " AUDIT_CUSTODY_FILE ", which stood there when this file began, is "
                "not there any more: its end was cut off",
                (unsigned long long)custody.seq);
        find(walk, line->seq, walk->what.p != NULL ? walk->what.p : "custody.ndjson was cut off");
        walk->lacks_custody = true;
    }
}

static void match_heads(struct walk *walk, const struct audit_line *line)
{
    for (size_t i = 0; i < walk->check->head_count; i++) {
        const char *head = walk->check->heads[i];
        if (audit_head_is_of_custody(head) != walk->is_of_log) {
            walk->head_found[i] = walk->head_found[i] || audit_head_has(head, line->mac);
        }
    }
}

static void note_line(struct walk *walk, const struct audit_line *line)
{
    struct audit_summary *sum = walk->sum;
    if (sum->records == 0) {
        sum->first_seq = line->seq;
        sum->first_at_ms = line->at_ms;
    }
    sum->records++;
    sum->last_seq = line->seq;
    sum->last_at_ms = line->at_ms;
    memcpy(sum->head, line->mac, sizeof sum->head);
    sum->is_ended = line->kind == AUDIT_LOG && view_is(line->type, "audit.ended");
}

static enum err check_line(struct walk *walk, struct view text)
{
    struct audit_line line;
    arena_reset(walk->arena);
    const char *why = audit_line_read(walk->fields, text, walk->arena, &line);
    if (why != NULL) {
        find(walk, walk->expected, why);
    }
    if (why != NULL || !check_signer(walk, text, &line)) {
        walk->expected++;
        walk->knows_prev = false;
        return ERR_NONE;
    }
    check_number(walk, &line);
    walk->expected = line.seq + 1;
    walk->last_good = line.seq;
    walk->knows_prev = true;
    memcpy(walk->prev, line.mac, sizeof walk->prev);
    match_heads(walk, &line);
    note_line(walk, &line);
    if (!audit_line_has_its_record(&line)) {
        find(walk, line.seq, "its content is not the one that was recorded");
        return ERR_NONE;
    }
    check_removal(walk, &line);
    check_custody(walk, &line);
    return walk->check->visit != NULL ? walk->check->visit(walk->check->self, walk->name, &line)
                                      : ERR_NONE;
}

// --- files -------------------------------------------------------------------------------------

static enum err check_lines(struct walk *walk, struct audit_text *text)
{
    struct view bytes;
    bool is_ended;
    enum err e;
    while ((e = audit_text_next(text, &bytes, &is_ended)) == ERR_NONE && !view_is_none(bytes)) {
        walk->line = text->number;
        if (!is_ended && walk->is_last_file && walk->sum->is_written) {
            return ERR_NONE;
        }
        if (!is_ended) {
            find(walk, walk->expected, "it is cut off: there is no end of line behind it");
        }
        e = check_line(walk, bytes);
        if (e != ERR_NONE) {
            return e;
        }
    }
    if (e == ERR_NONE && text->number == 0 && !walk->may_be_empty &&
            !(walk->is_last_file && walk->sum->is_written)) {
        find(walk, walk->expected, "the file is empty");
    }
    return e;
}

static enum err check_one_file(struct walk *walk, struct strbuf *ret_why)
{
    struct strbuf path;
    struct audit_text text;
    strbuf_init(&path, PATH_MAX_BYTES);
    audit_path_add(&path, walk->check->directory, walk->name);
    walk->line = 0;
    walk->tells_unkeyed = walk->tells_key = true;
    walk->file_key = NULL;
    walk->is_unkeyed = false;
    enum err e = path.failed;
    if (e == ERR_NONE) {
        e = audit_text_open(&text, path.p, ret_why);
        e = e != ERR_NONE ? e : check_lines(walk, &text);
        audit_text_close(&text);
        walk->sum->files++;
    }
    strbuf_fini(&path);
    return e;
}

static enum err walk_begin(
        struct walk *walk, const struct audit_check *check, struct audit_summary *sum)
{
    *walk = (struct walk){
            .check = check, .sum = sum, .name = "", .expected = 1, .knows_prev = true};
    *sum = (struct audit_summary){.is_keyed = true};
    strbuf_init(&walk->what, WHAT_MAX_BYTES);
    walk->arena = arena_create(ARENA_BYTES);
    return walk->arena != NULL ? audit_line_fields(&walk->fields) : ERR_NO_MEMORY;
}

static void walk_end(struct walk *walk)
{
    if (walk->fields != NULL) {
        json_pointers_destroy(walk->fields);
    }
    arena_destroy(walk->arena);
    strbuf_fini(&walk->what);
}

static void check_heads(struct walk *walk)
{
    walk->name = "";
    walk->line = 0;
    for (size_t i = 0; i < walk->check->head_count; i++) {
        if (!walk->head_found[i] &&
                audit_head_is_of_custody(walk->check->heads[i]) != walk->is_of_log) {
            strbuf_reset(&walk->what);
            strbuf_printf(&walk->what,
                    "the place %.200s is not in %s: its end was cut off, or it is another log",
                    walk->check->heads[i], walk->is_of_log ? "the log" : AUDIT_CUSTODY_FILE);
            find(walk, 0, walk->what.p != NULL ? walk->what.p : "a place is not in the log");
        }
    }
}

static enum err check_files(
        struct walk *walk, const struct audit_files *files, struct strbuf *ret_why)
{
    struct strbuf name;
    strbuf_init(&name, NAME_MAX_BYTES);
    enum err e = ERR_NONE;
    for (size_t i = 0; i < files->count && e == ERR_NONE; i++) {
        uint32_t wanted = i == 0 ? 1 : files->numbers[i - 1] + 1;
        for (; wanted < files->numbers[i]; wanted++) {
            strbuf_reset(&name);
            audit_file_name_add(&name, wanted);
            walk->name = name.p;
            walk->line = 0;
            find(walk, 0, "the file is missing");
        }
        strbuf_reset(&name);
        audit_file_name_add(&name, files->numbers[i]);
        walk->name = name.p;
        walk->is_last_file = i + 1 == files->count;
        e = name.failed != ERR_NONE ? name.failed : check_one_file(walk, ret_why);
    }
    walk->name = "";
    strbuf_fini(&name);
    return e;
}

enum err audit_check_log(
        struct audit_summary *ret_summary, const struct audit_check *check, struct strbuf *ret_why)
{
    struct walk walk;
    struct audit_files files = {NULL, 0};
    enum err e = walk_begin(&walk, check, ret_summary);
    walk.is_of_log = true;
    if (e == ERR_NONE) {
        ret_summary->is_written = audit_is_locked(check->directory, "lock");
        e = audit_files_list(&files, check->directory, ret_why);
    }
    if (e == ERR_NONE && files.count == 0) {
        strbuf_printf(ret_why, "%s: there is no audit log in it", check->directory);
        e = ERR_NO_INPUT;
    }
    e = e != ERR_NONE ? e : check_files(&walk, &files, ret_why);
    if (e == ERR_NONE) {
        check_heads(&walk);
    }
    audit_files_fini(&files);
    walk_end(&walk);
    return e;
}

// What find_stranger has summed up.
static void check_rest(struct walk *walk)
{
    if (walk->strangers > 1) {
        strbuf_reset(&walk->what);
        strbuf_printf(&walk->what, "so it is with %llu more records of it",
                (unsigned long long)walk->strangers - 1);
        find(walk, 0, walk->what.p != NULL ? walk->what.p : "so it is with more of it");
    }
}

enum err audit_check_file(struct audit_summary *ret_summary, const struct audit_check *check,
        const char *name, struct strbuf *ret_why)
{
    struct walk walk;
    struct strbuf path;
    strbuf_init(&path, PATH_MAX_BYTES);
    audit_path_add(&path, check->directory, name);
    enum err e = walk_begin(&walk, check, ret_summary);
    e = e != ERR_NONE ? e : path.failed;
    if (e == ERR_NONE && (access(path.p, F_OK) == 0 || errno != ENOENT)) {
        walk.name = name;
        walk.is_last_file = true;
        walk.may_be_empty = true;
        e = check_one_file(&walk, ret_why);
    }
    if (e == ERR_NONE) {
        check_rest(&walk);
        check_heads(&walk);
    }
    walk_end(&walk);
    strbuf_fini(&path);
    return e;
}
