// The way of a command: which tally partitions hear it, whose signature is taken, that a number goes no
// further, and that its frames come over the wire as they are.
#include "control_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/control_keys.h"
#include "frame_log.h"
#include "state/frame_codec.h"
#include "tests/support/emit_stage.h"
#include "tests/support/unit.h"

#define AT INT64_C(1795309200000)
#define RECORD                                                                                     \
    "\"action\": \"hold\", \"control_id\": \"c1\", \"issued_at\": 1795309200000,"                  \
    "\"operator\": \"li.wei\", \"reason\": \"\\u674e\","                                           \
    "\"scope\": {\"kind\": \"campaign\", \"id\": \"x\", \"tenant_id\": \"acme\"}"
// HMAC-SHA256 over RECORD's form by RFC 8785, from another program.
#define BY_FIRST_KEY "39498e139b3e431e860d958dd233967c0c51da90ffff11ee5e3130c663c0f6f6"
#define BY_SECOND_KEY "b0a5105bd60b5c6fcaa16d2df408f8a36b6e0b6e209716494e5e1d2ceeb94dea"
#define FIRST_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define SECOND_KEY "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20\n"
#define HEAD                                                                                       \
    "{\"control_id\":\"c\",\"operator\":\"o\",\"reason\":\"r\",\"issued_at\":1795309200000,"

enum { TALLY_PARTITIONS = 3, NO_KEY = 0, FIRST = 1, SECOND = 2 };

struct rig {
    struct config *config;
    struct keyring *ring;
    struct fake_sink sink;
    struct emitter emitter;
    struct aside_line *line;
    struct frame_log log;
    int64_t next_offset;
};

// A key file, by which of the two keys; NULL for no key. The caller frees it.
static char *key_path(int key)
{
    if (key == NO_KEY) {
        return NULL;
    }
    char path[] = "/tmp/wn-control-key-XXXXXX";
    int fd = mkstemp(path);
    const char *text = key == FIRST ? FIRST_KEY : SECOND_KEY;
    CU_ASSERT_FATAL(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    return strdup(path);
}

static struct rig *begin(int current, int previous)
{
    struct rig *rig = calloc(1, sizeof *rig);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
    CU_ASSERT_EQUAL_FATAL(config_create_default(&rig->config), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&rig->ring), ERR_NONE);
    rig->config->control.key_file = key_path(current);
    rig->config->control.previous_key_file = key_path(previous);
    for (size_t i = 0; i < SEEN_MAX; i++) {
        strbuf_init(&rig->sink.seen[i], SEEN_BYTES);
    }
    const struct emitter_options emitter = {.group = VIEW("g"), .instance = VIEW("i")};
    CU_ASSERT_EQUAL_FATAL(
            emitter_init(&rig->emitter, (struct sink){&fake_ops, &rig->sink}, &emitter), ERR_NONE);
    frame_log_init(&rig->log);
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    const struct aside_line_options options = {
            .config = rig->config,
            .ring = rig->ring,
            .emitter = &rig->emitter,
            .frames = frame_log_taker(&rig->log),
            .tally_partitions = TALLY_PARTITIONS,
            .clock = JUDGE_CLOCK_WALL,
            .findings = &findings,
    };
    CU_ASSERT_EQUAL_FATAL(control_line_create(&rig->line, &options), ERR_NONE);
    strbuf_fini(&findings);
    CU_ASSERT_EQUAL_FATAL(aside_line_open(rig->line, VIEW("control"), 0, 0), ERR_NONE);
    return rig;
}

static void end(struct rig *rig)
{
    aside_line_destroy(rig->line);
    frame_log_fini(&rig->log);
    emitter_fini(&rig->emitter);
    for (size_t i = 0; i < SEEN_MAX; i++) {
        strbuf_fini(&rig->sink.seen[i]);
    }
    keyring_destroy(rig->ring);
    if (rig->config->control.key_file != NULL) {
        unlink(rig->config->control.key_file);
    }
    if (rig->config->control.previous_key_file != NULL) {
        unlink(rig->config->control.previous_key_file);
    }
    config_destroy(rig->config);
    free(rig);
}

// One record, alone in its batch.
static void tell(struct rig *rig, const char *text)
{
    int64_t offset = rig->next_offset++;
    const struct judge_item item = {.raw = {.topic = VIEW("control"),
                                            .offset = offset,
                                            .timestamp_ms = -1,
                                            .value = view_of(text)}};
    const struct judge_slice slice = {.next_offset = rig->next_offset};
    CU_ASSERT_EQUAL(
            aside_line_batch(rig->line, &item, 1, &slice, 1, (struct wall_time){AT}), ERR_NONE);
}

static const struct control *only_control(const struct rig *rig)
{
    CU_ASSERT_EQUAL_FATAL(rig->log.count, 1);
    const struct frame *frame = &rig->log.frames[0].frame;
    CU_ASSERT_EQUAL_FATAL(frame->control_count, 1);
    CU_ASSERT_EQUAL(frame->leaf_count + frame->entry_count + frame->complaint_count, 0);
    return &frame->controls[0].control;
}

// --- who hears it -----------------------------------------------------------------------------

static void test_partitions(void)
{
    static const struct {
        const char *text;
        const char *tenant; // NULL = every partition
    } rows[] = {
            {"{" RECORD "}", "acme"},
            {HEAD "\"action\":\"release\",\"scope\":{\"kind\":\"recipient\",\"id\":\"13800138000\","
                  "\"tenant_id\":\"zeta\"}}",
                    "zeta"},
            {HEAD "\"action\":\"release\",\"rule\":\"no_record\",\"tenant_id\":\"other\"}",
                    "other"},
            {HEAD "\"action\":\"release\",\"rule\":\"no_record\"}", NULL},
            {HEAD "\"action\":\"confirm\",\"confirms\":\"c0\"}", NULL},
            {HEAD "\"action\":\"acknowledge\",\"incident_id\":"
                  "\"0123456789abcdef0123456789abcdef\"}",
                    NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig *rig = begin(NO_KEY, NO_KEY);
        tell(rig, rows[i].text);
        size_t expected = rows[i].tenant != NULL ? 1 : TALLY_PARTITIONS;
        CU_ASSERT_EQUAL_FATAL(rig->log.count, expected);
        for (size_t j = 0; j < expected; j++) {
            uint32_t partition =
                    rows[i].tenant != NULL
                            ? tally_partition_of(view_of(rows[i].tenant), TALLY_PARTITIONS)
                            : (uint32_t)j;
            CU_ASSERT_EQUAL(rig->log.frames[j].tally_partition, partition);
            CU_ASSERT_EQUAL(rig->log.frames[j].frame.control_count, 1);
        }
        end(rig);
    }
}

// Commands that come together go out one by one: what follows from each has a sequence of its own.
static void test_one_a_frame(void)
{
    struct rig *rig = begin(NO_KEY, NO_KEY);
    struct judge_item items[3];
    for (int64_t i = 0; i < 3; i++) {
        items[i] = (struct judge_item){.raw = {.topic = VIEW("control"),
                                               .offset = i,
                                               .timestamp_ms = -1,
                                               .value = VIEW("{" RECORD "}")}};
    }
    const struct judge_slice slice = {.next_offset = 3};
    CU_ASSERT_EQUAL(
            aside_line_batch(rig->line, items, 3, &slice, 1, (struct wall_time){AT}), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(rig->log.count, 3);
    for (int64_t i = 0; i < 3; i++) {
        const struct frame *frame = &rig->log.frames[i].frame;
        CU_ASSERT_EQUAL_FATAL(frame->control_count, 1);
        CU_ASSERT_EQUAL(frame->controls[0].offset, i);
        CU_ASSERT_EQUAL(frame->to_offset, i + 1);
    }
    end(rig);
}

// --- signatures -------------------------------------------------------------------------------

static void test_signatures(void)
{
    static const struct {
        int current;
        int previous;
        const char *text;
        const char *reason; // NULL = taken
        bool is_signed;
    } rows[] = {
            {NO_KEY, NO_KEY, "{" RECORD "}", NULL, false},
            {NO_KEY, NO_KEY, "{" RECORD ",\"signature\":\"" BY_FIRST_KEY "\"}", NULL, false},
            {FIRST, NO_KEY, "{" RECORD ",\"signature\":\"" BY_FIRST_KEY "\"}", NULL, true},
            {FIRST, NO_KEY, "{\"signature\":\"" BY_FIRST_KEY "\",\n" RECORD "\n}", NULL, true},
            {FIRST, NO_KEY, "{" RECORD "}", "unsigned", false},
            {FIRST, NO_KEY, "{" RECORD ",\"signature\":null}", "unsigned", false},
            {FIRST, NO_KEY, "{" RECORD ",\"signature\":\"" BY_SECOND_KEY "\"}", "bad_signature",
                    false},
            {FIRST, NO_KEY, "{" RECORD ",\"more\":1,\"signature\":\"" BY_FIRST_KEY "\"}",
                    "bad_signature", false},
            {FIRST, NO_KEY, "{" RECORD ",\"a\":1,\"a\":1,\"signature\":\"" BY_FIRST_KEY "\"}",
                    "bad_signature", false},
            {FIRST, NO_KEY, "{" RECORD ",\"signature\":\"39498e\"}", "bad_signature", false},
            // rotation: the new key is current, the old one previous, then it goes
            {SECOND, FIRST, "{" RECORD ",\"signature\":\"" BY_FIRST_KEY "\"}", NULL, true},
            {SECOND, FIRST, "{" RECORD ",\"signature\":\"" BY_SECOND_KEY "\"}", NULL, true},
            {SECOND, NO_KEY, "{" RECORD ",\"signature\":\"" BY_FIRST_KEY "\"}", "bad_signature",
                    false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig *rig = begin(rows[i].current, rows[i].previous);
        tell(rig, rows[i].text);
        const struct aside_counts *counts = aside_line_counts(rig->line);
        bool is_taken = rows[i].reason == NULL;
        CU_ASSERT_EQUAL(counts->taken, is_taken);
        CU_ASSERT_EQUAL(counts->dead_letters, !is_taken);
        CU_ASSERT_EQUAL_FATAL(rig->log.count, is_taken);
        if (is_taken) {
            CU_ASSERT_EQUAL(only_control(rig)->is_signed, rows[i].is_signed);
        } else {
            char header[64];
            snprintf(header, sizeof header, "wn.reason=%s\n", rows[i].reason);
            CU_ASSERT_PTR_NOT_NULL(strstr(rig->sink.seen[0].p, header));
        }
        end(rig);
    }
}

// What the verbs sign is what the processor takes.
static void test_sign(void)
{
    char *path = key_path(FIRST);
    struct arena *arena = arena_create(65536);
    struct control_keys *keys;
    struct strbuf text;
    strbuf_init(&text, 4096);
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    CU_ASSERT_EQUAL_FATAL(control_keys_load(&keys, path, NULL, &text), ERR_NONE);
    CU_ASSERT_TRUE(control_keys_are_there(keys));
    CU_ASSERT_EQUAL(control_keys_sign(keys, VIEW("{" RECORD "}"), arena, &text), ERR_NONE);
    CU_ASSERT_TRUE(view_is(strbuf_view(&text), BY_FIRST_KEY));
    control_keys_destroy(keys);
    strbuf_reset(&text);
    CU_ASSERT_EQUAL(control_keys_load(&keys, "/nowhere/key", NULL, &text), ERR_CONFIG);
    CU_ASSERT_TRUE(text.n > 0);
    strbuf_fini(&text);
    arena_destroy(arena);
    unlink(path);
    free(path);
}

// --- recipients, ends -------------------------------------------------------------------------

#define RECIPIENT(id, more)                                                                        \
    HEAD "\"action\":\"release\",\"scope\":{\"kind\":\"recipient\",\"id\":\"" id                   \
         "\",\"tenant_id\":\"t\"" more "}}"

static void pseudonym_of(const struct rig *rig, enum recipient_kind kind, struct view canonical,
        struct strbuf *ret_text)
{
    const struct keyring_key *key = keyring_current(rig->ring);
    struct pseudonym pseudonym =
            keyring_pseudonym(key, (struct recipient){.kind = kind, .canonical = canonical});
    strbuf_init(ret_text, 128);
    pseudonym_add(ret_text, key, &pseudonym);
}

static void test_recipients(void)
{
    static const struct {
        const char *text;
        enum recipient_kind kind;
        const char *canonical; // NULL = refused
    } rows[] = {
            {RECIPIENT("138 0013 8000", ""), RECIPIENT_PHONE, "+8613800138000"},
            {RECIPIENT("+86-138-0013-8000", ""), RECIPIENT_PHONE, "+8613800138000"},
            {RECIPIENT("a@b.c", ",\"channel\":\"email\""), RECIPIENT_EMAIL, "a@b.c"},
            {RECIPIENT("12", ""), RECIPIENT_INVALID, NULL},
            {RECIPIENT("other:AAAAAAAAAAAAAAAAAAAAAA", ""), RECIPIENT_INVALID, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig *rig = begin(NO_KEY, NO_KEY);
        tell(rig, rows[i].text);
        if (rows[i].canonical == NULL) {
            CU_ASSERT_EQUAL(rig->log.count, 0);
            CU_ASSERT_PTR_NOT_NULL(strstr(rig->sink.seen[0].p, "wn.reason=bad_type\n"));
        } else {
            struct strbuf expected;
            pseudonym_of(rig, rows[i].kind, view_of(rows[i].canonical), &expected);
            const struct control *control = only_control(rig);
            CU_ASSERT_TRUE(view_equal(control->recipient, strbuf_view(&expected)));
            CU_ASSERT_TRUE(
                    view_is_none(control->scope.id) && view_is(control->scope.tenant_id, "t"));
            strbuf_fini(&expected);
        }
        end(rig);
    }
    struct rig *rig = begin(NO_KEY, NO_KEY);
    tell(rig, RECIPIENT("demo:AAAAAAAAAAAAAAAAAAAAAA", ""));
    CU_ASSERT_TRUE(view_is(only_control(rig)->recipient, "demo:AAAAAAAAAAAAAAAAAAAAAA"));
    end(rig);
}

static void test_ends(void)
{
    static const struct {
        const char *text;
        int64_t expires_at_ms;
    } rows[] = {
            {"{" RECORD "}", AT + INT64_C(24) * 3600 * 1000},
            {"{" RECORD ",\"expires_at\":1795309260000}", AT + 60000},
            {HEAD "\"action\":\"release\",\"rule\":\"no_record\"}", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig *rig = begin(NO_KEY, NO_KEY);
        tell(rig, rows[i].text);
        CU_ASSERT_EQUAL(
                rig->log.frames[0].frame.controls[0].control.expires_at_ms, rows[i].expires_at_ms);
        end(rig);
    }
    // By the policy that was reloaded.
    struct rig *rig = begin(NO_KEY, NO_KEY);
    struct policy policy = rig->config->policy;
    policy.scope_hold_ms = 90000;
    aside_line_set_policy(rig->line, &policy);
    tell(rig, rows[0].text);
    CU_ASSERT_EQUAL(rig->log.frames[0].frame.controls[0].control.expires_at_ms, AT + 90000);
    end(rig);
}

// --- over the wire ----------------------------------------------------------------------------

static void test_wire(void)
{
    static const char *const texts[] = {
            "{" RECORD "}",
            HEAD "\"action\":\"hold\",\"scope\":{\"kind\":\"tenant\",\"id\":\"t\","
                 "\"tenant_id\":\"t\",\"channel\":\"sms\"},\"expires_at\":1795309260000}",
            HEAD "\"action\":\"release\",\"at_once\":true,\"scope\":{\"kind\":\"message\","
                 "\"id\":\"m\",\"tenant_id\":\"t\"}}",
            RECIPIENT("13800138000", ""),
            HEAD "\"action\":\"acknowledge\","
                 "\"incident_id\":\"0123456789abcdef0123456789abcdef\"}",
            HEAD "\"action\":\"release\",\"rule\":\"no_record\"}",
            HEAD "\"action\":\"confirm\",\"confirms\":\"c0\"}",
            HEAD "\"action\":\"mode\",\"mode\":\"enforce\",\"scope\":{\"kind\":\"vendor\","
                 "\"id\":\"v\",\"tenant_id\":\"t\"}}",
    };
    struct arena *arena = arena_create(1024 * 1024);
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct rig *rig = begin(NO_KEY, NO_KEY);
        tell(rig, texts[i]);
        CU_ASSERT_FATAL(rig->log.count > 0);
        const struct frame *frame = &rig->log.frames[0].frame;
        struct strbuf bytes;
        strbuf_init(&bytes, FRAME_MAX_BYTES);
        arena_reset(arena);
        CU_ASSERT_EQUAL_FATAL(frame_encode(&bytes, frame, arena), ERR_NONE);
        struct frame back;
        const char *why;
        CU_ASSERT_EQUAL_FATAL(frame_decode(strbuf_view(&bytes), arena, &back, &why), ERR_NONE);
        CU_ASSERT_TRUE(frame_equal(frame, &back));
        strbuf_fini(&bytes);
        end(rig);
    }
    arena_destroy(arena);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"partitions", test_partitions},
            {"one_a_frame", test_one_a_frame},
            {"signatures", test_signatures},
            {"sign", test_sign},
            {"recipients", test_recipients},
            {"ends", test_ends},
            {"wire", test_wire},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "control_line", tests);
}
