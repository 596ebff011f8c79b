// Records of the audit log that the disk has not taken: they are written once more, into another file, and until
// then nobody takes them for kept.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/audit_check.h"
#include "run/half.h"
#include "tests/support/kafka_owner.h"
#include "tests/support/unit.h"

static const int64_t start_ms = INT64_C(1781078400000); // midnight

struct stage {
    char directory[32];
    struct audit_keys keys;
    struct audit_log *log;
};

static void stage_open(struct stage *stage)
{
    *stage = (struct stage){.directory = "/tmp/wn-lost-XXXXXX"};
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(stage->directory));
    const struct audit_log_options options = {
            stage->directory, &stage->keys, 1 << 20, VIEW("i"), VIEW("0"), VIEW("c"), VIEW("p1")};
    struct strbuf notes;
    strbuf_init(&notes, 4096);
    CU_ASSERT_EQUAL_FATAL(audit_log_open(&stage->log, &options, &notes), ERR_NONE);
    strbuf_fini(&notes);
}

static void stage_close(struct stage *stage)
{
    static const char *const names[] = {
            "audit-00000001.ndjson", "audit-00000002.ndjson", "audit-00000003.ndjson", "lock"};
    char path[96];
    audit_log_close(stage->log);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", stage->directory, names[i]);
        unlink(path);
    }
    CU_ASSERT_EQUAL(rmdir(stage->directory), 0);
}

static enum err append(struct stage *stage)
{
    struct audit_place place;
    const struct audit_entry entry = {
            AUDIT_ALERT, VIEW("incident.opened"), VIEW("a"), VIEW_NONE, VIEW("{}")};
    return audit_log_append(stage->log, &entry, (struct wall_time){start_ms}, &place);
}

// What the log has open as its file becomes `path`, behind its back. /dev/zero takes every line and keeps none,
// and no sync of it goes well: so do pages that the kernel drops. /dev/full takes nothing at all.
static void swap(const char *wanted, const char *path)
{
    int other = open(path, O_WRONLY | O_CLOEXEC);
    CU_ASSERT_FATAL(other >= 0);
    unsigned swapped = 0;
    for (int fd = 3; fd < 256; fd++) {
        char link[32];
        char target[96] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (fd != other && readlink(link, target, sizeof target - 1) > 0 &&
                strcmp(target, wanted) == 0) {
            CU_ASSERT_EQUAL(dup2(other, fd), fd);
            swapped++;
        }
    }
    CU_ASSERT_EQUAL_FATAL(swapped, 1);
    close(other);
}

static void swap_file(const struct stage *stage, const char *path)
{
    char file[96];
    snprintf(file, sizeof file, "%s/audit-00000001.ndjson", stage->directory);
    swap(file, path);
}

// Where the new file is drafted stands something else, so that none can be made.
static void bar_renewal(const struct stage *stage, bool bars)
{
    char path[96];
    snprintf(path, sizeof path, "%s/audit-00000001.ndjson.part", stage->directory);
    CU_ASSERT_EQUAL_FATAL(bars ? mkdir(path, 0700) : rmdir(path), 0);
}

static void count_fault(void *self, const char *name, uint64_t line, uint64_t seq, const char *what)
{
    unsigned *faults = self;
    fprintf(stderr, "%s:%llu: %llu: %s\n", name, (unsigned long long)line, (unsigned long long)seq,
            what);
    (*faults)++;
}

// What is on disk is a whole log of so many records, and has the place `head`.
static void check_log(const struct stage *stage, uint64_t records, const char *head)
{
    unsigned faults = 0;
    struct audit_summary sum = {0};
    struct strbuf why;
    const struct audit_check check = {
            .directory = stage->directory,
            .keys = &stage->keys,
            .heads = {head},
            .head_count = head != NULL,
            .found = count_fault,
            .self = &faults,
    };
    strbuf_init(&why, 4096);
    CU_ASSERT_EQUAL(audit_check_log(&sum, &check, &why), ERR_NONE);
    CU_ASSERT_EQUAL(faults, 0);
    CU_ASSERT_EQUAL(sum.records, records);
    strbuf_fini(&why);
}

// What was written after the last good sync, and dropped, stands in the log again, under its places.
static void dropped_pages_are_written_once_more(void)
{
    struct stage stage;
    struct strbuf head;
    stage_open(&stage);
    strbuf_init(&head, 256);
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    CU_ASSERT_EQUAL(audit_log_sync(stage.log), ERR_NONE);
    swap_file(&stage, "/dev/zero");
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    audit_log_head(stage.log, &head);
    check_log(&stage, 2, NULL); // the beginning and the first
    CU_ASSERT_EQUAL(audit_log_sync(stage.log), ERR_NONE);
    CU_ASSERT_EQUAL(audit_log_renewals(stage.log), 1);
    check_log(&stage, 4, head.p);
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    CU_ASSERT_EQUAL(audit_log_sync(stage.log), ERR_NONE);
    CU_ASSERT_EQUAL(audit_log_renewals(stage.log), 1);
    check_log(&stage, 5, head.p);
    strbuf_fini(&head);
    stage_close(&stage);
}

// A sync that goes well behind one that has failed proves nothing: while there is no new file, nothing is on disk and
// nothing is appended.
static void no_later_sync_is_believed(void)
{
    struct stage stage;
    char path[96];
    stage_open(&stage);
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    swap_file(&stage, "/dev/zero");
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    bar_renewal(&stage, true);
    CU_ASSERT_EQUAL(audit_log_sync(stage.log), ERR_UNAVAILABLE);
    snprintf(path, sizeof path, "%s/audit-00000001.ndjson", stage.directory);
    swap("/dev/zero", path); // a disk that takes everything again
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(audit_log_sync(stage.log), ERR_UNAVAILABLE);
        CU_ASSERT_EQUAL(append(&stage), ERR_UNAVAILABLE);
    }
    bar_renewal(&stage, false);
    enum err e = ERR_UNAVAILABLE;
    for (int tries = 0; e != ERR_NONE && tries < 1000;
            tries++) { // a rest of microseconds lies between
        e = audit_log_sync(stage.log);
        const struct timespec pause = {0, 1000000};
        nanosleep(&pause, NULL);
    }
    CU_ASSERT_EQUAL(e, ERR_NONE);
    check_log(&stage, 3, NULL);
    stage_close(&stage);
}

// The disk takes neither a record, nor that it is cut back.
static void what_cannot_be_cut_back_is_left_behind(void)
{
    struct stage stage;
    stage_open(&stage);
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    swap_file(&stage, "/dev/full");
    CU_ASSERT_EQUAL(append(&stage), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE); // in a new file, under the same name
    CU_ASSERT_EQUAL(audit_log_renewals(stage.log), 1);
    audit_log_close(stage.log);
    stage.log = NULL;
    check_log(&stage, 4, NULL);
    stage_close(&stage);
}

// A process that ends while the disk refuses does not leave an end that nobody can rely on.
static void an_end_that_is_not_kept_is_taken_back(void)
{
    struct stage stage;
    stage_open(&stage);
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    CU_ASSERT_EQUAL(audit_log_sync(stage.log), ERR_NONE);
    swap_file(&stage, "/dev/zero");
    bar_renewal(&stage, true);
    audit_log_close(stage.log);
    stage.log = NULL;
    bar_renewal(&stage, false);
    check_log(&stage, 2, NULL);
    stage_close(&stage);
}

static ino_t inode_of(const struct stage *stage)
{
    char path[96];
    struct stat info;
    snprintf(path, sizeof path, "%s/audit-00000001.ndjson", stage->directory);
    CU_ASSERT_EQUAL_FATAL(stat(path, &info), 0);
    return info.st_ino;
}

static void open_again(struct stage *stage)
{
    const struct audit_log_options options = {
            stage->directory, &stage->keys, 1 << 20, VIEW("i"), VIEW("0"), VIEW("c"), VIEW("p1")};
    struct strbuf notes;
    audit_log_close(stage->log);
    stage->log = NULL;
    strbuf_init(&notes, 4096);
    CU_ASSERT_EQUAL_FATAL(audit_log_open(&stage->log, &options, &notes), ERR_NONE);
    strbuf_fini(&notes);
}

// Whoever dies leaves lines that only the kernel may have: who goes on behind them brings them to disk first.
static void what_a_dead_process_left_is_written_once_more(void)
{
    struct stage stage;
    char path[96];
    stage_open(&stage);
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    open_again(&stage);
    const ino_t ended = inode_of(&stage);
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    CU_ASSERT_EQUAL(inode_of(&stage), ended); // it was closed in order
    audit_log_close(stage.log);
    stage.log = NULL;
    snprintf(path, sizeof path, "%s/audit-00000002.ndjson", stage.directory);
    CU_ASSERT_EQUAL(unlink(path), 0);
    snprintf(path, sizeof path, "%s/audit-00000001.ndjson", stage.directory);
    struct stat info;
    CU_ASSERT_EQUAL(stat(path, &info), 0);
    CU_ASSERT_EQUAL(truncate(path, info.st_size - 9), 0); // into its last line
    open_again(&stage);
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    CU_ASSERT_NOT_EQUAL(inode_of(&stage), ended);
    check_log(&stage, 4, NULL);
    stage_close(&stage);
}

// --- a half ------------------------------------------------------------------------------------

struct fake {
    struct half half;
    atomic_bool stop;
};

static const struct half_role role = {.name = "fake"};

// What is not on disk is not committed, whether it goes on or a stop comes.
static void what_is_not_kept_is_not_committed(void)
{
    struct mock_kafka mock;
    struct stage stage;
    struct fake fake = {.stop = false};
    struct strbuf findings;
    kafka_owner_start_loop(&mock, 1);
    stage_open(&stage);
    strbuf_init(&findings, 4096);
    struct half *half = &fake.half;
    *half = (struct half){.role = &role, .self = &fake, .config = &mock.config, .stop = &fake.stop};
    const struct outlet_options options = {.name = "fake",
            .client_id = "fake",
            .config = &mock.config,
            .audit = stage.log,
            .stop = &fake.stop};
    CU_ASSERT_EQUAL_FATAL(outlet_init(&half->outlet, &options, &findings), ERR_NONE);
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    swap_file(&stage, "/dev/zero");
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    bar_renewal(&stage, true);
    CU_ASSERT_FALSE(outlet_is_audited(&half->outlet));
    CU_ASSERT_EQUAL(half_settle(half, ERR_NONE), ERR_NONE);
    atomic_store(&fake.stop, true);
    CU_ASSERT_EQUAL(half_settle(half, ERR_NONE), ERR_NONE);
    CU_ASSERT_FALSE(outlet_is_audited(&half->outlet));
    bar_renewal(&stage, false);
    bool is_audited = false;
    for (int tries = 0; !is_audited && tries < 1000; tries++) {
        const struct timespec pause = {0, 1000000};
        nanosleep(&pause, NULL);
        is_audited = outlet_is_audited(&half->outlet);
    }
    CU_ASSERT_TRUE(is_audited);
    check_log(&stage, 3, NULL);

    outlet_drain(&half->outlet);
    CU_ASSERT_EQUAL(outlet_close(&half->outlet, NULL), ERR_NONE);
    strbuf_fini(&findings);
    stage_close(&stage);
    mock_kafka_stop(&mock);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"dropped_pages_are_written_once_more", dropped_pages_are_written_once_more},
            {"no_later_sync_is_believed", no_later_sync_is_believed},
            {"what_cannot_be_cut_back_is_left_behind", what_cannot_be_cut_back_is_left_behind},
            {"an_end_that_is_not_kept_is_taken_back", an_end_that_is_not_kept_is_taken_back},
            {"what_a_dead_process_left_is_written_once_more",
                    what_a_dead_process_left_is_written_once_more},
            {"what_is_not_kept_is_not_committed", what_is_not_kept_is_not_committed},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "audit_lost", tests);
}
