// Records of the audit log that may not be on disk: nobody takes them for kept.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

// What the log has open as its first file becomes `path`, behind its back.
static void swap_file(const struct stage *stage, const char *path, int flags)
{
    char wanted[96];
    snprintf(wanted, sizeof wanted, "%s/audit-00000001.ndjson", stage->directory);
    int other = open(path != NULL ? path : wanted, flags | O_CLOEXEC);
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

// The disk takes neither a record, nor that it is cut back, nor a sync.
static void a_file_that_is_left_unsynced_is_a_failure(void)
{
    struct stage stage;
    stage_open(&stage);
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    swap_file(&stage, "/dev/full", O_WRONLY);
    CU_ASSERT_EQUAL(append(&stage), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(audit_log_failures(stage.log), 1);
    CU_ASSERT_EQUAL(audit_log_sync(stage.log), ERR_NONE);
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE); // in a new file
    CU_ASSERT_EQUAL(audit_log_sync(stage.log), ERR_NONE);
    CU_ASSERT_EQUAL(audit_log_failures(stage.log), 1);
    stage_close(&stage);
}

// It takes the sync: what stands there is on disk, and nothing is lost.
static void a_file_that_is_left_synced_is_none(void)
{
    struct stage stage;
    stage_open(&stage);
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    swap_file(&stage, NULL, O_RDONLY);
    CU_ASSERT_EQUAL(append(&stage), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(audit_log_sync(stage.log), ERR_NONE);
    CU_ASSERT_EQUAL(audit_log_failures(stage.log), 0);
    stage_close(&stage);
}

// --- a half ------------------------------------------------------------------------------------

struct fake {
    struct half half;
    atomic_bool stop;
    unsigned begun_anew;
    enum err answer;
};

static enum err begin_anew(void *self, int32_t partition)
{
    struct fake *fake = self;
    (void)partition;
    fake->begun_anew++;
    atomic_store(&fake->stop, fake->answer != ERR_NONE);
    return fake->answer;
}

static const struct half_role role = {.name = "fake", .begin_anew = begin_anew};

// What a sync has lost stays lost to the half until it has begun anew: a stop that comes before commits nothing.
static void a_stop_commits_nothing_that_was_lost(void)
{
    struct mock_kafka mock;
    struct stage stage;
    struct fake fake = {.answer = ERR_UNAVAILABLE};
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
    CU_ASSERT_EQUAL(offsets_begin(half->outlet.offsets, 0, 0), ERR_NONE);
    CU_ASSERT_EQUAL(append(&stage), ERR_NONE);
    swap_file(&stage, "/dev/full", O_WRONLY);
    CU_ASSERT_FALSE(outlet_is_audited(&half->outlet));

    atomic_store(&fake.stop, true);
    CU_ASSERT_EQUAL(half_settle(half, ERR_NONE), ERR_NONE);
    CU_ASSERT_FALSE(outlet_is_audited(&half->outlet));
    atomic_store(&fake.stop, false); // it comes while that is tried, which does not go well
    CU_ASSERT_EQUAL(half_settle(half, ERR_NONE), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(fake.begun_anew, 1);
    CU_ASSERT_FALSE(outlet_is_audited(&half->outlet));
    atomic_store(&fake.stop, false);
    fake.answer = ERR_NONE;
    CU_ASSERT_EQUAL(half_settle(half, ERR_NONE), ERR_NONE);
    CU_ASSERT_EQUAL(fake.begun_anew, 2);
    CU_ASSERT_TRUE(outlet_is_audited(&half->outlet));
    CU_ASSERT_EQUAL(half_settle(half, ERR_NONE), ERR_NONE); // and that was it
    CU_ASSERT_EQUAL(fake.begun_anew, 2);

    outlet_drain(&half->outlet);
    CU_ASSERT_EQUAL(outlet_close(&half->outlet, NULL), ERR_NONE);
    strbuf_fini(&findings);
    stage_close(&stage);
    mock_kafka_stop(&mock);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"a_file_that_is_left_unsynced_is_a_failure",
                    a_file_that_is_left_unsynced_is_a_failure},
            {"a_file_that_is_left_synced_is_none", a_file_that_is_left_synced_is_none},
            {"a_stop_commits_nothing_that_was_lost", a_stop_commits_nothing_that_was_lost},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "audit_lost", tests);
}
