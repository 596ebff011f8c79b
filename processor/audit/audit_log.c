#include "audit/audit_log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_dir.h"
#include "audit/audit_tail.h"
#include "common/json_out.h"

enum {
    DAY_MS = 24 * 60 * 60 * 1000,
    PATH_MAX_BYTES = 8192,
    TEXT_MAX_BYTES = 4096,
    RECORD_MAX_BYTES = 1024 * 1024,
    POLICY_MAX_BYTES = 256,
};

struct audit_log {
    pthread_mutex_t lock; // of all that follows
    char *directory;
    const struct audit_keys *keys;
    int64_t file_bytes;
    struct strbuf instance;
    struct strbuf program;
    struct strbuf config_digest;
    char policy[POLICY_MAX_BYTES];
    size_t policy_bytes;
    int lock_fd;
    int folder_fd;
    int fd;                 // of the file in hand; -1 = the next record begins one
    struct audit_tail tail; // what was written last
    int64_t day;            // of the file in hand
    bool is_dirty;          // something of it may not be on disk
    uint64_t failures;
    int trouble;              // errno of the last that went wrong
    const char *trouble_what; // what was tried
    struct strbuf line;
    struct strbuf text;
};

static enum err note_trouble(struct audit_log *log, const char *what)
{
    log->trouble = errno != 0 ? errno : EIO;
    log->trouble_what = what;
    return ERR_UNAVAILABLE;
}

// --- a line ------------------------------------------------------------------------------------

static bool write_all(int fd, struct view bytes)
{
    while (bytes.n > 0) {
        ssize_t written = write(fd, bytes.p, bytes.n);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes = view_skip(bytes, (size_t)written);
    }
    return true;
}

// A4.
static void abandon_file(struct audit_log *log)
{
    if (log->is_dirty && fdatasync(log->fd) != 0) {
        log->failures++;
    }
    log->is_dirty = false;
    close(log->fd);
    log->fd = -1;
    log->tail.is_ended = false;
}

// A1, A3.
static enum err write_line(
        struct audit_log *log, const struct audit_entry *entry, struct wall_time now)
{
    struct audit_line line = {
            .seq = log->tail.seq + 1,
            .at_ms = now.ms,
            .kind = entry->kind,
            .type = entry->type,
            .id = entry->id,
            .incident_id = entry->incident_id,
            .policy_version = view_bytes(log->policy, log->policy_bytes),
            .record = entry->record,
    };
    const struct audit_key *key = audit_keys_current(log->keys);
    memcpy(line.prev, log->tail.mac, sizeof line.prev);
    strbuf_reset(&log->line);
    audit_line_add(&log->line, &line, key != NULL ? key->mac : NULL);
    if (log->line.failed != ERR_NONE) {
        return log->line.failed == ERR_NO_MEMORY ? ERR_NO_MEMORY : ERR_DATA;
    }
    errno = 0;
    if (!write_all(log->fd, strbuf_view(&log->line))) {
        enum err e = note_trouble(log, "writing a record");
        if (ftruncate(log->fd, (off_t)log->tail.bytes) != 0) {
            abandon_file(log);
        }
        return e;
    }
    log->tail.seq = line.seq;
    log->tail.at_ms = line.at_ms;
    log->tail.bytes += log->line.n;
    memcpy(log->tail.mac, line.mac, sizeof line.mac);
    log->is_dirty = true;
    return ERR_NONE;
}

// --- files -------------------------------------------------------------------------------------

static void write_begun(struct audit_log *log, const struct audit_tail *before)
{
    const struct audit_key *key = audit_keys_current(log->keys);
    struct json_out out;
    strbuf_reset(&log->text);
    json_begin(&out, &log->text);
    json_object(&out, NULL);
    json_int(&out, "format", AUDIT_FORMAT_VERSION);
    json_string(&out, "log_id", view_bytes(log->tail.log_id, sizeof log->tail.log_id));
    json_int(&out, "file", log->tail.file);
    json_string_or_null(&out, "key_id", key != NULL ? view_of(key->id) : VIEW_NONE);
    json_string(&out, "instance", strbuf_view(&log->instance));
    json_string(&out, "program", strbuf_view(&log->program));
    json_string(&out, "config_sha256", strbuf_view(&log->config_digest));
    if (before->file == 0) {
        json_null(&out, "previous");
    } else {
        json_object(&out, "previous");
        json_int(&out, "file", before->file);
        json_bool(&out, "ended", before->is_ended);
        json_int(&out, "cut_bytes", (int64_t)before->cut_bytes);
        json_object_end(&out);
    }
    json_object_end(&out);
}

// The id is random, so that the places of two logs are not taken for one another's.
static enum err name_log(struct audit_log *log)
{
    uint8_t random[AUDIT_LOG_ID_BYTES / 2];
    if (log->tail.log_id[0] != '\0') {
        return ERR_NONE;
    }
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return note_trouble(log, "naming the log");
    }
    for (size_t i = 0; i < sizeof random; i++) {
        log->tail.log_id[2 * i] = "0123456789abcdef"[random[i] >> 4];
        log->tail.log_id[2 * i + 1] = "0123456789abcdef"[random[i] & 15];
    }
    return ERR_NONE;
}

static enum err open_file(struct audit_log *log, struct strbuf *path)
{
    strbuf_init(path, PATH_MAX_BYTES);
    strbuf_printf(path, "%s/", log->directory);
    audit_file_name_add(path, log->tail.file + 1);
    if (path->failed != ERR_NONE) {
        return ERR_NO_MEMORY;
    }
    errno = 0;
    log->fd = open(path->p, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    return log->fd >= 0 ? ERR_NONE : note_trouble(log, "beginning a file");
}

static enum err begin_file(struct audit_log *log, struct wall_time now)
{
    struct strbuf path;
    const struct audit_tail before = log->tail;
    enum err e = name_log(log);
    if (e != ERR_NONE) {
        return e;
    }
    e = open_file(log, &path);
    if (e == ERR_NONE) {
        log->tail.file++;
        log->tail.bytes = 0;
        log->tail.is_ended = false;
        log->tail.cut_bytes = 0;
        write_begun(log, &before);
        const struct audit_entry entry = {AUDIT_LOG, VIEW("audit.begun"),
                view_bytes(log->tail.log_id, sizeof log->tail.log_id), VIEW_NONE,
                strbuf_view(&log->text)};
        e = log->text.failed != ERR_NONE ? ERR_NO_MEMORY : write_line(log, &entry, now);
        if (e == ERR_NONE && fsync(log->folder_fd) != 0) {
            e = note_trouble(log, "bringing the folder to disk");
        }
        if (e != ERR_NONE) { // as if it had not been begun
            if (log->fd >= 0) {
                close(log->fd);
                log->fd = -1;
            }
            (void)unlink(path.p);
            log->tail = before;
        }
    }
    strbuf_fini(&path);
    log->day = now.ms / DAY_MS;
    return e;
}

// A2, A4.
static enum err sync_file(struct audit_log *log)
{
    if (!log->is_dirty || log->fd < 0) {
        return ERR_NONE;
    }
    errno = 0;
    if (fdatasync(log->fd) != 0) {
        enum err e = note_trouble(log, "bringing records to disk");
        log->is_dirty = false;
        log->failures++;
        abandon_file(log);
        return e;
    }
    log->is_dirty = false;
    return ERR_NONE;
}

static enum err end_file(struct audit_log *log, struct wall_time now, const char *why)
{
    struct json_out out;
    strbuf_reset(&log->text);
    json_begin(&out, &log->text);
    json_object(&out, NULL);
    json_text(&out, "why", why);
    json_object_end(&out);
    const struct audit_entry entry = {AUDIT_LOG, VIEW("audit.ended"),
            view_bytes(log->tail.log_id, sizeof log->tail.log_id), VIEW_NONE,
            strbuf_view(&log->text)};
    enum err e = log->text.failed != ERR_NONE ? ERR_NO_MEMORY : write_line(log, &entry, now);
    e = e != ERR_NONE ? e : sync_file(log);
    if (e == ERR_NONE) {
        close(log->fd);
        log->fd = -1;
        log->tail.is_ended = true;
    }
    return e;
}

static enum err make_ready(struct audit_log *log, struct wall_time now)
{
    enum err e = ERR_NONE;
    if (log->fd >= 0 &&
            ((int64_t)log->tail.bytes >= log->file_bytes || now.ms / DAY_MS > log->day)) {
        e = end_file(log, now, "rotated");
    }
    return e == ERR_NONE && log->fd < 0 ? begin_file(log, now) : e;
}

// --- its life ----------------------------------------------------------------------------------

static void note_tail(const struct audit_tail *tail, const char *directory, struct strbuf *notes)
{
    if (tail->cut_bytes > 0) {
        strbuf_printf(notes, "%s: cut %llu bytes of a record that was begun and not finished\n",
                directory, (unsigned long long)tail->cut_bytes);
    }
    if (tail->unreadable > 0) {
        strbuf_printf(notes,
                "%s: %llu lines of the last file are damaged: wrongnumber audit verify names "
                "them\n",
                directory, (unsigned long long)tail->unreadable);
    }
}

static enum err open_folder(struct audit_log *log, struct strbuf *notes)
{
    if (mkdir(log->directory, 0750) != 0 && errno != EEXIST) {
        strbuf_printf(notes, "%s: %s\n", log->directory, strerror(errno));
        return ERR_IO;
    }
    log->folder_fd = open(log->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (log->folder_fd < 0) {
        strbuf_printf(notes, "%s: %s\n", log->directory, strerror(errno));
        return ERR_IO;
    }
    enum err e = audit_lock(&log->lock_fd, log->directory, "lock", notes);
    e = e != ERR_NONE ? e : audit_tail_find(&log->tail, log->directory, notes);
    if (e == ERR_NONE) {
        note_tail(&log->tail, log->directory, notes);
    }
    return e;
}

static enum err copy_names(struct audit_log *log, const struct audit_log_options *options)
{
    strbuf_add_view(&log->instance, options->instance);
    strbuf_add_view(&log->program, options->program);
    strbuf_add_view(&log->config_digest, options->config_digest);
    log->directory = strdup(options->directory);
    bool is_whole = log->directory != NULL && log->instance.failed == ERR_NONE &&
                    log->program.failed == ERR_NONE && log->config_digest.failed == ERR_NONE;
    return is_whole ? ERR_NONE : ERR_NO_MEMORY;
}

enum err audit_log_open(
        struct audit_log **ret_log, const struct audit_log_options *options, struct strbuf *notes)
{
    struct audit_log *log = calloc(1, sizeof *log);
    if (log == NULL) {
        return ERR_NO_MEMORY;
    }
    pthread_mutex_init(&log->lock, NULL);
    log->keys = options->keys;
    log->file_bytes = options->file_bytes;
    log->lock_fd = log->folder_fd = log->fd = -1;
    strbuf_init(&log->instance, TEXT_MAX_BYTES);
    strbuf_init(&log->program, TEXT_MAX_BYTES);
    strbuf_init(&log->config_digest, TEXT_MAX_BYTES);
    strbuf_init(&log->line, AUDIT_LINE_MAX_BYTES);
    strbuf_init(&log->text, 4 * TEXT_MAX_BYTES);
    audit_log_set_policy(log, options->policy_version);
    enum err e = copy_names(log, options);
    e = e != ERR_NONE ? e : open_folder(log, notes);
    if (e != ERR_NONE) {
        audit_log_close(log);
        return e;
    }
    *ret_log = log;
    return ERR_NONE;
}

void audit_log_close(struct audit_log *log)
{
    if (log == NULL) {
        return;
    }
    if (log->fd >= 0 && end_file(log, clock_wall(), "stopped") != ERR_NONE) {
        (void)sync_file(log);
    }
    const int fds[] = {log->fd, log->folder_fd, log->lock_fd};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    strbuf_fini(&log->instance);
    strbuf_fini(&log->program);
    strbuf_fini(&log->config_digest);
    strbuf_fini(&log->line);
    strbuf_fini(&log->text);
    pthread_mutex_destroy(&log->lock);
    free(log->directory);
    free(log);
}

// --- its use -----------------------------------------------------------------------------------

enum err audit_log_append(struct audit_log *log, const struct audit_entry *entry,
        struct wall_time now, struct audit_place *ret_place)
{
    if (entry->record.n > RECORD_MAX_BYTES ||
            memchr(entry->record.p, '\n', entry->record.n) != NULL) {
        return ERR_DATA;
    }
    pthread_mutex_lock(&log->lock);
    enum err e = make_ready(log, now);
    e = e != ERR_NONE ? e : write_line(log, entry, now);
    if (e == ERR_NONE) {
        ret_place->seq = log->tail.seq;
        memcpy(ret_place->mac, log->tail.mac, sizeof ret_place->mac);
    }
    pthread_mutex_unlock(&log->lock);
    return e;
}

enum err audit_log_sync(struct audit_log *log)
{
    pthread_mutex_lock(&log->lock);
    enum err e = sync_file(log);
    pthread_mutex_unlock(&log->lock);
    return e;
}

uint64_t audit_log_failures(struct audit_log *log)
{
    pthread_mutex_lock(&log->lock);
    uint64_t failures = log->failures;
    pthread_mutex_unlock(&log->lock);
    return failures;
}

bool audit_log_glance(struct audit_log *log, uint64_t *ret_records, uint64_t *ret_failures)
{
    if (pthread_mutex_trylock(&log->lock) != 0) {
        return false;
    }
    *ret_records = log->tail.seq;
    *ret_failures = log->failures;
    pthread_mutex_unlock(&log->lock);
    return true;
}

void audit_log_trouble(struct audit_log *log, struct strbuf *sb)
{
    pthread_mutex_lock(&log->lock);
    if (log->trouble_what != NULL) {
        strbuf_printf(sb, "%s: %s: %s", log->directory, log->trouble_what, strerror(log->trouble));
    }
    pthread_mutex_unlock(&log->lock);
}

void audit_log_set_policy(struct audit_log *log, struct view version)
{
    pthread_mutex_lock(&log->lock);
    log->policy_bytes = version.n < POLICY_MAX_BYTES ? version.n : POLICY_MAX_BYTES;
    memcpy(log->policy, version.n > 0 ? version.p : "", log->policy_bytes);
    pthread_mutex_unlock(&log->lock);
}

void audit_log_add_place(
        const struct audit_log *log, const struct audit_place *place, struct strbuf *sb)
{
    // The id does not change any more once there is a place.
    strbuf_printf(sb, "%.*s:%llu:", (int)sizeof log->tail.log_id, log->tail.log_id,
            (unsigned long long)place->seq);
    hex_add(sb, place->mac, sizeof place->mac);
}

void audit_log_head(struct audit_log *log, struct strbuf *sb)
{
    pthread_mutex_lock(&log->lock);
    if (log->tail.seq > 0) {
        struct audit_place place = {.seq = log->tail.seq};
        memcpy(place.mac, log->tail.mac, sizeof place.mac);
        audit_log_add_place(log, &place, sb);
    }
    pthread_mutex_unlock(&log->lock);
}
