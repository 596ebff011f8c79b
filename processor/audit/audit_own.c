#include "audit/audit_own.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_dir.h"
#include "audit/audit_line.h"
#include "common/arena.h"
#include "common/json_out.h"
#include "common/json_scan.h"

enum { PATH_MAX_BYTES = 8192 };

void audit_begun_write(struct strbuf *sb, const struct audit_begun *begun)
{
    struct json_out out;
    strbuf_reset(sb);
    json_begin(&out, sb);
    json_object(&out, NULL);
    json_int(&out, "format", AUDIT_FORMAT_VERSION);
    json_string(&out, "log_id", begun->log_id);
    json_int(&out, "file", begun->file);
    json_string_or_null(&out, "key_id", begun->key_id);
    json_string(&out, "instance", begun->instance);
    json_string(&out, "program", begun->program);
    json_string(&out, "config_sha256", begun->config_digest);
    if (begun->previous->file == 0) {
        json_null(&out, "previous");
    } else {
        json_object(&out, "previous");
        json_int(&out, "file", begun->previous->file);
        json_bool(&out, "ended", begun->previous->is_ended);
        json_int(&out, "cut_bytes", (int64_t)begun->previous->cut_bytes);
        json_object_end(&out);
    }
    if (begun->custody.seq == 0) {
        json_null(&out, "custody");
    } else {
        struct strbuf mac;
        strbuf_init(&mac, 2 * SHA256_BYTES + 1);
        hex_add(&mac, begun->custody.mac, SHA256_BYTES);
        json_object(&out, "custody");
        json_int(&out, "seq", (int64_t)begun->custody.seq);
        json_string(&out, "mac", strbuf_view(&mac));
        json_object_end(&out);
        strbuf_fini(&mac);
    }
    json_object_end(&out);
}

struct audit_custody audit_begun_custody(struct view record)
{
    struct audit_custody custody = {0};
    struct json_value key;
    struct json_value value;
    int64_t seq = 0;
    bool has_mac = false;
    while (!view_is_none(record) && json_object_take(&record, &key, &value)) {
        if (view_is(key.raw, "custody") && value.kind == JSON_OBJECT) {
            record = value.raw; // it stands last
        } else if (view_is(key.raw, "seq") && value.kind == JSON_NUMBER) {
            seq = json_integer_read(value.raw, &seq) == JSON_INTEGER ? seq : 0;
        } else if (view_is(key.raw, "mac") && value.kind == JSON_STRING) {
            has_mac = hex_read(value.raw, custody.mac, SHA256_BYTES);
        }
    }
    custody.seq = has_mac && seq > 0 ? (uint64_t)seq : 0;
    return custody;
}

// The last whole line of a text that may begin in the midst of one.
static struct view last_line(struct view text)
{
    while (text.n > 0 && text.p[text.n - 1] != '\n') {
        text.n--;
    }
    size_t end = text.n > 0 ? text.n - 1 : 0;
    size_t from = end;
    while (from > 0 && text.p[from - 1] != '\n') {
        from--;
    }
    return view_bytes(text.p + from, end - from);
}

static struct audit_custody custody_of_line(struct view text)
{
    struct audit_custody custody = {0};
    struct audit_line line;
    struct json_pointers *fields = NULL;
    struct arena *arena = arena_create(4 * AUDIT_LINE_MAX_BYTES);
    if (arena != NULL && audit_line_fields(&fields) == ERR_NONE &&
            audit_line_read(fields, text, arena, &line) == NULL) {
        custody.seq = line.seq;
        memcpy(custody.mac, line.mac, sizeof custody.mac);
    }
    if (fields != NULL) {
        json_pointers_destroy(fields);
    }
    arena_destroy(arena);
    return custody;
}

struct audit_custody audit_custody_last(const char *directory)
{
    struct audit_custody custody = {0};
    struct strbuf path;
    struct strbuf text;
    struct stat info;
    strbuf_init(&path, PATH_MAX_BYTES);
    strbuf_init(&text, 2 * AUDIT_LINE_MAX_BYTES);
    audit_path_add(&path, directory, AUDIT_CUSTODY_FILE);
    int fd = path.failed == ERR_NONE ? audit_open_plain(path.p, O_RDONLY) : -1;
    if (fd >= 0 && fstat(fd, &info) == 0 && info.st_size > 0) {
        off_t wanted = info.st_size < AUDIT_LINE_MAX_BYTES ? info.st_size : AUDIT_LINE_MAX_BYTES;
        char *room = strbuf_room(&text, (size_t)wanted);
        ssize_t got = room != NULL ? pread(fd, room, (size_t)wanted, info.st_size - wanted) : -1;
        custody = got > 0 ? custody_of_line(last_line(view_bytes(room, (size_t)got))) : custody;
    }
    if (fd >= 0) {
        close(fd);
    }
    strbuf_fini(&path);
    strbuf_fini(&text);
    return custody;
}

bool audit_head_is_of_custody(const char *head)
{
    return view_starts_with(view_of(head), VIEW(AUDIT_CUSTODY_HEAD));
}

bool audit_head_has(const char *head, const uint8_t *mac)
{
    uint8_t said[SHA256_BYTES];
    const char *colon = strrchr(head, ':');
    return hex_read(view_of(colon != NULL ? colon + 1 : head), said, sizeof said) &&
           memcmp(said, mac, sizeof said) == 0;
}

void audit_ended_write(struct strbuf *sb, const char *why)
{
    struct json_out out;
    strbuf_reset(sb);
    json_begin(&out, sb);
    json_object(&out, NULL);
    json_text(&out, "why", why);
    json_object_end(&out);
}

enum err audit_log_id_make(char ret_id[AUDIT_LOG_ID_BYTES])
{
    uint8_t random[AUDIT_LOG_ID_BYTES / 2];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return ERR_UNAVAILABLE;
    }
    for (size_t i = 0; i < sizeof random; i++) {
        ret_id[2 * i] = "0123456789abcdef"[random[i] >> 4];
        ret_id[2 * i + 1] = "0123456789abcdef"[random[i] & 15];
    }
    return ERR_NONE;
}
