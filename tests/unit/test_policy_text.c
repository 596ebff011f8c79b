// A policy as text for the tally log: what is read back decides as what was written.
#include "policy/policy_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/conf_bind.h"
#include "model/frame.h"
#include "policy/config_table.h"
#include "tests/support/config_text.h"
#include "unit.h"

#define VERSION VIEW("0123456789abcdef")
#define BY "reason: r, owner: o, expires: \"2030-01-01T00:00:00Z\"}\n"

static const char *const full =
        "policy:\n"
        "  mode: monitor\n"
        "  message_hold: 70m\n"
        "  scope_hold: 90m\n"
        "  operator_hold_max: 3d\n"
        "  confirm_within: 5m\n"
        "  acknowledge_within: 7m\n"
        "  unconfirmed: expires\n"
        "  hold_cap: 7\n"
        "  hold_people: 4\n"
        "  streams: [walking, volume]\n"
        "  reasons_off: [third_party]\n"
        "  automatic_release: on\n"
        "  flap_limit: 5\n"
        "  update_interval: 3m\n"
        "  closed_grace: 9d\n"
        "  vendors: [\"acme/v:1\", \"$${\\\"}\"]\n"
        "  purposes: {collection: [no_record]}\n"
        "  rules:\n"
        "    - {match: {tenant: acme}, mode: enforce, scope_hold: 2h, budget: 1e9}\n"
        "    - {match: {vendor: \"{v}: - #\"}, scope_hold: 30m}\n"
        "  lists:\n"
        "    - {list: override, tenant: acme, campaign: \"spring \\u00e9\", " BY
        "    - {list: block, campaign: loud, " BY
        "    - {list: allow, recipient: \"+8613800138000\", " BY "  maintenance:\n"
        "    - {match: {channel: voice}, from: \"2026-01-01T00:00:00Z\", until: "
        "\"2026-01-02T00:00:00Z\", reason: r, owner: o}\n"
        "  hours:\n"
        "    - {allowed: \"08:00-22:00\", zone: \"+08:00\", mode: enforce}\n"
        "detector:\n"
        "  budget: 1e7\n"
        "  learning: false\n";

static void write_text(struct strbuf *sb, const struct policy *policy)
{
    strbuf_init(sb, 2 * FRAME_POLICY_MAX_BYTES);
    CU_ASSERT_EQUAL_FATAL(policy_text_add(sb, policy), ERR_NONE);
}

static struct config *read_text(struct view text, const struct policy *own)
{
    struct strbuf findings;
    struct config *config = NULL;
    strbuf_init(&findings, 4096);
    enum err e = policy_text_read(&config, text, VERSION, own, &findings);
    CU_ASSERT_EQUAL(e == ERR_NONE, config != NULL);
    CU_ASSERT_EQUAL(e == ERR_NONE, findings.n == 0);
    strbuf_fini(&findings);
    return config;
}

// What only verdicts go by, or stands in another option of the text.
static const char *const not_in_text[] = {
        "policy.purposes",
        "policy.reasons_off",
        "policy.closed_grace",
        "policy.unknown",
        "policy.lists_file", // its scopes stand in policy.lists
        "policy.hours",
        "policy.frequency",
        "policy.frequency_packs",
};

static bool is_in_text(const char *path)
{
    for (size_t i = 0; i < sizeof not_in_text / sizeof *not_in_text; i++) {
        if (strcmp(path, not_in_text[i]) == 0) {
            return false;
        }
    }
    return true;
}

static void print_option(struct strbuf *sb, const struct conf_option *option, void *config)
{
    const struct conf_table table = {option, 1};
    strbuf_init(sb, 64 * 1024);
    conf_print(&table, config, sb);
    CU_ASSERT_EQUAL_FATAL(sb->failed, ERR_NONE);
}

// Each option that SIGHUP may change is the text's with another value than the default, or named above: one
// that is forgotten would be the default for good once the log has named a policy.
static void test_every_option(void)
{
    struct config *config = config_text_good(full);
    struct config *own = config_text_good("");
    struct strbuf text;
    write_text(&text, &config->policy);
    struct config *read = read_text(strbuf_view(&text), &own->policy);
    CU_ASSERT_PTR_NOT_NULL_FATAL(read);
    unsigned seen = 0;
    for (size_t i = 0; i < config_table.count; i++) {
        const struct conf_option *option = &config_table.options[i];
        if (strncmp(option->path, "policy.", 7) != 0 &&
                strcmp(option->path, "detector.budget") != 0) {
            continue;
        }
        struct strbuf written;
        struct strbuf found;
        struct strbuf fallback;
        print_option(&written, option, config);
        print_option(&found, option, read);
        print_option(&fallback, option, own);
        if (!is_in_text(option->path)) {
            unit_check_text(option->path, strbuf_view(&found).p, strbuf_view(&fallback).p);
        } else {
            CU_ASSERT_FALSE(view_equal(strbuf_view(&written), strbuf_view(&fallback)));
            bool is_part = strcmp(option->path, "policy.lists") == 0; // those without recipients
            unit_check_text(option->path, strbuf_view(&found).p,
                    is_part ? strbuf_view(&found).p : strbuf_view(&written).p);
            CU_ASSERT_FALSE(view_equal(strbuf_view(&found), strbuf_view(&fallback)));
        }
        seen++;
        strbuf_fini(&fallback);
        strbuf_fini(&found);
        strbuf_fini(&written);
    }
    CU_ASSERT_TRUE(seen > sizeof not_in_text / sizeof *not_in_text);
    strbuf_fini(&text);
    config_destroy(read);
    config_destroy(own);
    config_destroy(config);
}

static void check_scalars(const struct policy *read, const struct policy *written)
{
    CU_ASSERT_EQUAL(read->mode, MODE_MONITOR);
    CU_ASSERT_EQUAL(read->scope_hold_ms, written->scope_hold_ms);
    CU_ASSERT_EQUAL(read->operator_hold_max_ms, written->operator_hold_max_ms);
    CU_ASSERT_EQUAL(read->confirm_within_ms, written->confirm_within_ms);
    CU_ASSERT_EQUAL(read->acknowledge_within_ms, written->acknowledge_within_ms);
    CU_ASSERT_EQUAL(read->unconfirmed, UNCONFIRMED_EXPIRES);
    CU_ASSERT_EQUAL(read->hold_cap, 7);
    CU_ASSERT_EQUAL(read->automatic_release, RELEASE_AUTOMATIC);
    CU_ASSERT_EQUAL(read->flap_limit, 5);
    CU_ASSERT_EQUAL(read->hold_people, 4);
    CU_ASSERT_EQUAL(read->streams, SOURCE_BIT(STREAM_WALKING) | SOURCE_BIT(SOURCE_VOLUME));
    CU_ASSERT_EQUAL(read->update_interval_ms, written->update_interval_ms);
    CU_ASSERT_EQUAL(read->budget, written->budget);
}

// What decides is the text's; what only a restart can change is the process's; the version is as told.
static void test_round_trip(void)
{
    struct config *config = config_text_good(full);
    struct config *own = config_text_good("detector: {start_credit: false}\n");
    struct strbuf text;
    struct strbuf again;
    write_text(&text, &config->policy);
    struct config *read = read_text(strbuf_view(&text), &own->policy);
    CU_ASSERT_PTR_NOT_NULL_FATAL(read);
    const struct policy *policy = &read->policy;
    check_scalars(policy, &config->policy);
    unit_check_text("version", policy->version, "0123456789abcdef");
    CU_ASSERT_TRUE(policy->learning);
    CU_ASSERT_FALSE(policy->start_credit);
    CU_ASSERT_EQUAL(policy->windows.hours_count, 0);

    CU_ASSERT_FALSE(vendors_is_stranger(&policy->vendors, VIEW("acme"), VIEW("v:1")));
    CU_ASSERT_FALSE(vendors_is_stranger(&policy->vendors, VIEW("other"), VIEW("${\"}")));
    CU_ASSERT_TRUE(vendors_is_stranger(&policy->vendors, VIEW("other"), VIEW("v:1")));
    struct policy_settings settings;
    const struct policy_subject subject = {
            VIEW("acme"), VIEW("{v}: - #"), VIEW("voice"), VIEW_NONE};
    policy_settings_of(policy, &subject, &settings);
    CU_ASSERT_EQUAL(settings.mode, MODE_ENFORCE);
    CU_ASSERT_EQUAL(settings.scope_hold_ms, 2 * 3600 * 1000);
    CU_ASSERT_EQUAL(policy_budget_of(policy, VIEW("acme")), 4);
    CU_ASSERT_TRUE(windows_in_maintenance(&policy->windows, &subject, INT64_C(1767225600000)));

    CU_ASSERT_EQUAL(policy->lists.count, 2); // no recipient
    struct list_subject listed = {.tenant_id = VIEW("acme")};
    listed.ids[SCOPE_CAMPAIGN] = VIEW("spring \xc3\xa9");
    CU_ASSERT_EQUAL(lists_find(&policy->lists, &listed, INT64_C(1767225600000)), LIST_OVERRIDE);
    listed.ids[SCOPE_CAMPAIGN] = VIEW("loud");
    CU_ASSERT_EQUAL(lists_find(&policy->lists, &listed, INT64_C(1767225600000)), LIST_BLOCK);

    write_text(&again, policy);
    unit_check_text("again", strbuf_view(&again).p, strbuf_view(&text).p);
    strbuf_fini(&again);
    strbuf_fini(&text);
    config_destroy(read);
    config_destroy(own);
    config_destroy(config);
}

static void test_default(void)
{
    struct config *config = config_text_good("");
    struct strbuf text;
    write_text(&text, &config->policy);
    unit_check_text("text", strbuf_view(&text).p,
            "policy:\n"
            "  mode: enforce\n"
            "  message_hold: 1d\n"
            "  scope_hold: 1d\n"
            "  operator_hold_max: 7d\n"
            "  confirm_within: 30m\n"
            "  acknowledge_within: 15m\n"
            "  unconfirmed: stays_held\n"
            "  hold_cap: 20\n"
            "  automatic_release: off\n"
            "  flap_limit: 3\n"
            "  update_interval: 10m\n"
            "  vendors: []\n"
            "  rules: []\n"
            "  lists: []\n"
            "  maintenance: []\n"
            "detector:\n"
            "  budget: 2e8\n");
    strbuf_fini(&text);
    config_destroy(config);
}

// Whoever writes the log sets nothing but what decides.
static void test_refused(void)
{
    static const char *const texts[] = {
            "",
            "policy: {mode: perhaps}",
            "kafka: {bootstrap: \"elsewhere:9092\"}",
            "policy: {lists_file: /etc/passwd}",
            "detector: {budget: 3}",
            "policy: [",
            "\xff",
    };
    struct config *own = config_text_good("");
    for (size_t i = 1; i < sizeof texts / sizeof *texts; i++) {
        CU_ASSERT_PTR_NULL(read_text(view_of(texts[i]), &own->policy));
    }
    config_destroy(own);
}

// A file of lists with so many scopes that the log could not carry them is refused when it is read, one
// with as many as there is room for is not.
static void test_too_large(void)
{
    enum { MANY = 12000, MOST = 4000 };
    char path[] = "/tmp/wn-lists-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    char yaml[128];
    snprintf(yaml, sizeof yaml, "policy: {lists_file: %s}\n", path);
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    for (unsigned i = 0; i < MANY; i++) {
        fprintf(file,
                "{\"list\": \"override\", \"campaign\": \"a-campaign-with-a-rather-long-name-%u\", "
                "\"reason\": \"because of that\", \"owner\": \"li.wei\", "
                "\"expires\": \"2030-01-01T00:00:00Z\"}\n",
                i);
        if (i == MOST) {
            fflush(file);
            struct config *config = config_text_good(yaml);
            CU_ASSERT_EQUAL(config->policy.lists.count, MOST + 1);
            config_destroy(config);
        }
    }
    fclose(file);
    struct config *config = config_text_load(yaml, &findings);
    CU_ASSERT_PTR_NULL(config);
    CU_ASSERT_PTR_NOT_NULL(strstr(strbuf_view(&findings).p,
            "policy: expected vendors, rules, maintenance, and lists without recipients, of at "
            "most 768 KiB in all"));
    config_destroy(config);
    strbuf_fini(&findings);
    unlink(path);
}

static const struct unit_test tests[] = {
        {"round_trip", test_round_trip},
        {"every_option", test_every_option},
        {"default", test_default},
        {"refused", test_refused},
        {"too_large", test_too_large},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "policy_text", tests);
}
