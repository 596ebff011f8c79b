#include "audit/audit_log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_dir.h"
#include "audit/audit_own.h"
#include "audit/audit_renew.h"
#include "audit/audit_tail.h"

enum {
    DAY_MS = 24 * 60 * 60 * 1000,
    PATH_MAX_BYTES = 8192,
    TEXT_MAX_BYTES = 4096,
    RECORD_MAX_BYTES = 1024 * 1024,
    POLICY_MAX_BYTES = 256,
    UNSYNCED_MAX_BYTES = 8 * 1024 * 1024, // above it a record waits for a sync
    RENEW_REST = 4,                       // a renewal is followed by a rest, so many times as long
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
    int fd;                   // of the file in hand; -1 = the next record begins one
    struct audit_tail tail;   // what was written last
    int64_t day;              // of the file in hand
    uint64_t synced_bytes;    // of it, that are on disk
    struct strbuf unsynced;   // its lines behind those
    bool is_spoiled;          // the file as it is cannot be trusted with them: it is to be renewed
    struct mono_time renews;  // not before
    atomic_ullong renewals;   // to be read without the lock
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
    const size_t kept = log->unsynced.n;
    memcpy(line.prev, log->tail.mac, sizeof line.prev);
    strbuf_reset(&log->line);
    audit_line_add(&log->line, &line, key != NULL ? key->mac : NULL);
    if (log->line.failed != ERR_NONE) {
        return log->line.failed == ERR_NO_MEMORY ? ERR_NO_MEMORY : ERR_DATA;
    }
    strbuf_add_view(&log->unsynced, strbuf_view(&log->line));
    if (log->unsynced.failed != ERR_NONE) {
        log->unsynced.failed = ERR_NONE; // what is in it stays in it
        return ERR_NO_MEMORY;
    }
    errno = 0;
    if (!audit_write_all(log->fd, strbuf_view(&log->line))) {
        enum err e = note_trouble(log, "writing a record");
        strbuf_truncate(&log->unsynced, kept);
        log->is_spoiled = ftruncate(log->fd, (off_t)log->tail.bytes) != 0;
        return e;
    }
    log->tail.seq = line.seq;
    log->tail.at_ms = line.at_ms;
    log->tail.bytes += log->line.n;
    memcpy(log->tail.mac, line.mac, sizeof line.mac);
    return ERR_NONE;
}

// --- files -------------------------------------------------------------------------------------

static struct view log_id_of(const struct audit_log *log)
{
    return view_bytes(log->tail.log_id, sizeof log->tail.log_id);
}

// A record of the log about itself, which stands in log->text.
static enum err write_own_line(struct audit_log *log, struct view type, struct wall_time now)
{
    const struct audit_entry entry = {
            AUDIT_LOG, type, log_id_of(log), VIEW_NONE, strbuf_view(&log->text)};
    return log->text.failed != ERR_NONE ? ERR_NO_MEMORY : write_line(log, &entry, now);
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
    errno = 0;
    if (log->tail.log_id[0] == '\0' && audit_log_id_make(log->tail.log_id) != ERR_NONE) {
        return note_trouble(log, "naming the log");
    }
    enum err e = open_file(log, &path);
    if (e == ERR_NONE) {
        log->tail.file++;
        log->tail.bytes = log->synced_bytes = 0;
        log->tail.is_ended = false;
        log->tail.cut_bytes = 0;
        const struct audit_key *key = audit_keys_current(log->keys);
        const struct audit_begun begun = {
                .log_id = log_id_of(log),
                .file = log->tail.file,
                .key_id = key != NULL ? view_of(key->id) : VIEW_NONE,
                .instance = strbuf_view(&log->instance),
                .program = strbuf_view(&log->program),
                .config_digest = strbuf_view(&log->config_digest),
                .previous = &before,
                .custody = audit_custody_last(log->directory),
        };
        audit_begun_write(&log->text, &begun);
        e = write_own_line(log, VIEW("audit.begun"), now);
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
            log->is_spoiled = false;
            strbuf_reset(&log->unsynced);
        }
    }
    strbuf_fini(&path);
    log->day = now.ms / DAY_MS;
    return e;
}

static void note_synced(struct audit_log *log)
{
    log->synced_bytes = log->tail.bytes;
    strbuf_reset(&log->unsynced);
}

// A4.
static enum err renew_file(struct audit_log *log)
{
    const bool was_open = log->fd >= 0;
    const struct mono_time begun = clock_mono();
    int fd = -1;
    if (begun.ns < log->renews.ns) {
        return ERR_UNAVAILABLE;
    }
    enum err e = audit_file_renew(
            &fd, log->directory, log->tail.file, log->synced_bytes, strbuf_view(&log->unsynced));
    if (e != ERR_NONE) {
        const struct mono_time now = clock_mono();
        log->renews = (struct mono_time){now.ns + RENEW_REST * (now.ns - begun.ns)};
        return e == ERR_UNAVAILABLE ? note_trouble(log, "writing once more what may be lost") : e;
    }
    if (was_open) {
        close(log->fd);
        log->fd = fd;
        log->renewals++;
    } else {
        close(fd); // it was another process's
    }
    log->is_spoiled = false;
    note_synced(log);
    return ERR_NONE;
}

// A2, A4.
static enum err sync_file(struct audit_log *log)
{
    if (log->is_spoiled) {
        return renew_file(log);
    }
    if (log->unsynced.n == 0 || log->fd < 0) {
        return ERR_NONE;
    }
    errno = 0;
    if (fdatasync(log->fd) != 0) {
        (void)note_trouble(log, "bringing records to disk");
        log->is_spoiled = true;
        return renew_file(log);
    }
    note_synced(log);
    return ERR_NONE;
}

static enum err end_file(struct audit_log *log, struct wall_time now, const char *why)
{
    enum err e = ERR_NONE;
    if (!log->tail.is_ended) {
        audit_ended_write(&log->text, why);
        e = write_own_line(log, VIEW("audit.ended"), now);
        log->tail.is_ended = e == ERR_NONE;
    }
    e = e != ERR_NONE ? e : sync_file(log);
    if (e == ERR_NONE) {
        close(log->fd);
        log->fd = -1;
    }
    return e;
}

static enum err make_ready(struct audit_log *log, struct wall_time now)
{
    enum err e = ERR_NONE;
    if (log->is_spoiled || log->unsynced.n > UNSYNCED_MAX_BYTES) {
        e = sync_file(log);
    }
    if (e == ERR_NONE && log->fd >= 0 &&
            (log->tail.is_ended || (int64_t)log->tail.bytes >= log->file_bytes ||
                    now.ms / DAY_MS > log->day)) {
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
        // Nobody knows whether its end was brought to disk.
        log->is_spoiled = log->tail.file > 0 && !log->tail.is_ended;
        log->synced_bytes = log->tail.bytes;
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
    strbuf_init(&log->unsynced, UNSYNCED_MAX_BYTES + 2 * AUDIT_LINE_MAX_BYTES);
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

// An end that may not be on disk is taken back, so that the next process does not take the file for whole.
static void end_for_good(struct audit_log *log)
{
    const uint64_t bytes = log->tail.bytes;
    log->renews = (struct mono_time){0};
    if (end_file(log, clock_wall(), "stopped") != ERR_NONE && log->tail.is_ended) {
        (void)!ftruncate(log->fd, (off_t)bytes);
    }
}

void audit_log_close(struct audit_log *log)
{
    if (log == NULL) {
        return;
    }
    if (log->fd >= 0) {
        end_for_good(log);
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
    strbuf_fini(&log->unsynced);
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

uint64_t audit_log_renewals(struct audit_log *log)
{
    return atomic_load(&log->renewals);
}

bool audit_log_glance(struct audit_log *log, struct audit_glance *ret_glance)
{
    if (pthread_mutex_trylock(&log->lock) != 0) {
        return false;
    }
    *ret_glance = (struct audit_glance){log->tail.seq, log->renewals, log->unsynced.n};
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
