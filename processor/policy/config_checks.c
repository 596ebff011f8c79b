#include "policy/config_checks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/assure.h"
#include "identity/keyring.h"
#include "model/frame.h"
#include "policy/config_rules.h"
#include "policy/config_table.h"
#include "policy/policy_text.h"

enum { PASSWORD_MAX_BYTES = 4096, NAMED_MAX = 32 };

static const struct conf_place *place_of(const struct config_checker *c, const char *path)
{
    size_t index = conf_option_find(&config_table, view_of(path));
    ASSURE(index < config_table.count);
    return &c->places[index];
}

// Where to point for an option: its value, or the top of a file that leaves it out.
static struct conf_mark mark_of(const struct config_checker *c, const char *path)
{
    struct conf_mark mark = place_of(c, path)->mark;
    return mark.line != 0 ? mark : (struct conf_mark){1, 1};
}

// Whether the option holds what the file wants: a check that rests on a value that was refused
// would only mislead.
static bool is_sound(const struct config_checker *c, const char *path)
{
    return !place_of(c, path)->is_wrong;
}

// --- files ------------------------------------------------------------------------------------

static void check_key_file(const struct config_checker *c, const char *path, const char *file)
{
    if (file == NULL) {
        return;
    }
    struct strbuf why;
    strbuf_init(&why, 8192);
    struct keyring *ring = NULL;
    enum err e = keyring_load(&ring, "checked", file, NULL, NULL, &why);
    if (e == ERR_NO_MEMORY) {
        c->report->out_of_memory = true;
    } else if (e != ERR_NONE) {
        conf_find(c->report, mark_of(c, path), path, "expected a readable key file, got: %.*s",
                VIEW_ARGS(strbuf_view(&why)));
    }
    keyring_destroy(ring);
    strbuf_fini(&why);
}

// NULL when the file can hold a password, else why not.
static const char *why_no_password(const char *file)
{
    // A pipe without a writer would block the open.
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return strerror(errno);
    }
    struct stat info;
    const char *why = fstat(fd, &info) != 0               ? strerror(errno)
                      : !S_ISREG(info.st_mode)            ? "is not a regular file"
                      : info.st_size == 0                 ? "is empty"
                      : info.st_size > PASSWORD_MAX_BYTES ? "is longer than 4096 bytes"
                                                          : NULL;
    close(fd);
    return why;
}

static void check_password_file(const struct config_checker *c, const char *path, const char *file)
{
    const char *why = file != NULL ? why_no_password(file) : NULL;
    if (why != NULL) {
        conf_find(c->report, mark_of(c, path), path, "expected a readable file, got: %s: %s", file,
                why);
    }
}

// --- pairs of options -------------------------------------------------------------------------

static void check_control_keys(const struct config_checker *c)
{
    const char *file = c->config->control.previous_key_file;
    check_key_file(c, "control.key_file", c->config->control.key_file);
    check_key_file(c, "control.previous_key_file", file);
    if (file != NULL && c->config->control.key_file == NULL && is_sound(c, "control.key_file")) {
        conf_find(c->report, mark_of(c, "control.previous_key_file"), "control.previous_key_file",
                "expected key_file beside it, got none");
    }
}

// The keys of one use, by the paths of their options.
struct key_pair {
    const char *id_path;
    const char *id;
    const char *file_path;
    const char *file;
    const char *previous_id_path;
    const char *previous_id;
    const char *previous_file_path;
    const char *previous_file;
};

static void check_key_pair(const struct config_checker *c, const struct key_pair *keys)
{
    check_key_file(c, keys->file_path, keys->file);
    check_key_file(c, keys->previous_file_path, keys->previous_file);
    if (!is_sound(c, keys->previous_id_path) || !is_sound(c, keys->previous_file_path)) {
        return;
    }
    if (keys->previous_id != NULL && keys->previous_file == NULL) {
        conf_find(c->report, mark_of(c, keys->previous_id_path), keys->previous_id_path,
                "expected previous_key_file beside it, got none");
    }
    if (keys->previous_id == NULL && keys->previous_file != NULL) {
        conf_find(c->report, mark_of(c, keys->previous_file_path), keys->previous_file_path,
                "expected previous_key_id beside it, got none");
    }
    if (keys->previous_id != NULL && is_sound(c, keys->id_path) &&
            strcmp(keys->previous_id, keys->id) == 0) {
        conf_find(c->report, mark_of(c, keys->previous_id_path), keys->previous_id_path,
                "expected another id than %s, got '%s' for both", keys->id_path, keys->previous_id);
    }
}

static void check_keys(const struct config_checker *c)
{
    const struct config *config = c->config;
    const struct key_pair pseudonym = {
            "pseudonym.key_id",
            config->identity.key_id,
            "pseudonym.key_file",
            config->identity.key_file,
            "pseudonym.previous_key_id",
            config->identity.previous_key_id,
            "pseudonym.previous_key_file",
            config->identity.previous_key_file,
    };
    const struct key_pair audit = {
            "audit.key_id",
            config->audit.key_id,
            "audit.key_file",
            config->audit.key_file,
            "audit.previous_key_id",
            config->audit.previous_key_id,
            "audit.previous_key_file",
            config->audit.previous_key_file,
    };
    check_key_pair(c, &pseudonym);
    check_key_pair(c, &audit);
}

static void check_topology(const struct config_checker *c)
{
    const struct config *config = c->config;
    if (!is_sound(c, "redis.topology")) {
        return;
    }
    enum redis_topology topology = config->redis.topology;
    if (topology == TOPOLOGY_STANDALONE && is_sound(c, "redis.address") &&
            strchr(config->redis.address, ',') != NULL) {
        conf_find(c->report, mark_of(c, "redis.address"), "redis.address",
                "expected one address with topology standalone, got several");
    }
    if (topology == TOPOLOGY_SENTINEL && is_sound(c, "redis.master") &&
            config->redis.master == NULL) {
        conf_find(c->report, mark_of(c, "redis.topology"), "redis.master",
                "expected the master's name with topology sentinel, got none");
    }
    if (topology != TOPOLOGY_CLUSTER) {
        return;
    }
    if (config->redis.database != 0 && is_sound(c, "redis.database")) {
        conf_find(c->report, mark_of(c, "redis.database"), "redis.database",
                "expected 0 with topology cluster, got %u", config->redis.database);
    }
    if (config->redis.layout == LAYOUT_HASH && is_sound(c, "redis.layout")) {
        conf_find(c->report, mark_of(c, "redis.layout"), "redis.layout",
                "expected packed with topology cluster: hashes and their epoch would be on "
                "different nodes, got 'hash'");
    }
    if (config->redis.tags == 1 && place_of(c, "redis.tags")->mark.line != 0) {
        conf_find(c->report, mark_of(c, "redis.tags"), "redis.tags",
                "expected 64 with topology cluster, got 1");
    }
}

static void check_tls(const struct config_checker *c)
{
    const struct config *config = c->config;
    if ((config->redis.tls.cert_file == NULL) != (config->redis.tls.key_file == NULL) &&
            is_sound(c, "redis.tls.cert_file") && is_sound(c, "redis.tls.key_file")) {
        const char *path =
                config->redis.tls.cert_file != NULL ? "redis.tls.cert_file" : "redis.tls.key_file";
        conf_find(c->report, mark_of(c, path), path,
                "expected both redis.tls.cert_file and redis.tls.key_file, got one");
    }
    bool is_unix = is_sound(c, "redis.address") && strncmp(config->redis.address, "unix:", 5) == 0;
    if (config->redis.tls.is_on && is_unix && config->redis.tls.server_name == NULL) {
        conf_find(c->report, mark_of(c, "redis.tls.enabled"), "redis.tls.enabled",
                "expected redis.tls.server_name with a Unix socket, got none");
    }
}

static void check_redis(const struct config_checker *c)
{
    const struct config *config = c->config;
    if (is_sound(c, "redis.tags") && config->redis.tags != 1 && config->redis.tags != 64) {
        conf_find(c->report, mark_of(c, "redis.tags"), "redis.tags", "expected 1 or 64, got %u",
                config->redis.tags);
    }
    if (is_sound(c, "redis.layout") && config->redis.layout == LAYOUT_PACKED &&
            config->policy.assume_complete) {
        conf_find(c->report, mark_of(c, "redis.assume_complete"), "redis.assume_complete",
                "expected false with the packed layout, which knows when it is complete, got true");
    }
    if (config->redis.user != NULL && config->redis.password_file == NULL &&
            is_sound(c, "redis.password_file")) {
        conf_find(c->report, mark_of(c, "redis.user"), "redis.user",
                "expected password_file beside it, got none");
    }
}

static void check_times(const struct config_checker *c)
{
    static const char *const paths[] = {"redis.deadline", "redis.connect_timeout", "batch.wait"};
    const int64_t times_ms[] = {c->config->redis.deadline_ms, c->config->redis.connect_timeout_ms,
            c->config->batch.wait_ms};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0] && is_sound(c, "drain"); i++) {
        if (is_sound(c, paths[i]) && times_ms[i] >= c->config->drain_ms) {
            conf_find(c->report, mark_of(c, paths[i]), paths[i],
                    "expected less than drain (%lldms), got %lldms", (long long)c->config->drain_ms,
                    (long long)times_ms[i]);
        }
    }
}

static void check_delivery(const struct config_checker *c)
{
    if (c->config->delivery == DELIVERY_TRANSACTIONAL && is_sound(c, "kafka.instance_id") &&
            c->config->kafka.instance_id == NULL) {
        conf_find(c->report, mark_of(c, "delivery"), "kafka.instance_id",
                "expected a name of this instance's own with delivery transactional, got none");
    }
}

// --- names that must differ -------------------------------------------------------------------

// Reports each option under `section` whose text another one before it has.
static void check_distinct(const struct config_checker *c, const char *section)
{
    const struct conf_option *seen[NAMED_MAX];
    size_t seen_count = 0;
    for (size_t i = 0; i < config_table.count; i++) {
        const struct conf_option *option = &config_table.options[i];
        if (option->type != CONF_TEXT || strncmp(option->path, section, strlen(section)) != 0 ||
                c->places[i].is_wrong) {
            continue;
        }
        ASSURE(seen_count < NAMED_MAX);
        char *text = NULL;
        memcpy(&text, (const char *)c->config + option->offset, sizeof text);
        for (size_t j = 0; j < seen_count; j++) {
            char *other = NULL;
            memcpy(&other, (const char *)c->config + seen[j]->offset, sizeof other);
            if (strcmp(text, other) == 0) {
                conf_find(c->report, mark_of(c, option->path), option->path,
                        "expected another value than %s, got '%s' for both", seen[j]->path, text);
                break;
            }
        }
        seen[seen_count++] = option;
    }
}

// The tally log carries it: what can be written there has to be read there.
static void check_policy_text(const struct config_checker *c)
{
    struct strbuf text;
    struct strbuf findings;
    strbuf_init(&text, 2 * FRAME_POLICY_MAX_BYTES);
    strbuf_init(&findings, 64 * 1024);
    struct config *again = NULL;
    enum err e = policy_text_add(&text, &c->config->policy);
    if (e == ERR_NONE) {
        e = policy_text_read(&again, strbuf_view(&text), VIEW("0000000000000000"),
                &c->config->policy, &findings);
    }
    c->report->out_of_memory |= e == ERR_NO_MEMORY;
    if (e != ERR_NONE && e != ERR_NO_MEMORY) {
        conf_find(c->report, mark_of(c, "policy.lists"), "policy",
                "expected vendors, rules, maintenance, and lists without recipients, of at most %d "
                "KiB in all, got %zu",
                FRAME_POLICY_MAX_BYTES / 1024, text.n / 1024);
    }
    config_destroy(again);
    strbuf_fini(&text);
    strbuf_fini(&findings);
}

void config_check_all(const struct config_checker *c)
{
    check_distinct(c, "topics.");
    check_password_file(c, "redis.password_file", c->config->redis.password_file);
    check_password_file(c, "redis.sentinel_password_file", c->config->redis.sentinel_password_file);
    check_redis(c);
    check_topology(c);
    check_tls(c);
    check_keys(c);
    check_control_keys(c);
    check_distinct(c, "fields.");
    check_times(c);
    check_delivery(c);
    if (is_sound(c, "policy.rules") && is_sound(c, "detector.floor_rate") &&
            is_sound(c, "detector.ceiling_rate")) {
        config_check_rules(c->config, c->report);
    }
    if (c->report->count == 0) {
        check_policy_text(c);
    }
}

// --- findings of others -----------------------------------------------------------------------

// The place of an option, or of a property of kafka.properties.
static struct conf_mark mark_of_path(const struct config_checker *c, struct view path)
{
    struct view parent = VIEW("kafka.properties.");
    if (view_starts_with(path, parent)) {
        for (uint32_t i = 0; i < c->config->kafka.property_count; i++) {
            const struct property *property = &c->config->kafka.properties[i];
            if (view_is(view_skip(path, parent.n), property->name)) {
                return (struct conf_mark){property->line, property->column};
            }
        }
    }
    size_t index = conf_option_find(&config_table, path);
    bool is_there = index < config_table.count && c->places[index].mark.line != 0;
    return is_there ? c->places[index].mark : (struct conf_mark){1, 1};
}

void config_report_lines(const struct config_checker *c, struct view lines)
{
    while (lines.n > 0) {
        const char *end = memchr(lines.p, '\n', lines.n);
        struct view line = {lines.p, end != NULL ? (size_t)(end - lines.p) : lines.n};
        lines = view_skip(lines, end != NULL ? line.n + 1 : line.n);
        const char *colon = memmem(line.p, line.n, ": ", 2);
        struct view path = {line.p, colon != NULL ? (size_t)(colon - line.p) : 0};
        struct view text = colon != NULL ? view_skip(line, path.n + 2) : line;
        char shown[256];
        snprintf(shown, sizeof shown, "%.*s", VIEW_ARGS(path));
        conf_find(c->report, mark_of_path(c, path), shown, "%.*s", VIEW_ARGS(text));
    }
}
