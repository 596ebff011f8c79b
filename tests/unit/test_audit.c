// The audit log: what is written is found whole again, whatever happens in between; and whatever is
// changed, is named.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_check.h"
#include "audit/audit_dir.h"
#include "audit/audit_log.h"
#include "tests/support/unit.h"

#define DAY_MS INT64_C(86400000)
static const int64_t start_ms = INT64_C(1781078400000); // midnight
static const char record_text[] = "{\"alert_id\":\"a\",\"n\":[1,2]}";

struct stage {
    char parent[32];
    char directory[48];
    struct audit_keys keys;
    struct audit_log *log;
    struct strbuf notes;
    int64_t file_bytes;
    // what a check found
    uint64_t faults;
    char name[64]; // of the first
    uint64_t line;
    uint64_t seq;
    char what[256];
    bool accounts;
};

static void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

static void add_key(struct stage *stage, const char *id, char filling)
{
    char path[96];
    char key[33];
    memset(key, filling, sizeof key);
    snprintf(path, sizeof path, "%s/key", stage->parent);
    write_file(path, key, 32);
    CU_ASSERT_EQUAL_FATAL(audit_keys_add(&stage->keys, view_of(id), path, &stage->notes), ERR_NONE);
    unlink(path);
}

static enum err open_again(struct stage *stage)
{
    strbuf_reset(&stage->notes);
    const struct audit_log_options options = {stage->directory, &stage->keys, stage->file_bytes,
            VIEW("i"), VIEW("0"), VIEW("c"), VIEW("p1")};
    return audit_log_open(&stage->log, &options, &stage->notes);
}

static void stage_open(struct stage *stage, bool has_key)
{
    *stage = (struct stage){.parent = "/tmp/wn-audit-XXXXXX", .file_bytes = 1 << 20};
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(stage->parent));
    snprintf(stage->directory, sizeof stage->directory, "%s/log", stage->parent);
    strbuf_init(&stage->notes, 64 * 1024);
    if (has_key) {
        add_key(stage, "a1", 'k');
    }
    CU_ASSERT_EQUAL_FATAL(open_again(stage), ERR_NONE);
}

static void path_of(const struct stage *stage, uint32_t number, char *ret_path, size_t n)
{
    snprintf(ret_path, n, "%s/audit-%08u.ndjson", stage->directory, number);
}

static void stage_close(struct stage *stage)
{
    char path[128];
    audit_log_close(stage->log);
    audit_keys_fini(&stage->keys);
    for (uint32_t i = 1; i < 40; i++) {
        path_of(stage, i, path, sizeof path);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/lock", stage->directory);
    unlink(path);
    CU_ASSERT_EQUAL(rmdir(stage->directory), 0);
    rmdir(stage->parent);
    strbuf_fini(&stage->notes);
}

static enum err append_at(struct stage *stage, int64_t ms, struct audit_place *ret_place)
{
    const struct audit_entry entry = {
            AUDIT_ALERT, VIEW("incident.opened"), VIEW("a"), VIEW("i1"), view_of(record_text)};
    return audit_log_append(stage->log, &entry, (struct wall_time){ms}, ret_place);
}

static void append_count(struct stage *stage, unsigned count)
{
    struct audit_place place;
    for (unsigned i = 0; i < count; i++) {
        CU_ASSERT_EQUAL_FATAL(append_at(stage, start_ms, &place), ERR_NONE);
    }
}

static void note_fault(void *self, const char *name, uint64_t line, uint64_t seq, const char *what)
{
    struct stage *stage = self;
    if (stage->faults++ == 0) {
        snprintf(stage->name, sizeof stage->name, "%s", name);
        snprintf(stage->what, sizeof stage->what, "%s", what);
        stage->line = line;
        stage->seq = seq;
    }
}

static bool is_accounted(void *self, uint64_t seq)
{
    struct stage *stage = self;
    return stage->accounts && seq > 1;
}

static struct audit_summary check_with(struct stage *stage, const char *head)
{
    struct audit_summary sum = {0};
    const struct audit_check check = {
            .directory = stage->directory,
            .keys = &stage->keys,
            .heads = {head},
            .head_count = head != NULL,
            .is_removed = is_accounted,
            .found = note_fault,
            .self = stage,
    };
    stage->faults = 0;
    stage->name[0] = stage->what[0] = '\0';
    CU_ASSERT_EQUAL_FATAL(audit_check_log(&sum, &check, &stage->notes), ERR_NONE);
    CU_ASSERT_EQUAL(sum.faults, stage->faults);
    return sum;
}

static void check_fault(const struct stage *stage, const char *name, uint64_t line, uint64_t seq)
{
    CU_ASSERT(stage->faults > 0);
    unit_check_text("file", stage->name, name);
    CU_ASSERT_EQUAL(stage->line, line);
    CU_ASSERT_EQUAL(stage->seq, seq);
}

static void shut(struct stage *stage)
{
    audit_log_close(stage->log);
    stage->log = NULL;
}

static size_t read_whole(const char *path, char *ret_bytes, size_t room)
{
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    size_t n = fread(ret_bytes, 1, room, file);
    fclose(file);
    CU_ASSERT_FATAL(n < room);
    return n;
}

// --- tests -------------------------------------------------------------------------------------

static void what_is_written_is_whole(void)
{
    struct stage stage;
    stage_open(&stage, true);
    append_count(&stage, 3);
    CU_ASSERT_EQUAL(audit_log_sync(stage.log), ERR_NONE);
    struct audit_summary sum = check_with(&stage, NULL);
    CU_ASSERT_EQUAL(sum.faults, 0);
    CU_ASSERT_EQUAL(sum.records, 4); // and the beginning
    CU_ASSERT_TRUE(sum.is_written && sum.is_keyed && !sum.is_ended);
    shut(&stage);
    sum = check_with(&stage, NULL);
    CU_ASSERT_EQUAL(sum.faults, 0);
    CU_ASSERT_EQUAL(sum.last_seq, 5);
    CU_ASSERT_TRUE(sum.is_ended && !sum.is_written);
    stage_close(&stage);
}

// Each byte of a small log, with a key and without: file, line and record are named.
static void each_flipped_byte_is_named(void)
{
    static char bytes[8192];
    for (int has_key = 0; has_key < 2; has_key++) {
        struct stage stage;
        char path[128];
        stage_open(&stage, has_key == 1);
        append_count(&stage, 2);
        shut(&stage);
        path_of(&stage, 1, path, sizeof path);
        const size_t n = read_whole(path, bytes, sizeof bytes);
        uint64_t line = 1;
        unsigned missed = 0;
        for (size_t i = 0; i < n; i++) {
            const char before = bytes[i];
            bytes[i] = (char)(before ^ (1 << (i % 8)));
            write_file(path, bytes, n);
            check_with(&stage, NULL);
            missed += stage.faults == 0 || stage.line != line || stage.seq != line ||
                      strcmp(stage.name, "audit-00000001.ndjson") != 0;
            bytes[i] = before;
            line += before == '\n';
        }
        CU_ASSERT_EQUAL(missed, 0);
        CU_ASSERT_EQUAL(line, 5);
        write_file(path, bytes, n);
        CU_ASSERT_EQUAL(check_with(&stage, NULL).faults, 0);
        stage_close(&stage);
    }
}

// What a hand with an editor does to lines.
static void lines_that_move_are_named(void)
{
    static char bytes[8192];
    static char changed[8192];
    struct stage stage;
    char path[128];
    stage_open(&stage, true);
    append_count(&stage, 3);
    shut(&stage);
    path_of(&stage, 1, path, sizeof path);
    const size_t n = read_whole(path, bytes, sizeof bytes);
    size_t at[6] = {0};
    for (size_t i = 0, line = 1; i < n; i++) {
        if (bytes[i] == '\n') {
            at[line++] = i + 1;
        }
    }
    // 2 and 3 change places
    memcpy(changed, bytes, n);
    memcpy(changed + at[1], bytes + at[2], at[3] - at[2]);
    memcpy(changed + at[1] + (at[3] - at[2]), bytes + at[1], at[2] - at[1]);
    write_file(path, changed, n);
    check_with(&stage, NULL);
    check_fault(&stage, "audit-00000001.ndjson", 2, 3);
    // 3 is missing
    memcpy(changed, bytes, at[2]);
    memcpy(changed + at[2], bytes + at[3], n - at[3]);
    write_file(path, changed, n - (at[3] - at[2]));
    check_with(&stage, NULL);
    check_fault(&stage, "audit-00000001.ndjson", 3, 4);
    // 2 stands there twice
    memcpy(changed, bytes, at[2]);
    memcpy(changed + at[2], bytes + at[1], n - at[1]);
    write_file(path, changed, n + at[2] - at[1]);
    check_with(&stage, NULL);
    check_fault(&stage, "audit-00000001.ndjson", 3, 2);
    stage_close(&stage);
}

static void a_cut_end_is_seen_with_a_head(void)
{
    struct stage stage;
    char path[128];
    struct strbuf head;
    strbuf_init(&head, 256);
    stage_open(&stage, true);
    append_count(&stage, 3);
    audit_log_head(stage.log, &head);
    shut(&stage);
    CU_ASSERT_EQUAL(check_with(&stage, head.p).faults, 0);
    CU_ASSERT_EQUAL(check_with(&stage, strrchr(head.p, ':') + 1).faults, 0);
    static char bytes[8192];
    path_of(&stage, 1, path, sizeof path);
    size_t n = read_whole(path, bytes, sizeof bytes);
    for (unsigned lines = 0; lines < 2; lines++) {
        n--;
        while (bytes[n - 1] != '\n') {
            n--;
        }
    }
    write_file(path, bytes, n);
    CU_ASSERT_EQUAL(check_with(&stage, NULL).faults, 0); // nothing shows it
    check_with(&stage, head.p);
    CU_ASSERT_EQUAL(stage.faults, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(stage.what, "cut off"));
    strbuf_fini(&head);
    stage_close(&stage);
}

static void files_follow_one_another(void)
{
    struct stage stage;
    struct audit_place place;
    char path[128];
    stage_open(&stage, true);
    stage.file_bytes = 1; // each record its own
    shut(&stage);
    CU_ASSERT_EQUAL_FATAL(open_again(&stage), ERR_NONE);
    append_count(&stage, 3);
    shut(&stage);
    stage.file_bytes = 1 << 20;
    CU_ASSERT_EQUAL_FATAL(open_again(&stage), ERR_NONE);
    append_count(&stage, 1);
    CU_ASSERT_EQUAL(append_at(&stage, start_ms + DAY_MS, &place), ERR_NONE); // the next day
    shut(&stage);
    struct audit_summary sum = check_with(&stage, NULL);
    CU_ASSERT_EQUAL(sum.faults, 0);
    CU_ASSERT_EQUAL(sum.files, 5);
    CU_ASSERT_EQUAL(sum.records, 15);
    path_of(&stage, 3, path, sizeof path);
    unlink(path);
    check_with(&stage, NULL);
    check_fault(&stage, "audit-00000003.ndjson", 0, 0);
    path_of(&stage, 2, path, sizeof path);
    unlink(path);
    path_of(&stage, 1, path, sizeof path);
    unlink(path);
    check_with(&stage, NULL);
    check_fault(&stage, "audit-00000001.ndjson", 0, 0);
    stage_close(&stage);
}

static void a_torn_line_is_cut(void)
{
    static char bytes[8192];
    struct stage stage;
    char path[128];
    for (unsigned whole = 0; whole < 3; whole++) {
        stage_open(&stage, true);
        append_count(&stage, 2);
        // as kill -9 leaves it: no end
        path_of(&stage, 1, path, sizeof path);
        size_t n = read_whole(path, bytes, sizeof bytes);
        shut(&stage);
        unsigned lines = 0;
        size_t kept = 0;
        while (lines < whole) {
            lines += bytes[kept++] == '\n';
        }
        write_file(path, bytes, kept + 100);
        CU_ASSERT_TRUE(kept + 100 < n);
        check_with(&stage, NULL);
        CU_ASSERT_PTR_NOT_NULL(strstr(stage.what, "cut off"));
        CU_ASSERT_EQUAL_FATAL(open_again(&stage), ERR_NONE);
        CU_ASSERT_PTR_NOT_NULL(strstr(stage.notes.p, "cut 100 bytes"));
        append_count(&stage, 1);
        shut(&stage);
        struct audit_summary sum = check_with(&stage, NULL);
        CU_ASSERT_EQUAL(sum.faults, 0);
        CU_ASSERT_EQUAL(sum.last_seq, whole + 3);
        stage_close(&stage);
    }
}

// A file that may not grow stands for a full disk: a write that does not fit leaves nothing behind.
static void a_full_disk_is_held_out(void)
{
    struct stage stage;
    struct audit_place place;
    struct rlimit before;
    stage_open(&stage, true);
    append_count(&stage, 2);
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction old;
    sigaction(SIGXFSZ, &ignore, &old);
    const struct rlimit full = {1900, before.rlim_max};
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &full), 0);
    unsigned written = 0;
    enum err e;
    while ((e = append_at(&stage, start_ms, &place)) == ERR_NONE && written < 100) {
        written++;
    }
    CU_ASSERT_EQUAL(e, ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(append_at(&stage, start_ms, &place), ERR_UNAVAILABLE);
    strbuf_reset(&stage.notes);
    audit_log_trouble(stage.log, &stage.notes);
    CU_ASSERT_PTR_NOT_NULL(strstr(stage.notes.p, "File too large"));
    CU_ASSERT_EQUAL(check_with(&stage, NULL).records, 3 + written);
    CU_ASSERT_EQUAL(stage.faults, 0);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &before), 0);
    sigaction(SIGXFSZ, &old, NULL);
    append_count(&stage, 2);
    shut(&stage);
    CU_ASSERT_EQUAL(check_with(&stage, NULL).records, 6 + written);
    CU_ASSERT_EQUAL(stage.faults, 0);
    stage_close(&stage);
}

// The folder is gone, or may not be written to: nothing is lost, and it goes on when it can.
static void a_file_that_cannot_begin_is_tried_again(void)
{
    struct stage stage;
    struct audit_place place;
    char path[128];
    stage_open(&stage, true);
    path_of(&stage, 1, path, sizeof path);
    write_file(path, "", 0); // somebody else's, in its place
    CU_ASSERT_EQUAL(append_at(&stage, start_ms, &place), ERR_UNAVAILABLE);
    unlink(path);
    append_count(&stage, 1);
    shut(&stage);
    CU_ASSERT_EQUAL(check_with(&stage, NULL).records, 3);
    CU_ASSERT_EQUAL(stage.faults, 0);
    stage_close(&stage);
}

static void one_process_a_folder(void)
{
    struct stage stage;
    struct audit_log *other = NULL;
    stage_open(&stage, true);
    const struct audit_log_options options = {
            stage.directory, &stage.keys, 1 << 20, VIEW("j"), VIEW("0"), VIEW("c"), VIEW("p1")};
    CU_ASSERT_EQUAL(audit_log_open(&other, &options, &stage.notes), ERR_LOCKED);
    CU_ASSERT_PTR_NULL(other);
    stage_close(&stage);
}

static void what_cannot_be_a_line_is_refused(void)
{
    struct stage stage;
    struct audit_place place;
    stage_open(&stage, true);
    static char large[1024 * 1024 + 2];
    memset(large, ' ', sizeof large);
    const struct view records[] = {VIEW("{\n}"), view_bytes(large, sizeof large)};
    for (size_t i = 0; i < 2; i++) {
        const struct audit_entry entry = {AUDIT_ALERT, VIEW("t"), VIEW("a"), VIEW_NONE, records[i]};
        CU_ASSERT_EQUAL(audit_log_append(stage.log, &entry, (struct wall_time){start_ms}, &place),
                ERR_DATA);
    }
    stage_close(&stage);
}

// A new key begins with a new file; the old one is needed to check the old files.
static void keys_are_replaced(void)
{
    struct stage stage;
    stage_open(&stage, false);
    append_count(&stage, 1);
    shut(&stage);
    add_key(&stage, "a1", '1');
    CU_ASSERT_EQUAL_FATAL(open_again(&stage), ERR_NONE);
    append_count(&stage, 1);
    shut(&stage);
    audit_keys_fini(&stage.keys);
    add_key(&stage, "a2", '2');
    add_key(&stage, "a1", '1');
    CU_ASSERT_EQUAL_FATAL(open_again(&stage), ERR_NONE);
    append_count(&stage, 1);
    shut(&stage);
    struct audit_summary sum = check_with(&stage, NULL);
    CU_ASSERT_EQUAL(sum.faults, 1); // the first file has no key
    check_fault(&stage, "audit-00000001.ndjson", 1, 1);
    CU_ASSERT_FALSE(sum.is_keyed);
    audit_keys_fini(&stage.keys);
    add_key(&stage, "a2", '2');
    check_with(&stage, NULL);
    CU_ASSERT_EQUAL(stage.faults, 1 + 3); // and the three records of a1
    audit_keys_fini(&stage.keys);
    add_key(&stage, "a2", '3');
    check_with(&stage, NULL);
    CU_ASSERT_EQUAL(stage.faults, 1 + 3 + 3);
    stage_close(&stage);
}

// A record's content may go when an account tells of it; its line goes on to prove it.
static void content_may_go_with_an_account(void)
{
    static char bytes[8192];
    struct stage stage;
    char path[128];
    stage_open(&stage, true);
    append_count(&stage, 1);
    shut(&stage);
    path_of(&stage, 1, path, sizeof path);
    size_t n = read_whole(path, bytes, sizeof bytes);
    char *record = memmem(bytes, n, record_text, sizeof record_text - 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(record);
    size_t tail = n - (size_t)(record - bytes) - (sizeof record_text - 1);
    memmove(record + 4, record + sizeof record_text - 1, tail);
    memcpy(record, "null", 4);
    write_file(path, bytes, n - (sizeof record_text - 1) + 4);
    check_with(&stage, NULL);
    check_fault(&stage, "audit-00000001.ndjson", 2, 2);
    stage.accounts = true;
    CU_ASSERT_EQUAL(check_with(&stage, NULL).removed, 1);
    CU_ASSERT_EQUAL(stage.faults, 0);
    stage_close(&stage);
}

enum { THREADS = 4, EACH = 200 };

static void *append_many(void *self)
{
    struct stage *stage = self;
    struct audit_place place;
    for (unsigned i = 0; i < EACH; i++) {
        CU_ASSERT_EQUAL(append_at(stage, start_ms, &place), ERR_NONE);
        CU_ASSERT_EQUAL(i % 50 == 0 ? audit_log_sync(stage->log) : ERR_NONE, ERR_NONE);
    }
    return NULL;
}

static void threads_share_one_chain(void)
{
    struct stage stage;
    pthread_t threads[THREADS];
    stage_open(&stage, true);
    for (unsigned i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, append_many, &stage), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    shut(&stage);
    CU_ASSERT_EQUAL(check_with(&stage, NULL).records, THREADS * EACH + 2);
    CU_ASSERT_EQUAL(stage.faults, 0);
    stage_close(&stage);
}

// Nothing of a keyed log can be checked without its key, which is said once.
static void a_keyed_log_wants_its_key_once(void)
{
    struct stage stage;
    stage_open(&stage, true);
    append_count(&stage, 5);
    shut(&stage);
    audit_keys_fini(&stage.keys);
    stage.keys = (struct audit_keys){.count = 0};
    check_with(&stage, NULL);
    CU_ASSERT_EQUAL(stage.faults, 1);
    check_fault(&stage, "audit-00000001.ndjson", 1, 1);
    unit_check_text("what", stage.what, "this log is keyed (a1): give --key or -c");
    stage_close(&stage);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"what_is_written_is_whole", what_is_written_is_whole},
            {"each_flipped_byte_is_named", each_flipped_byte_is_named},
            {"lines_that_move_are_named", lines_that_move_are_named},
            {"a_cut_end_is_seen_with_a_head", a_cut_end_is_seen_with_a_head},
            {"files_follow_one_another", files_follow_one_another},
            {"a_torn_line_is_cut", a_torn_line_is_cut},
            {"a_full_disk_is_held_out", a_full_disk_is_held_out},
            {"a_file_that_cannot_begin_is_tried_again", a_file_that_cannot_begin_is_tried_again},
            {"one_process_a_folder", one_process_a_folder},
            {"what_cannot_be_a_line_is_refused", what_cannot_be_a_line_is_refused},
            {"keys_are_replaced", keys_are_replaced},
            {"content_may_go_with_an_account", content_may_go_with_an_account},
            {"threads_share_one_chain", threads_share_one_chain},
            {"a_keyed_log_wants_its_key_once", a_keyed_log_wants_its_key_once},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "audit", tests);
}
