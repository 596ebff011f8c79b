#include "audit/custody.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit_dir.h"
#include "common/clock.h"
#include "common/json_scan.h"
#include "common/room.h"

enum { PATH_MAX_BYTES = 8192 };

static const char file_name[] = AUDIT_CUSTODY_FILE;

enum field { CUSTODY_BY, CUSTODY_REASON, CUSTODY_REMOVED, FIELD_COUNT };
static const char *const pointers[FIELD_COUNT] = {"/by", "/reason", "/removed"};

struct custody {
    struct json_pointers *fields;
    struct arena *arena;
    struct custody_hold *holds;
    size_t hold_count;
    struct custody_range *ranges;
    uint32_t range_count;
    uint32_t range_capacity;
    uint8_t (*macs)[SHA256_BYTES]; // of lines, by their number less one
    size_t line_capacity;
    char log_id[AUDIT_LOG_ID_BYTES + 1];
    uint64_t strange_lines; // of another log
    uint64_t faults;
    const struct audit_check *told;
};

// --- reading -----------------------------------------------------------------------------------

static void copy_text(const struct json_value *value, struct arena *arena, char *ret_text)
{
    struct view text = value->kind == JSON_STRING ? json_string_take(value, arena) : VIEW_NONE;
    size_t n = text.n < CUSTODY_TEXT_MAX_BYTES ? text.n : CUSTODY_TEXT_MAX_BYTES - 1;
    memcpy(ret_text, n > 0 ? text.p : "", n);
    ret_text[n] = '\0';
}

static void remove_hold(struct custody *custody, struct view incident_id)
{
    for (size_t i = 0; i < custody->hold_count; i++) {
        if (view_is(incident_id, custody->holds[i].incident_id)) {
            custody->hold_count--;
            memmove(&custody->holds[i], &custody->holds[i + 1],
                    (custody->hold_count - i) * sizeof custody->holds[i]);
            return;
        }
    }
}

static enum err add_hold(
        struct custody *custody, const struct audit_line *line, const struct json_value *values)
{
    remove_hold(custody, line->incident_id);
    if (custody->hold_count == CUSTODY_HOLDS_MAX ||
            line->incident_id.n >= sizeof custody->holds->incident_id) {
        return ERR_CEILING;
    }
    struct custody_hold *grown = realloc(custody->holds, (custody->hold_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    custody->holds = grown;
    struct custody_hold *hold = &grown[custody->hold_count++];
    *hold = (struct custody_hold){.since_ms = line->at_ms};
    memcpy(hold->incident_id, line->incident_id.p, line->incident_id.n);
    copy_text(&values[CUSTODY_BY], custody->arena, hold->by);
    copy_text(&values[CUSTODY_REASON], custody->arena, hold->reason);
    return ERR_NONE;
}

static enum err add_range(struct custody *custody, uint64_t from, uint64_t to)
{
    if (custody->range_count == CUSTODY_RANGES_MAX) {
        return ERR_CEILING;
    }
    struct custody_range *ranges = room_for_row(
            custody->ranges, custody->range_count, &custody->range_capacity, 64, sizeof *ranges);
    if (ranges == NULL) {
        return ERR_NO_MEMORY;
    }
    custody->ranges = ranges;
    custody->ranges[custody->range_count++] = (struct custody_range){from, to};
    return ERR_NONE;
}

static bool read_number(struct view *pair, int64_t *ret_number)
{
    struct json_value value;
    return json_array_take(pair, &value) && value.kind == JSON_NUMBER &&
           json_integer_read(value.raw, ret_number) == JSON_INTEGER && *ret_number > 0;
}

static enum err add_account(struct custody *custody, const struct json_value *removed)
{
    struct view rest = removed->raw;
    struct json_value pair;
    enum err e = ERR_NONE;
    while (removed->kind == JSON_ARRAY && e == ERR_NONE && json_array_take(&rest, &pair)) {
        struct view numbers = pair.raw;
        int64_t from;
        int64_t to;
        if (pair.kind == JSON_ARRAY && read_number(&numbers, &from) && read_number(&numbers, &to)) {
            e = add_range(custody, (uint64_t)from, (uint64_t)to);
        }
    }
    return e;
}

static void note_fault(void *self, const char *name, uint64_t line, uint64_t seq, const char *what)
{
    struct custody *custody = self;
    custody->told->found(custody->told->self, name, line, seq, what);
}

static enum err note_mac(struct custody *custody, const struct audit_line *line)
{
    if (line->seq == 0 || line->seq > CUSTODY_LINES_MAX) {
        return ERR_CEILING;
    }
    if (line->seq > custody->line_capacity) {
        size_t capacity = 2 * line->seq + 64;
        uint8_t(*grown)[SHA256_BYTES] = realloc(custody->macs, capacity * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        memset(grown + custody->line_capacity, 0,
                (capacity - custody->line_capacity) * sizeof *grown);
        custody->macs = grown;
        custody->line_capacity = capacity;
    }
    memcpy(custody->macs[line->seq - 1], line->mac, SHA256_BYTES);
    return ERR_NONE;
}

static enum err take_line(void *self, const char *name, const struct audit_line *line)
{
    struct custody *custody = self;
    struct json_value values[FIELD_COUNT];
    if (!view_is(line->id, custody->log_id)) {
        if (custody->strange_lines++ == 0) { // a line a record, from 1: its number is the record's
            note_fault(custody, name, line->seq, line->seq, "from here on it is of another log");
        }
        return ERR_NONE;
    }
    enum err e = note_mac(custody, line);
    if (e != ERR_NONE) {
        return e;
    }
    arena_reset(custody->arena);
    if (line->kind != AUDIT_CUSTODY || view_is_none(line->record) ||
            json_scan(custody->fields, line->record, values, NULL) != JSON_FINE) {
        return ERR_NONE;
    }
    if (view_is(line->type, "hold.added") && !view_is_none(line->incident_id)) {
        return add_hold(custody, line, values);
    }
    if (view_is(line->type, "hold.removed")) {
        remove_hold(custody, line->incident_id);
    } else if (view_is(line->type, "purged")) {
        return add_account(custody, &values[CUSTODY_REMOVED]);
    }
    return ERR_NONE;
}

static int compare_ranges(const void *a, const void *b)
{
    const struct custody_range *x = a;
    const struct custody_range *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

// In order, none within another one or beside it.
static void join_ranges(struct custody *custody)
{
    if (custody->range_count == 0) {
        return;
    }
    qsort(custody->ranges, custody->range_count, sizeof *custody->ranges, compare_ranges);
    uint32_t kept = 0;
    for (uint32_t i = 1; i < custody->range_count; i++) {
        struct custody_range *last = &custody->ranges[kept];
        const struct custody_range next = custody->ranges[i];
        if (next.from <= last->to) {
            last->to = next.to > last->to ? next.to : last->to;
        } else {
            custody->ranges[++kept] = next;
        }
    }
    custody->range_count = kept + 1;
}

enum err custody_read(
        struct custody **ret_custody, const struct audit_check *check, struct strbuf *ret_why)
{
    struct custody *custody = calloc(1, sizeof *custody);
    if (custody == NULL) {
        return ERR_NO_MEMORY;
    }
    custody->told = check;
    custody->arena = arena_create(AUDIT_LINE_MAX_BYTES);
    enum err e = custody->arena != NULL
                         ? json_pointers_create(&custody->fields, pointers, FIELD_COUNT, NULL)
                         : ERR_NO_MEMORY;
    struct audit_check own = {
            .head_count = check->head_count,
            .directory = check->directory,
            .keys = check->keys,
            .allows_unkeyed = check->allows_unkeyed,
            .found = note_fault,
            .visit = take_line,
            .self = custody,
    };
    memcpy(own.heads, check->heads, sizeof own.heads);
    struct audit_summary sum = {0};
    e = e != ERR_NONE ? e : audit_log_id_find(custody->log_id, check->directory, ret_why);
    e = e != ERR_NONE ? e : audit_check_file(&sum, &own, file_name, ret_why);
    if (e != ERR_NONE) {
        custody_destroy(custody);
        return e;
    }
    custody->faults = sum.faults + (custody->strange_lines > 0);
    custody->told = NULL;
    join_ranges(custody);
    *ret_custody = custody;
    return ERR_NONE;
}

void custody_destroy(struct custody *custody)
{
    if (custody == NULL) {
        return;
    }
    if (custody->fields != NULL) {
        json_pointers_destroy(custody->fields);
    }
    arena_destroy(custody->arena);
    free(custody->holds);
    free(custody->ranges);
    free(custody->macs);
    free(custody);
}

uint64_t custody_faults(const struct custody *custody)
{
    return custody->faults;
}

bool custody_has_removed(const struct custody *custody, uint64_t seq)
{
    size_t low = 0;
    size_t high = custody->range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (custody->ranges[middle].to < seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < custody->range_count && custody->ranges[low].from <= seq;
}

bool custody_has_line(const struct custody *custody, uint64_t seq, const uint8_t *mac)
{
    return seq > 0 && seq <= custody->line_capacity &&
           memcmp(custody->macs[seq - 1], mac, SHA256_BYTES) == 0;
}

bool custody_is_held(const struct custody *custody, struct view incident_id)
{
    for (size_t i = 0; i < custody->hold_count; i++) {
        if (view_is(incident_id, custody->holds[i].incident_id)) {
            return true;
        }
    }
    return false;
}

const struct custody_hold *custody_holds(const struct custody *custody, size_t *ret_count)
{
    *ret_count = custody->hold_count;
    return custody->holds;
}

// --- writing -----------------------------------------------------------------------------------

enum err custody_writer_open(struct custody_writer *writer, const char *directory,
        const struct audit_keys *keys, struct strbuf *ret_why)
{
    struct audit_tail tail;
    struct strbuf path;
    *writer = (struct custody_writer){.lock_fd = -1, .fd = -1, .keys = keys};
    strbuf_init(&writer->line, AUDIT_LINE_MAX_BYTES);
    strbuf_init(&path, PATH_MAX_BYTES);
    audit_path_add(&path, directory, file_name);
    enum err e = path.failed;
    e = e != ERR_NONE ? e : audit_lock(&writer->lock_fd, directory, "custody.lock", ret_why);
    e = e != ERR_NONE ? e : audit_log_id_find(writer->log_id, directory, ret_why);
    if (e == ERR_NONE && writer->log_id[0] == '\0') {
        strbuf_printf(ret_why, "%s: there is no audit log in it", directory);
        e = ERR_NO_INPUT;
    }
    e = e != ERR_NONE ? e : audit_tail_of_file(&tail, path.p, ret_why);
    if (e == ERR_NONE) {
        writer->seq = tail.seq;
        memcpy(writer->mac, tail.mac, sizeof writer->mac);
        writer->fd = audit_open_plain(path.p, O_WRONLY | O_APPEND | O_CREAT);
        if (writer->fd < 0) {
            strbuf_printf(ret_why, "%s: %s", path.p, strerror(errno));
            e = ERR_IO;
        }
    }
    strbuf_fini(&path);
    return e;
}

void custody_writer_close(struct custody_writer *writer)
{
    if (writer->fd >= 0) {
        close(writer->fd);
    }
    if (writer->lock_fd >= 0) {
        close(writer->lock_fd);
    }
    strbuf_fini(&writer->line);
    writer->fd = writer->lock_fd = -1;
}

void custody_writer_head(const struct custody_writer *writer, struct strbuf *sb)
{
    strbuf_printf(
            sb, AUDIT_CUSTODY_HEAD "%s:%llu:", writer->log_id, (unsigned long long)writer->seq);
    hex_add(sb, writer->mac, sizeof writer->mac);
}

enum err custody_write(struct custody_writer *writer, const char *type, struct view incident_id,
        struct view record, struct strbuf *ret_why)
{
    const struct audit_key *key = audit_keys_current(writer->keys);
    struct audit_line line = {
            .seq = writer->seq + 1,
            .at_ms = clock_wall().ms,
            .kind = AUDIT_CUSTODY,
            .type = view_of(type),
            .id = view_of(writer->log_id),
            .incident_id = incident_id,
            .policy_version = VIEW(""),
            .record = record,
    };
    memcpy(line.prev, writer->mac, sizeof line.prev);
    strbuf_reset(&writer->line);
    audit_line_add(&writer->line, &line, key != NULL ? key->mac : NULL);
    if (writer->line.failed != ERR_NONE) {
        return writer->line.failed;
    }
    // A line that is not whole is cut by whoever opens it next.
    ssize_t written = write(writer->fd, writer->line.p, writer->line.n);
    if (written != (ssize_t)writer->line.n || fsync(writer->fd) != 0) {
        strbuf_printf(ret_why, "%s: %s", file_name, strerror(errno != 0 ? errno : EIO));
        return ERR_IO;
    }
    writer->seq = line.seq;
    writer->has_written = true;
    memcpy(writer->mac, line.mac, sizeof writer->mac);
    return ERR_NONE;
}
