// What others do to an audit log and its chain of custody who can write to the folder and have no key, or
// an old one: it is named, and nothing comes of it.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_dir.h"
#include "audit/audit_log.h"
#include "audit/custody.h"
#include "commands/audit.h"
#include "tests/support/unit.h"

#define INCIDENT "0123456789abcdef0123456789abcdef"
static const int64_t start_ms = INT64_C(1781078400000); // midnight
enum { PATH_BYTES = 128 };

struct stage {
    char directory[48]; // of the log
    char parent[32];
    struct audit_keys keys;
    struct strbuf why;
    uint64_t faults;
    uint64_t first_line; // that has one
    char first_name[64];
};

static char *path_of(const struct stage *stage, const char *name)
{
    static char paths[4][PATH_BYTES];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, PATH_BYTES, "%s/%s", stage->directory, name);
    return path;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
}

static void take_key(struct stage *stage, char filling)
{
    char id[] = {filling, '\0'};
    char key[33] = "";
    char path[PATH_BYTES];
    memset(key, filling, 32);
    snprintf(path, sizeof path, "%s/key-%c", stage->parent, filling);
    write_file(path, key);
    CU_ASSERT_EQUAL_FATAL(audit_keys_add(&stage->keys, view_of(id), path, &stage->why), ERR_NONE);
}

// The keys that are at hand from now on, the first one in force; each is a letter.
static void take_keys(struct stage *stage, const char *letters)
{
    audit_keys_fini(&stage->keys);
    for (; *letters != '\0'; letters++) {
        take_key(stage, *letters);
    }
    stage->keys.knows_current = true;
}

// A process begins, writes two records, and ends.
static void run_once(struct stage *stage)
{
    struct audit_log *log = NULL;
    struct audit_place place;
    const struct audit_log_options options = {
            stage->directory, &stage->keys, 1 << 20, VIEW("i"), VIEW("0"), VIEW("c"), VIEW("p1")};
    const struct audit_entry entry = {
            AUDIT_ALERT, VIEW("incident.opened"), VIEW("a"), VIEW(INCIDENT), VIEW("{}")};
    CU_ASSERT_EQUAL_FATAL(audit_log_open(&log, &options, &stage->why), ERR_NONE);
    for (unsigned i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(
                audit_log_append(log, &entry, (struct wall_time){start_ms}, &place), ERR_NONE);
    }
    audit_log_close(log);
}

// Under each key of `letters` one process runs; '-' is none.
static void run_under(struct stage *stage, const char *letters)
{
    for (; *letters != '\0'; letters++) {
        const char key[] = {*letters != '-' ? *letters : '\0', '\0'};
        take_keys(stage, key);
        run_once(stage);
    }
}

static void stage_open(struct stage *stage)
{
    *stage = (struct stage){.parent = "/tmp/wn-custody-XXXXXX"};
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(stage->parent));
    snprintf(stage->directory, sizeof stage->directory, "%s/log", stage->parent);
    strbuf_init(&stage->why, 64 * 1024);
}

static void stage_close(struct stage *stage)
{
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", stage->parent);
    CU_ASSERT_EQUAL(system(command), 0);
    audit_keys_fini(&stage->keys);
    strbuf_fini(&stage->why);
}

static void note_fault(void *self, const char *name, uint64_t line, uint64_t seq, const char *what)
{
    struct stage *stage = self;
    (void)seq;
    (void)what;
    if (stage->faults++ == 0) {
        snprintf(stage->first_name, sizeof stage->first_name, "%s", name);
        stage->first_line = line;
    }
}

static struct audit_check check_of(struct stage *stage, bool allows_unkeyed)
{
    stage->faults = 0;
    stage->first_name[0] = '\0';
    return (struct audit_check){.directory = stage->directory,
            .keys = &stage->keys,
            .allows_unkeyed = allows_unkeyed,
            .found = note_fault,
            .self = stage};
}

static uint64_t faults_of_log(struct stage *stage, bool allows_unkeyed)
{
    struct audit_summary sum;
    const struct audit_check check = check_of(stage, allows_unkeyed);
    CU_ASSERT_EQUAL_FATAL(audit_check_log(&sum, &check, &stage->why), ERR_NONE);
    return sum.faults;
}

static uint64_t faults_of_custody(struct stage *stage, bool allows_unkeyed)
{
    struct custody *custody = NULL;
    const struct audit_check check = check_of(stage, allows_unkeyed);
    CU_ASSERT_EQUAL_FATAL(custody_read(&custody, &check, &stage->why), ERR_NONE);
    uint64_t faults = custody_faults(custody);
    CU_ASSERT_EQUAL(faults, stage->faults);
    custody_destroy(custody);
    return faults;
}

static void hold(struct stage *stage, const char *letters, const char *type)
{
    struct custody_writer writer;
    take_keys(stage, letters);
    CU_ASSERT_EQUAL_FATAL(
            custody_writer_open(&writer, stage->directory, &stage->keys, &stage->why), ERR_NONE);
    CU_ASSERT_EQUAL(custody_write(&writer, type, VIEW(INCIDENT),
                            VIEW("{\"by\":\"ann\",\"reason\":\"r\"}"), &stage->why),
            ERR_NONE);
    custody_writer_close(&writer);
}

// The verb under the key a, as somebody would call it.
static int call(struct stage *stage, int (*verb)(int argc, char **argv), const char *more)
{
    char text[512];
    char *argv[32];
    int argc = 0;
    snprintf(text, sizeof text, "verb %s --key a=%s/key-a %s", stage->directory, stage->parent,
            more);
    for (char *word = text; word != NULL && argc < 31;) {
        char *end = strchr(word, ' ');
        if (end != NULL) {
            *end++ = '\0';
        }
        argv[argc] = word;
        argc += word[0] != '\0';
        word = end;
    }
    argv[argc] = NULL;
    return verb(argc, argv);
}

#define PURGE "--keep 0d --operator ann --reason r"

// --- tests -------------------------------------------------------------------------------------

static void a_hold_is_not_lifted_without_the_key(void)
{
    struct stage stage;
    char more[PATH_BYTES];
    stage_open(&stage);
    run_under(&stage, "aa");
    hold(&stage, "a", "hold.added");
    CU_ASSERT_EQUAL(faults_of_custody(&stage, false), 0);
    CU_ASSERT_EQUAL(call(&stage, audit_purge, PURGE), 0);
    hold(&stage, "", "hold.removed");
    CU_ASSERT_EQUAL(call(&stage, audit_purge, PURGE), 65);
    CU_ASSERT_EQUAL(call(&stage, audit_purge, PURGE " --unkeyed"), 65);
    snprintf(more, sizeof more, "--incident " INCIDENT " --out %s", stage.parent);
    CU_ASSERT_EQUAL(call(&stage, audit_export, more), 65);
    take_keys(&stage, "a");
    CU_ASSERT_EQUAL(faults_of_custody(&stage, false), 1);
    CU_ASSERT_EQUAL(faults_of_custody(&stage, true), 1);
    CU_ASSERT_EQUAL(stage.first_line, 2);
    stage_close(&stage);
}

static void a_log_written_anew_is_told_with_its_report(void)
{
    struct stage stage;
    char more[PATH_BYTES];
    stage_open(&stage);
    run_under(&stage, "-");
    take_keys(&stage, "a"); // the verb's
    snprintf(more, sizeof more, "--incident " INCIDENT " --out %s", stage.parent);
    CU_ASSERT_EQUAL(call(&stage, audit_export, more), 65);
    snprintf(more, sizeof more, "--incident " INCIDENT " --out %s --unkeyed", stage.parent);
    CU_ASSERT_EQUAL(call(&stage, audit_export, more), 0);
    CU_ASSERT_EQUAL(call(&stage, audit_purge, PURGE), 65);
    CU_ASSERT_EQUAL(call(&stage, audit_purge, PURGE " --unkeyed"), 0);
    stage_close(&stage);
}

// Letters are keys that processes ran under, one after another; those at hand, the first in force.
static void keys_come_in_their_order(void)
{
    static const struct {
        const char *ran;
        const char *keys;
        bool allows_unkeyed;
        uint64_t faults;
    } rows[] = {
            {"aa", "a", false, 0},
            {"ab", "ba", false, 0},
            {"abc", "cba", false, 0},
            {"-a", "a", true, 0},
            {"-a", "a", false, 1},
            {"a-", "a", true, 1},
            {"a-a", "a", true, 1},
            {"ba", "ba", false, 1},  // a was replaced before
            {"bba", "ba", false, 1}, //
            {"aba", "cab", false, 1},
            {"abb", "cab", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage stage;
        stage_open(&stage);
        run_under(&stage, rows[i].ran);
        take_keys(&stage, rows[i].keys);
        CU_ASSERT_EQUAL(faults_of_log(&stage, rows[i].allows_unkeyed), rows[i].faults);
        if (strcmp(rows[i].ran, "ab") == 0) { // no order is known of keys that were just given
            take_keys(&stage, "ab");
            stage.keys.knows_current = false;
            CU_ASSERT_EQUAL(faults_of_log(&stage, false), 0);
        }
        stage_close(&stage);
    }
}

// A file is one process's, which has one key; custody.ndjson goes on under another one.
static void a_file_has_one_key(void)
{
    struct stage stage;
    char command[3 * PATH_BYTES];
    stage_open(&stage);
    run_under(&stage, "ab");
    hold(&stage, "a", "hold.added");
    hold(&stage, "ba", "hold.removed");
    CU_ASSERT_EQUAL(faults_of_custody(&stage, false), 0);
    hold(&stage, "a", "hold.removed");
    take_keys(&stage, "ba");
    CU_ASSERT_EQUAL(faults_of_custody(&stage, false), 1);
    CU_ASSERT_EQUAL(stage.first_line, 3);
    CU_ASSERT_EQUAL(faults_of_log(&stage, false), 0);
    snprintf(command, sizeof command, "cat %s >>%s; rm %s",
            path_of(&stage, "audit-00000002.ndjson"), path_of(&stage, "audit-00000001.ndjson"),
            path_of(&stage, "audit-00000002.ndjson"));
    CU_ASSERT_EQUAL(system(command), 0);
    CU_ASSERT_EQUAL(faults_of_log(&stage, false), 1);
    CU_ASSERT_EQUAL(stage.first_line, 5);
    stage_close(&stage);
}

static void custody_is_of_one_log(void)
{
    struct stage stage;
    struct stage other;
    char command[3 * PATH_BYTES];
    stage_open(&stage);
    stage_open(&other);
    run_under(&stage, "aa");
    run_under(&other, "aa");
    hold(&stage, "a", "hold.added");
    hold(&stage, "a", "hold.removed");
    snprintf(command, sizeof command, "cp %s %s", path_of(&stage, "custody.ndjson"),
            path_of(&other, "custody.ndjson"));
    CU_ASSERT_EQUAL(system(command), 0);
    CU_ASSERT_EQUAL(faults_of_custody(&stage, false), 0);
    CU_ASSERT_EQUAL(faults_of_custody(&other, false), 1);
    CU_ASSERT_EQUAL(other.first_line, 1);
    CU_ASSERT_EQUAL(call(&other, audit_purge, PURGE), 65);
    stage_close(&stage);
    stage_close(&other);
}

// Links and pipes in the place of files: nothing is written through them, and nothing waits for them.
static void links_and_pipes_are_not_followed(void)
{
    static const char victim_text[] = "somebody else's\ntorn";
    struct stage stage;
    struct stat info;
    struct audit_tail tail;
    struct audit_text text;
    struct custody_writer writer;
    char victim[PATH_BYTES];
    stage_open(&stage);
    run_under(&stage, "aa");
    snprintf(victim, sizeof victim, "%s/victim", stage.parent);
    write_file(victim, victim_text);
    // the draft of a purge
    CU_ASSERT_EQUAL(symlink(victim, path_of(&stage, "audit-00000001.ndjson.part")), 0);
    CU_ASSERT_EQUAL(call(&stage, audit_purge, PURGE), 0);
    CU_ASSERT_EQUAL(lstat(path_of(&stage, "audit-00000001.ndjson"), &info), 0);
    CU_ASSERT_TRUE(S_ISREG(info.st_mode));
    // custody.ndjson, and a file that is cut
    CU_ASSERT_EQUAL(unlink(path_of(&stage, "custody.ndjson")), 0);
    CU_ASSERT_EQUAL(symlink(victim, path_of(&stage, "custody.ndjson")), 0);
    CU_ASSERT_NOT_EQUAL(
            custody_writer_open(&writer, stage.directory, &stage.keys, &stage.why), ERR_NONE);
    custody_writer_close(&writer);
    CU_ASSERT_NOT_EQUAL(
            audit_tail_of_file(&tail, path_of(&stage, "custody.ndjson"), &stage.why), ERR_NONE);
    // one to nowhere is not made
    CU_ASSERT_EQUAL(unlink(path_of(&stage, "custody.ndjson")), 0);
    CU_ASSERT_EQUAL(symlink("nowhere", path_of(&stage, "custody.ndjson")), 0);
    CU_ASSERT_NOT_EQUAL(
            custody_writer_open(&writer, stage.directory, &stage.keys, &stage.why), ERR_NONE);
    custody_writer_close(&writer);
    CU_ASSERT_NOT_EQUAL(access(path_of(&stage, "nowhere"), F_OK), 0);
    CU_ASSERT_EQUAL(mkfifo(path_of(&stage, "pipe"), 0600), 0);
    CU_ASSERT_NOT_EQUAL(audit_text_open(&text, path_of(&stage, "pipe"), &stage.why), ERR_NONE);
    audit_text_close(&text);
    CU_ASSERT_FALSE(audit_is_locked(stage.directory, "pipe"));
    CU_ASSERT_EQUAL(stat(victim, &info), 0);
    CU_ASSERT_EQUAL(info.st_size, sizeof victim_text - 1);
    stage_close(&stage);
}

// The chain without its last line, and that line's place.
static void cut_custody(const struct stage *stage, char ret_head[256])
{
    char text[8192];
    FILE *file = fopen(path_of(stage, "custody.ndjson"), "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    text[n - 1] = '\0';
    char *last = strrchr(text, '\n');
    last = last != NULL ? last + 1 : text;
    const char *mac = strstr(last, "\"mac\":\"");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mac);
    snprintf(ret_head, 256, "custody:x:1:%.64s", mac + 7);
    *last = '\0';
    write_file(path_of(stage, "custody.ndjson"), text);
}

// The log has seen how far custody.ndjson went when each of its files began: what it has seen cannot be cut off, so that
// a legal hold that is taken away like that frees nothing. What came behind needs a place that somebody has kept.
static void a_cut_end_is_named(void)
{
    struct stage stage;
    char head[256];
    char more[400];
    stage_open(&stage);
    run_under(&stage, "aa");
    hold(&stage, "a", "hold.added");
    hold(&stage, "a", "hold.removed");
    CU_ASSERT_EQUAL(call(&stage, audit_verify, ""), 0);
    cut_custody(&stage, head);
    CU_ASSERT_EQUAL(call(&stage, audit_verify, ""), 0);
    snprintf(more, sizeof more, "--head %s", head);
    CU_ASSERT_EQUAL(call(&stage, audit_verify, more), 65);

    run_under(&stage, "a");
    CU_ASSERT_EQUAL(call(&stage, audit_verify, ""), 0);
    cut_custody(&stage, head);
    CU_ASSERT_EQUAL(call(&stage, audit_verify, ""), 65);
    CU_ASSERT_EQUAL(call(&stage, audit_purge, PURGE), 65);
    hold(&stage, "a", "hold.removed"); // another one in its place
    CU_ASSERT_EQUAL(call(&stage, audit_verify, ""), 65);
    CU_ASSERT_EQUAL(unlink(path_of(&stage, "custody.ndjson")), 0);
    CU_ASSERT_EQUAL(call(&stage, audit_verify, ""), 65);
    stage_close(&stage);
}

// Without its key nothing of the chain can be checked, which takes two lines and not one for each.
static void a_chain_without_its_key_is_summed_up(void)
{
    struct stage stage;
    stage_open(&stage);
    run_under(&stage, "a");
    for (unsigned i = 0; i < 5; i++) {
        hold(&stage, "a", "hold.added");
    }
    audit_keys_fini(&stage.keys);
    CU_ASSERT_EQUAL(faults_of_custody(&stage, false), 2);
    take_keys(&stage, "a");
    CU_ASSERT_EQUAL(faults_of_custody(&stage, false), 0);
    stage_close(&stage);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"a_hold_is_not_lifted_without_the_key", a_hold_is_not_lifted_without_the_key},
            {"a_log_written_anew_is_told_with_its_report",
                    a_log_written_anew_is_told_with_its_report},
            {"keys_come_in_their_order", keys_come_in_their_order},
            {"a_file_has_one_key", a_file_has_one_key},
            {"custody_is_of_one_log", custody_is_of_one_log},
            {"links_and_pipes_are_not_followed", links_and_pipes_are_not_followed},
            {"a_cut_end_is_named", a_cut_end_is_named},
            {"a_chain_without_its_key_is_summed_up", a_chain_without_its_key_is_summed_up},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "custody", tests);
}
