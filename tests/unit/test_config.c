// The configuration of a process: defaults, the example that is shipped, every finding, and print
// that reads back.
#include "policy/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/config_table.h"
#include "tests/support/unit.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { TEXT_MAX = 1024 * 1024 };

static const char example_path[] = "deploy/wrongnumber.yaml";

// --- files for a test -------------------------------------------------------------------------

struct folder {
    char path[64];
    char config[80];
};

static void put_file(const struct folder *folder, const char *name, const void *bytes, size_t n)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

static void folder_init(struct folder *folder)
{
    snprintf(folder->path, sizeof folder->path, "/tmp/wn-config-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder->path));
    snprintf(folder->config, sizeof folder->config, "%s/c.yaml", folder->path);
    setenv("WN_DIR", folder->path, 1);
    put_file(folder, "key", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
            65);
    put_file(folder, "short", "too short", 9);
    put_file(folder, "empty", "", 0);
    put_file(folder, "password", "hunter2\n", 8);
}

static void folder_fini(const struct folder *folder)
{
    static const char *const names[] = {"c.yaml", "key", "short", "empty", "password"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder->path, names[i]);
        unlink(path);
    }
    rmdir(folder->path);
}

// Appends `text` with the folder's name, which differs from run to run, cut out.
static void add_without_folder(struct strbuf *sb, struct view text, const struct folder *folder)
{
    size_t n = strlen(folder->path) + 1;
    for (const char *at; (at = memmem(text.p, text.n, folder->path, n - 1)) != NULL;) {
        strbuf_add(sb, text.p, (size_t)(at - text.p));
        text = view_skip(text, (size_t)(at - text.p) + n);
    }
    strbuf_add_view(sb, text);
}

static enum err load_text(struct config **ret_config, const struct folder *folder, struct view yaml,
        struct strbuf *findings)
{
    put_file(folder, "c.yaml", yaml.p, yaml.n);
    return config_load(ret_config, folder->config, findings);
}

static void expect_findings(const struct folder *folder, const char *yaml, const char *expected)
{
    struct strbuf findings;
    struct strbuf shown;
    strbuf_init(&findings, TEXT_MAX);
    strbuf_init(&shown, TEXT_MAX);
    struct config *config = NULL;
    enum err e = load_text(&config, folder, view_of(yaml), &findings);
    CU_ASSERT_EQUAL(e, expected[0] != '\0' ? ERR_CONFIG : ERR_NONE);
    CU_ASSERT_EQUAL(config != NULL, e == ERR_NONE);
    add_without_folder(&shown, strbuf_view(&findings), folder);
    unit_check_text(yaml, strbuf_view(&shown).p, expected);
    config_destroy(config);
    strbuf_fini(&shown);
    strbuf_fini(&findings);
}

static void add_print(struct strbuf *sb, const struct config *config)
{
    strbuf_reset(sb);
    config_print(sb, config);
    CU_ASSERT_EQUAL(sb->failed, ERR_NONE);
}

// --- defaults ---------------------------------------------------------------------------------

static void test_defaults(void)
{
    struct config *config = NULL;
    CU_ASSERT_EQUAL_FATAL(config_create_default(&config), ERR_NONE);
    CU_ASSERT_EQUAL(config->roles, ROLE_JUDGE | ROLE_DETECT);
    unit_check_text("bootstrap", config->kafka.bootstrap, "127.0.0.1:9092");
    unit_check_text("group", config->kafka.group, "wrongnumber");
    CU_ASSERT_EQUAL(config->kafka.start, START_EARLIEST);
    CU_ASSERT_EQUAL(config->kafka.property_count, 0);
    unit_check_text("outbound", config->topics.outbound, "collections.outbound.v1");
    unit_check_text("state", config->topics.state, "collections.quarantine-state.v1");
    unit_check_text("control_state", config->topics.control_state, "collections.control-state.v1");
    CU_ASSERT_EQUAL(config->topics.outbound_partitions, 16);
    CU_ASSERT_EQUAL(config->topics.tally_partitions, 4);
    CU_ASSERT_EQUAL(config->topics.output_partitions, 4);
    CU_ASSERT_EQUAL(config->topics.replication, 1);
    unit_check_text("address", config->redis.address, "127.0.0.1:6379");
    CU_ASSERT_PTR_NULL(config->redis.user);
    CU_ASSERT_PTR_NULL(config->redis.password_file);
    CU_ASSERT_EQUAL(config->redis.layout, LAYOUT_PACKED);
    CU_ASSERT_EQUAL(config->redis.deadline_ms, 200);
    CU_ASSERT_EQUAL(config->redis.connect_timeout_ms, 1000);
    CU_ASSERT_EQUAL(config->redis.pipeline_keys, 1024);
    CU_ASSERT_EQUAL(config->redis.tags, 1);
    CU_ASSERT_EQUAL(config->redis.valid_for_ms, 26 * 3600 * 1000);
    unit_check_text("hash key", config->redis.hash_key, "borrower:{recipient}");
    CU_ASSERT_PTR_NULL(config->redis.hash_epoch_key);
    unit_check_text("hash field", config->redis.hash_fields[7], "opted_out");
    unit_check_text("key id", config->identity.key_id, "k1");
    CU_ASSERT_PTR_NULL(config->identity.key_file);
    unit_check_text("region", config->identity.default_region, "CN");
    unit_check_text("field", config->fields[FIELD_PLANNED_SIZE], "/planned_size");
    CU_ASSERT_EQUAL(config->batch.messages, 1000);
    CU_ASSERT_EQUAL(config->batch.wait_ms, 20);
    CU_ASSERT_EQUAL(config->batch.max_leaves, 4096);
    CU_ASSERT_EQUAL(config->verdicts, VERDICTS_FLAGGED);
    CU_ASSERT_EQUAL(config->detector.max_scopes, 1000000);
    CU_ASSERT_EQUAL(config->detector.max_incidents, 10000);
    CU_ASSERT_EQUAL(config->log.format, LOG_TEXT);
    CU_ASSERT_EQUAL(config->log.level, LOG_INFO);
    CU_ASSERT_EQUAL(config->drain_ms, 25000);
    config_destroy(config);
}

// The table and policy_init say the same.
static void test_default_policy(void)
{
    struct config *config = NULL;
    struct policy policy;
    struct strbuf ours;
    struct strbuf theirs;
    strbuf_init(&ours, TEXT_MAX);
    strbuf_init(&theirs, TEXT_MAX);
    CU_ASSERT_EQUAL_FATAL(config_create_default(&config), ERR_NONE);
    policy_init(&policy);
    policy_add_canonical(&ours, &policy);
    policy_add_canonical(&theirs, &config->policy);
    unit_check_text("policy", strbuf_view(&theirs).p, strbuf_view(&ours).p);
    CU_ASSERT_EQUAL(policy_seal(&policy), ERR_NONE);
    unit_check_text("version", config->policy.version, policy.version);
    config_destroy(config);
    strbuf_fini(&ours);
    strbuf_fini(&theirs);
}

// --- the example ------------------------------------------------------------------------------

static void test_example_is_the_defaults(void)
{
    struct config *config = NULL;
    struct config *defaults = NULL;
    struct strbuf findings;
    struct strbuf printed;
    struct strbuf expected;
    strbuf_init(&findings, TEXT_MAX);
    strbuf_init(&printed, TEXT_MAX);
    strbuf_init(&expected, TEXT_MAX);
    enum err e = config_load(&config, example_path, &findings);
    unit_check_text("findings", strbuf_view(&findings).p, "");
    CU_ASSERT_EQUAL_FATAL(e, ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(config_create_default(&defaults), ERR_NONE);
    add_print(&printed, config);
    add_print(&expected, defaults);
    unit_check_text("example", strbuf_view(&printed).p, strbuf_view(&expected).p);
    unit_check_text("version", config->policy.version, defaults->policy.version);
    config_destroy(config);
    config_destroy(defaults);
    strbuf_fini(&findings);
    strbuf_fini(&printed);
    strbuf_fini(&expected);
}

static struct view read_file(const char *path, char *buffer, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    ssize_t n = read(fd, buffer, size);
    close(fd);
    CU_ASSERT_TRUE_FATAL(n >= 0 && (size_t)n < size);
    return view_bytes(buffer, (size_t)n);
}

// Whether the tree has a value at a path such as redis.hash.key.
static bool tree_names(const struct conf_node *node, const char *path)
{
    while (node != NULL) {
        const char *dot = strchr(path, '.');
        struct view word = {path, dot != NULL ? (size_t)(dot - path) : strlen(path)};
        const struct conf_node *entry = node->first;
        while (entry != NULL && !view_equal(entry->key, word)) {
            entry = entry->next;
        }
        if (dot == NULL) {
            return entry != NULL;
        }
        node = entry;
        path = dot + 1;
    }
    return false;
}

static void test_example_names_every_option(void)
{
    static char buffer[64 * 1024];
    struct view text = read_file(example_path, buffer, sizeof buffer);
    struct strbuf findings;
    strbuf_init(&findings, TEXT_MAX);
    struct conf_report report;
    conf_report_init(&report, example_path, &findings);
    struct arena *arena = arena_create(TEXT_MAX);
    struct conf_node *root = NULL;
    CU_ASSERT_EQUAL_FATAL(conf_parse(&root, text, arena, &report), ERR_NONE);
    for (size_t i = 0; i < config_table.count; i++) {
        bool is_named = tree_names(root, config_table.options[i].path);
        CU_ASSERT_TRUE(is_named);
        if (!is_named) {
            fprintf(stderr, "the example leaves out %s\n", config_table.options[i].path);
        }
    }
    arena_destroy(arena);
    strbuf_fini(&findings);
}

static void test_describe(void)
{
    struct strbuf text;
    strbuf_init(&text, TEXT_MAX);
    config_describe(&text);
    for (size_t i = 0; i < config_table.count; i++) {
        const struct conf_option *option = &config_table.options[i];
        CU_ASSERT_PTR_NOT_NULL(strstr(text.p, option->path));
        CU_ASSERT_TRUE(option->text != NULL && strlen(option->text) > 5);
    }
    static const char row[] = "redis.deadline\n"
                              "    duration, default 200ms: a duration from 1ms to 30s\n"
                              "    for all lookups of a part of a batch (at most 1,000 messages; "
                              "all of them where some may have to wait); what has no answer by "
                              "then is unknown\n";
    CU_ASSERT_PTR_NOT_NULL(strstr(text.p, row));
    strbuf_fini(&text);
}

// --- findings ---------------------------------------------------------------------------------

struct finding_case {
    const char *yaml;
    const char *findings;
};

static void expect_all(const struct finding_case *cases, size_t count)
{
    struct folder folder;
    folder_init(&folder);
    for (size_t i = 0; i < count; i++) {
        expect_findings(&folder, cases[i].yaml, cases[i].findings);
    }
    folder_fini(&folder);
}

static void test_texts(void)
{
#define HOSTS "host:port, more of them with commas and no spaces between"
#define ADDRESS "host:port, [IPv6]:port or unix:/path"
#define TEN "0123456789"
#define POINTER "a JSON Pointer such as /message/id (~1 stands for /, ~0 for ~)"
    static const struct finding_case cases[] = {
            {"kafka: {bootstrap: \"a,b:9092,[::1]:9092,10.0.0.1:1\"}\n", ""},
            {"kafka: {bootstrap: \"a, b\"}\n",
                    "c.yaml:1:20: kafka.bootstrap: expected " HOSTS ", got 'a, b'\n"},
            {"kafka: {bootstrap: \"a:0\"}\n",
                    "c.yaml:1:20: kafka.bootstrap: expected " HOSTS ", got 'a:0'\n"},
            {"kafka: {bootstrap: \"a:9092,\"}\n",
                    "c.yaml:1:20: kafka.bootstrap: expected " HOSTS ", got 'a:9092,'\n"},
            {"kafka: {bootstrap: \"a:65536\"}\n",
                    "c.yaml:1:20: kafka.bootstrap: expected " HOSTS ", got 'a:65536'\n"},
            {"topics: {alerts: a/b}\n",
                    "c.yaml:1:18: topics.alerts: expected a topic's name: letters, digits, dot, "
                    "hyphen and underscore, got 'a/b'\n"},
            {"topics: {alerts: ..}\n",
                    "c.yaml:1:18: topics.alerts: expected a topic's name: letters, digits, dot, "
                    "hyphen and underscore, got '..'\n"},
            {"redis: {address: \"unix:/run/redis.sock\"}\n", ""},
            {"redis: {address: \"[::1]:6379\"}\n", ""},
            {"redis: {address: \"unix:redis.sock\"}\n",
                    "c.yaml:1:18: redis.address: expected " ADDRESS ", got 'unix:redis.sock'\n"},
            {"redis: {address: \"unix:/" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "123456\"}\n", ""},
            {"redis: {address: \"unix:/" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "1234567\"}\n",
                    "c.yaml:1:18: redis.address: expected " ADDRESS
                    ", got 'unix:/" TEN TEN TEN TEN TEN "0123…'\n"},
            {"redis: {address: \"localhost\"}\n",
                    "c.yaml:1:18: redis.address: expected " ADDRESS ", got 'localhost'\n"},
            {"redis: {address: \"[::1\"}\n",
                    "c.yaml:1:18: redis.address: expected " ADDRESS ", got '[::1'\n"},
            {"redis: {address: \"rediss://h:1\"}\n",
                    "c.yaml:1:18: redis.address: expected host:port or unix:/path (TLS is "
                    "redis.tls.enabled), got 'rediss://h:1'\n"},
            {"redis: {prefix: \"{a}\"}\n",
                    "c.yaml:1:17: redis.prefix: expected letters, digits, dot, hyphen, underscore, "
                    "colon and slash, got '{a}'\n"},
            {"redis: {hash: {key: \"b:{recipent}\"}}\n",
                    "c.yaml:1:21: redis.hash.key: expected a key with {recipient} or {pseudonym} "
                    "in it, got 'b:{recipent}'\n"},
            {"phone: {default_region: cn}\n",
                    "c.yaml:1:25: phone.default_region: expected a region of two capital letters, "
                    "such as CN, got 'cn'\n"},
            {"phone:\n  default_region: XX\n",
                    "c.yaml:2:19: phone.default_region: expected a region that has phone numbers, "
                    "such as CN, got 'XX'\n"},
            {"phone: {default_region: SG}\n", ""},
            {"fields: {recipient: /to/0/a~1b~0c}\n", ""},
            {"fields: {recipient: to}\n",
                    "c.yaml:1:21: fields.recipient: expected " POINTER ", got 'to'\n"},
            {"fields: {recipient: /a~2}\n",
                    "c.yaml:1:21: fields.recipient: expected " POINTER ", got '/a~2'\n"},
            {"fields: {recipient: /a~}\n",
                    "c.yaml:1:21: fields.recipient: expected " POINTER ", got '/a~'\n"},
            {"pseudonym: {key_id: \"a b\"}\n",
                    "c.yaml:1:21: pseudonym.key_id: expected letters, digits, dot, hyphen and "
                    "underscore, got 'a b'\n"},
            {"kafka: {properties: {a b: 1}}\n",
                    "c.yaml:1:22: kafka.properties.a?b: expected a librdkafka property's name\n"},
            {"kafka: {properties: {linger.ms: [1]}}\n",
                    "c.yaml:1:33: kafka.properties.linger.ms: expected a property's value, got a "
                    "list\n"},
            {"policy: {vendors: north}\n",
                    "c.yaml:1:19: policy.vendors: expected a list of texts, got 'north'\n"},
            {"policy: {vendors: [north, [x], '']}\n",
                    "c.yaml:1:27: policy.vendors[1]: expected vendor or tenant/vendor, got a "
                    "list\n"
                    "c.yaml:1:32: policy.vendors[2]: expected vendor or tenant/vendor, 1 to 512 "
                    "bytes\n"},
            {"complaints: maybe\n", "c.yaml:1:13: complaints: expected off or on, got 'maybe'\n"},
            {"detector: {streams: {walking_rate: 30%}}\n",
                    "c.yaml:1:36: detector.streams.walking_rate: expected a percentage from 0.01% "
                    "to 20%, got '30%'\n"},
            {"policy: {purposes: {}}\n",
                    "c.yaml:1:20: policy.purposes: expected at least one purpose, got none\n"},
            {"policy: {purposes: {collection: [no_recrd, cache_stale]}}\n",
                    "c.yaml:1:34: policy.purposes.collection[0]: expected no_record, other_tenant, "
                    "wrong_debt, third_party, closed_loan, reassigned_number or opted_out, got "
                    "'no_recrd'\n"
                    "c.yaml:1:44: policy.purposes.collection[1]: expected no_record, other_tenant, "
                    "wrong_debt, third_party, closed_loan, reassigned_number or opted_out, got "
                    "'cache_stale'\n"},
            {"roles: []\n", "c.yaml:1:8: roles: expected at least one of its words, got none\n"},
    };
    expect_all(cases, COUNT_OF(cases));
}

static void test_between_options(void)
{
    static const struct finding_case cases[] = {
            {"redis: {tags: 64}\n", ""},
            {"redis: {topology: cluster, address: \"a:1,b:2\"}\n", ""},
            {"redis: {topology: cluster, tags: 64}\n", ""},
            {"redis: {topology: cluster, tags: 1}\n",
                    "c.yaml:1:34: redis.tags: expected 64 with topology cluster, got 1\n"},
            {"redis: {topology: cluster, database: 2}\n",
                    "c.yaml:1:38: redis.database: expected 0 with topology cluster, got 2\n"},
            {"redis: {topology: cluster, layout: hash}\n",
                    "c.yaml:1:36: redis.layout: expected packed with topology cluster: hashes and "
                    "their epoch would be on different nodes, got 'hash'\n"},
            {"redis: {address: \"a:1,b:2\"}\n", "c.yaml:1:18: redis.address: expected one address "
                                                "with topology standalone, got "
                                                "several\n"},
            {"redis: {topology: sentinel, address: \"a:1,b:2\", master: loans}\n", ""},
            {"redis: {tls: {enabled: true, cert_file: a, key_file: b}}\n", ""},
            {"redis: {tls: {key_file: b}}\n",
                    "c.yaml:1:25: redis.tls.key_file: expected both redis.tls.cert_file and "
                    "redis.tls.key_file, got one\n"},
            {"redis: {tls: {enabled: true}, address: \"unix:/a\"}\n",
                    "c.yaml:1:24: redis.tls.enabled: expected redis.tls.server_name with a Unix "
                    "socket, got none\n"},
            {"redis: {topology: sentinel}\n",
                    "c.yaml:1:19: redis.master: expected the master's name with topology sentinel, "
                    "got none\n"},
            {"redis: {tags: 7}\n", "c.yaml:1:15: redis.tags: expected 1 or 64, got 7\n"},
            {"redis: {assume_complete: true}\n",
                    "c.yaml:1:26: redis.assume_complete: expected false with the packed layout, "
                    "which knows when it is complete, got true\n"},
            {"redis: {assume_complete: true, layout: hash}\n", ""},
            // What was refused is not held against another option.
            {"redis: {assume_complete: true, layout: hsah}\n",
                    "c.yaml:1:40: redis.layout: expected packed or hash, got 'hsah'\n"},
            {"redis: {user: me}\n",
                    "c.yaml:1:15: redis.user: expected password_file beside it, got none\n"},
            {"redis: {user: me, password_file: '${WN_DIR}/password'}\n", ""},
            {"redis: {password_file: '${WN_DIR}/nowhere'}\n",
                    "c.yaml:1:24: redis.password_file: expected a readable file, got: nowhere: No "
                    "such file or directory\n"},
            {"redis: {password_file: '${WN_DIR}/empty'}\n",
                    "c.yaml:1:24: redis.password_file: expected a readable file, got: empty: is "
                    "empty\n"},
            {"redis: {password_file: /dev/null}\n",
                    "c.yaml:1:24: redis.password_file: expected a readable file, got: /dev/null: "
                    "is not a regular file\n"},
            {"pseudonym: {key_file: '${WN_DIR}/key'}\n", ""},
            {"pseudonym: {key_file: '${WN_DIR}/nowhere'}\n",
                    "c.yaml:1:23: pseudonym.key_file: expected a readable key file, got: key file "
                    "nowhere: No such file or directory\n"},
            {"pseudonym: {key_file: '${WN_DIR}/short'}\n",
                    "c.yaml:1:23: pseudonym.key_file: expected a readable key file, got: key file "
                    "short: is too short: expected 64 hex digits or 32 to 64 raw bytes\n"},
            {"pseudonym: {previous_key_id: k0}\n",
                    "c.yaml:1:30: pseudonym.previous_key_id: expected previous_key_file beside it, "
                    "got none\n"},
            {"pseudonym: {previous_key_file: '${WN_DIR}/key'}\n",
                    "c.yaml:1:32: pseudonym.previous_key_file: expected previous_key_id beside it, "
                    "got none\n"},
            {"pseudonym:\n  previous_key_id: k1\n  previous_key_file: ${WN_DIR}/key\n",
                    "c.yaml:2:20: pseudonym.previous_key_id: expected another id than "
                    "pseudonym.key_id, got 'k1' for both\n"},
            {"pseudonym:\n  key_id: k2\n  previous_key_id: k1\n  previous_key_file: "
             "${WN_DIR}/key\n",
                    ""},
            {"topics:\n  alerts: x\n  commands: x\n",
                    "c.yaml:3:13: topics.commands: expected another value than topics.alerts, got "
                    "'x' for both\n"},
            {"topics: {alerts: collections.verdicts.v1}\n",
                    "c.yaml:1:1: topics.verdicts: expected another value than topics.alerts, got "
                    "'collections.verdicts.v1' for both\n"},
            {"fields: {loan_id: /borrower_id}\n",
                    "c.yaml:1:1: fields.borrower_id: expected another value than fields.loan_id, "
                    "got '/borrower_id' for both\n"},
            {"drain: 5s\nredis: {deadline: 5s, connect_timeout: 10s}\nbatch: {wait: 6s}\n",
                    "c.yaml:2:19: redis.deadline: expected less than drain (5000ms), got 5000ms\n"
                    "c.yaml:2:40: redis.connect_timeout: expected less than drain (5000ms), got "
                    "10000ms\n"
                    "c.yaml:3:15: batch.wait: expected less than drain (5000ms), got 6000ms\n"},
            {"policy: {unknown: keep}\n",
                    "c.yaml:1:19: policy.unknown: expected pass, hold or wait, got 'keep'\n"},
            {"recheck: {max_messages: 4000001}\n",
                    "c.yaml:1:25: recheck.max_messages: expected a whole number from "
                    "0 to 4000000, got '4000001'\n"},
    };
    expect_all(cases, COUNT_OF(cases));
}

static void test_everything_at_once(void)
{
    static const char yaml[] = "kafka:\n"
                               "  bootsrap: a:9092\n"
                               "  start: newest\n"
                               "redis:\n"
                               "  deadline: 200\n"
                               "  deadline: 300ms\n"
                               "  pipeline_keys: 1e3\n"
                               "  tags: 3\n"
                               "  password_file: ${WN_DIR}/nowhere\n"
                               "detector: {prior_rate: 50%}\n"
                               "drain: ${WN_UNSET}\n"
                               "purposes: {}\n";
    static const char findings[] =
            "c.yaml:2:3: kafka.bootsrap: expected a known key, got 'bootsrap' (did you mean "
            "kafka.bootstrap?)\n"
            "c.yaml:3:10: kafka.start: expected earliest or latest, got 'newest'\n"
            "c.yaml:5:13: redis.deadline: expected a duration from 1ms to 30s, got '200' without a "
            "unit (ms, s, m, h, d)\n"
            "c.yaml:6:3: redis.deadline: expected once, got it again (first in line 5)\n"
            "c.yaml:7:18: redis.pipeline_keys: expected a whole number from 1 to 65536, got '1e3'\n"
            "c.yaml:8:9: redis.tags: expected 1 or 64, got 3\n"
            "c.yaml:9:18: redis.password_file: expected a readable file, got: nowhere: No such "
            "file or directory\n"
            "c.yaml:10:24: detector.prior_rate: expected a percentage from 0.01% to 4%, got "
            "'50%'\n"
            "c.yaml:11:8: drain: expected a variable that is set in the environment, got "
            "'${WN_UNSET}'\n"
            "c.yaml:12:1: purposes: expected a known key, got 'purposes' (did you mean "
            "policy.purposes?)\n";
    unsetenv("WN_UNSET");
    static const struct finding_case cases[] = {{yaml, findings}};
    expect_all(cases, COUNT_OF(cases));
}

static void complain(const struct config *config, struct strbuf *findings)
{
    CU_ASSERT_EQUAL(config->kafka.property_count, 2);
    strbuf_add_text(findings, "kafka.properties.linger.ms: expected a number\n"
                              "redis.layout: no\n"
                              "somewhere: else\n");
}

static void test_other_rooms_findings(void)
{
    static const char yaml[] =
            "kafka:\n  properties:\n    acks: all\n    linger.ms: x\nredis: {layout: hash}\n";
    struct folder folder;
    struct strbuf findings;
    struct strbuf shown;
    strbuf_init(&findings, TEXT_MAX);
    strbuf_init(&shown, TEXT_MAX);
    folder_init(&folder);
    put_file(&folder, "c.yaml", yaml, sizeof yaml - 1);
    struct config *config = NULL;
    CU_ASSERT_EQUAL(config_load_with(&config, folder.config, &findings, complain), ERR_CONFIG);
    add_without_folder(&shown, strbuf_view(&findings), &folder);
    unit_check_text("findings", strbuf_view(&shown).p,
            "c.yaml:1:1: somewhere: else\n"
            "c.yaml:4:16: kafka.properties.linger.ms: expected a number\n"
            "c.yaml:5:17: redis.layout: no\n");
    folder_fini(&folder);
    strbuf_fini(&shown);
    strbuf_fini(&findings);
}

static void test_too_many(void)
{
    struct folder folder;
    struct strbuf yaml;
    strbuf_init(&yaml, TEXT_MAX);
    folder_init(&folder);
    strbuf_add_text(&yaml, "kafka:\n  properties:\n");
    for (int i = 0; i <= PROPERTY_MAX; i++) {
        strbuf_printf(&yaml, "    p%d: 1\n", i);
    }
    expect_findings(
            &folder, yaml.p, "c.yaml:67:5: kafka.properties.p64: expected at most 64 properties\n");
    strbuf_reset(&yaml);
    strbuf_add_text(&yaml, "policy:\n  purposes:\n");
    for (int i = 0; i <= PURPOSE_MAX; i++) {
        strbuf_printf(&yaml, "    p%d: [no_record]\n", i);
    }
    expect_findings(
            &folder, yaml.p, "c.yaml:19:5: policy.purposes.p16: expected at most 16 purposes\n");
    folder_fini(&folder);
    strbuf_fini(&yaml);
}

static void test_unreadable(void)
{
    struct config *config = NULL;
    struct strbuf findings;
    strbuf_init(&findings, TEXT_MAX);
    CU_ASSERT_EQUAL(config_load(&config, "/nonexistent/c.yaml", &findings), ERR_NO_INPUT);
    unit_check_text("missing", strbuf_view(&findings).p,
            "/nonexistent/c.yaml: cannot be opened: No such file or directory\n");
    strbuf_reset(&findings);
    CU_ASSERT_EQUAL(config_load(&config, "/tmp", &findings), ERR_NO_INPUT);
    unit_check_text("folder", strbuf_view(&findings).p, "/tmp: cannot be read: Is a directory\n");
    strbuf_reset(&findings);
    // Without end: no more than the limit is read.
    CU_ASSERT_EQUAL(config_load(&config, "/dev/zero", &findings), ERR_CONFIG);
    unit_check_text("endless", strbuf_view(&findings).p,
            "/dev/zero:1:1: YAML: expected at most 256 KiB of text, got more\n");
    CU_ASSERT_PTR_NULL(config);
    strbuf_fini(&findings);
}

// --- printing ---------------------------------------------------------------------------------

static void test_print_reads_back(void)
{
    static const char yaml[] =
            "roles: [detect]\n"
            "kafka:\n  start: latest\n  properties: {linger.ms: 5, debug: 'a: \"b\" $${c}'}\n"
            "redis:\n  layout: hash\n  valid_for: 90m\n  assume_complete: true\n"
            "  hash: {key: 'x:{pseudonym}', epoch_key: e, fields: {loan_id: L}}\n"
            "policy:\n  purposes: {reminder: [], collection: [no_record, opted_out]}\n"
            "  closed_grace: 0s\n  mode: monitor\n  vendors: [south, 'a\"/b', acme/north, south]\n"
            "complaints: on\n"
            "detector: {prior_rate: 0.125%, clump_guard: false, streams: {invalid_rate: 0.3%}}\n"
            "log: {format: json, level: debug}\n";
    struct folder folder;
    struct strbuf findings;
    struct strbuf first;
    struct strbuf second;
    strbuf_init(&findings, TEXT_MAX);
    strbuf_init(&first, TEXT_MAX);
    strbuf_init(&second, TEXT_MAX);
    folder_init(&folder);
    struct config *config = NULL;
    CU_ASSERT_EQUAL_FATAL(load_text(&config, &folder, VIEW(yaml), &findings), ERR_NONE);
    unit_check_text("property", config->kafka.properties[1].value, "a: \"b\" ${c}");
    CU_ASSERT_EQUAL(config->policy.purposes[0].counting, 0);
    CU_ASSERT_EQUAL(config->policy.purposes[1].counting,
            REASON_BIT(REASON_NO_RECORD) | REASON_BIT(REASON_OPTED_OUT));
    CU_ASSERT_EQUAL(config->policy.prior_rate_millionths, 1250);
    CU_ASSERT_EQUAL(config->complaints, COMPLAINTS_ON);
    CU_ASSERT_EQUAL(config->policy.stream_rate_millionths[STREAM_INVALID], 3000);
    CU_ASSERT_EQUAL_FATAL(config->policy.vendors.count, 3);
    unit_check_text("vendor", config->policy.vendors.ids[1], "acme/north");
    CU_ASSERT_EQUAL(config->roles, ROLE_DETECT);
    char version[POLICY_VERSION_HEX + 1];
    memcpy(version, config->policy.version, sizeof version);
    add_print(&first, config);
    config_destroy(config);
    config = NULL;
    CU_ASSERT_EQUAL_FATAL(load_text(&config, &folder, strbuf_view(&first), &findings), ERR_NONE);
    add_print(&second, config);
    unit_check_text("printed", strbuf_view(&second).p, strbuf_view(&first).p);
    unit_check_text("version", config->policy.version, version);
    config_destroy(config);
    folder_fini(&folder);
    strbuf_fini(&findings);
    strbuf_fini(&first);
    strbuf_fini(&second);
}

static void test_secrets_are_not_shown(void)
{
    struct folder folder;
    struct strbuf text;
    strbuf_init(&text, TEXT_MAX);
    folder_init(&folder);
    setenv("WN_SECRET", "hunter2", 1);
    struct config *config = NULL;
    enum err e = load_text(&config, &folder,
            VIEW("kafka: {properties: {sasl.password: \"${WN_SECRET}\", "
                 "sasl.jaas.config: hunter2, sasl.username: me}}\n"
                 "redis: {password_file: '${WN_DIR}/password'}\n"),
            &text);
    CU_ASSERT_EQUAL_FATAL(e, ERR_NONE);
    unit_check_text("value", config->kafka.properties[0].value, "hunter2");
    add_print(&text, config);
    CU_ASSERT_PTR_NULL(strstr(text.p, "hunter2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text.p, "\"sasl.password\": \"(left out)\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text.p, "\"sasl.username\": \"me\""));
    config_destroy(config);
    folder_fini(&folder);
    strbuf_fini(&text);
}

static const struct unit_test tests[] = {
        {"defaults", test_defaults},
        {"default_policy", test_default_policy},
        {"example_is_the_defaults", test_example_is_the_defaults},
        {"example_names_every_option", test_example_names_every_option},
        {"describe", test_describe},
        {"texts", test_texts},
        {"between_options", test_between_options},
        {"everything_at_once", test_everything_at_once},
        {"other_rooms_findings", test_other_rooms_findings},
        {"too_many", test_too_many},
        {"unreadable", test_unreadable},
        {"print_reads_back", test_print_reads_back},
        {"secrets_are_not_shown", test_secrets_are_not_shown},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "config", tests);
}
