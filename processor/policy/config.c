#include "policy/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf_bind.h"
#include "common/digest.h"
#include "identity/key_file.h"
#include "policy/config_checks.h"
#include "policy/config_frequency.h"
#include "policy/config_lists.h"
#include "policy/config_table.h"

enum { TREE_MAX_BYTES = 4 * 1024 * 1024, LINES_MAX_BYTES = 64 * 1024 };

enum err config_create_default(struct config **ret_config)
{
    struct config *config = calloc(1, sizeof *config);
    if (config == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = conf_bind_defaults(&config_table, config);
    if (e == ERR_NONE) {
        e = policy_seal(&config->policy);
    }
    if (e != ERR_NONE) {
        config_destroy(config);
        return e;
    }
    *ret_config = config;
    return ERR_NONE;
}

void config_destroy(struct config *config)
{
    if (config != NULL) {
        conf_release(&config_table, config);
        free(config);
    }
}

void config_describe(struct strbuf *sb)
{
    conf_describe(&config_table, sb);
}

void config_print(struct strbuf *sb, const struct config *config)
{
    conf_print(&config_table, config, sb);
}

// What a running process can take over: what verdicts, holds and alerts go by. The rest has been made
// part of what it is.
static bool is_changeable(const char *path)
{
    return strncmp(path, "policy.", 7) == 0 || strcmp(path, "detector.budget") == 0;
}

bool config_differs_in_policy_only(
        const struct config *running, const struct config *other, struct strbuf *findings)
{
    bool is_good = true;
    for (size_t i = 0; i < config_table.count; i++) {
        const struct conf_option *option = &config_table.options[i];
        if (!is_changeable(option->path) && !conf_is_same(option, running, other)) {
            strbuf_printf(findings, "%s: needs a restart to change\n", option->path);
            is_good = false;
        }
    }
    // Messages go by the key of the start; pseudonyms of lists would be made with another.
    if (memcmp(running->identity.key_digest, other->identity.key_digest,
                sizeof running->identity.key_digest) != 0) {
        strbuf_add_text(findings, "pseudonym.key_file: another key needs a restart\n");
        is_good = false;
    }
    return is_good;
}

// --- loading ----------------------------------------------------------------------------------

// Reads up to the limit of a configuration and one byte more, which conf_parse will refuse.
static enum err read_text(struct strbuf *text, const char *path, struct strbuf *findings)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        strbuf_printf(findings, "%s: cannot be opened: %s\n", path, strerror(errno));
        return ERR_NO_INPUT;
    }
    enum err e = ERR_NONE;
    while (e == ERR_NONE && text->n < text->ceiling_bytes) {
        size_t left = text->ceiling_bytes - text->n;
        size_t n = left < 8192 ? left : 8192;
        char *room = strbuf_room(text, n);
        if (room == NULL) {
            e = ERR_NO_MEMORY;
            break;
        }
        ssize_t got = read(fd, room, n);
        if (got < 0 && errno != EINTR) {
            strbuf_printf(findings, "%s: cannot be read: %s\n", path, strerror(errno));
            e = ERR_NO_INPUT;
        } else if (got > 0) {
            strbuf_grown(text, (size_t)got);
        } else if (got == 0) {
            break;
        }
    }
    close(fd);
    return e;
}

// A file that cannot be read is told by the checks.
static void note_key(struct config *config)
{
    if (config->identity.key_file == NULL) {
        return;
    }
    struct strbuf why;
    strbuf_init(&why, 8192);
    struct file_key key = {0};
    if (key_file_read(&key, config->identity.key_file, &why) == ERR_NONE) {
        digest_sha256(view_bytes((const char *)key.bytes, key.n), config->identity.key_digest);
    }
    key_file_wipe(&key);
    strbuf_fini(&why);
}

// Of one section: "kafka" of "kafka.bootstrap".
static bool is_in_section(const char *path, const char *section)
{
    size_t n = strlen(section);
    return strncmp(path, section, n) == 0 && (path[n] == '\0' || path[n] == '.' || path[n] == '[');
}

// What stands in a section that there is and that nobody needs. A section's name that is wrong is a fault:
// it may be meant for one that is needed.
static bool is_beside(const char *path, const void *self)
{
    bool is_known = false;
    for (const char *const *section = self; *section != NULL; section++) {
        if (is_in_section(path, *section)) {
            return false;
        }
    }
    for (size_t i = 0; i < config_table.count && !is_known; i++) {
        const char *option = config_table.options[i].path;
        char section[64];
        snprintf(section, sizeof section, "%.*s", (int)strcspn(option, "."), option);
        is_known = is_in_section(path, section);
    }
    return is_known;
}

static bool has_faults(const struct conf_report *report)
{
    return report->count > report->beside_count;
}

// Runs every check that there is, so that one run names everything that is wrong.
static enum err check_config(const struct config_checker *c,
        void (*check)(const struct config *config, struct strbuf *findings))
{
    config_check_all(c);
    if (check != NULL) {
        struct strbuf lines;
        strbuf_init(&lines, LINES_MAX_BYTES);
        check(c->config, &lines);
        config_report_lines(c, strbuf_view(&lines));
        strbuf_fini(&lines);
    }
    return c->report->out_of_memory ? ERR_NO_MEMORY : has_faults(c->report) ? ERR_CONFIG : ERR_NONE;
}

static enum err bind_text(struct config *config, struct view text, struct conf_report *report,
        void (*check)(const struct config *config, struct strbuf *findings))
{
    struct arena *arena = arena_create(TREE_MAX_BYTES);
    struct conf_place *places = calloc(config_table.count, sizeof *places);
    enum err e = ERR_NO_MEMORY;
    if (arena == NULL || places == NULL) {
        goto out;
    }
    struct conf_node *root = NULL;
    e = conf_parse(&root, text, arena, report);
    if (e == ERR_NONE) {
        e = conf_bind(&config_table, root, config, places, report);
    } else {
        goto out;
    }
    if (e == ERR_NONE || e == ERR_CONFIG) {
        note_key(config);
        e = config_lists_finish(config, report);
    }
    if (e == ERR_NONE) {
        e = config_frequency_finish(config, report);
    }
    if (e == ERR_NONE) {
        struct config_checker c = {config, places, report};
        e = check_config(&c, check);
    }
out:
    free(places);
    arena_destroy(arena);
    return e;
}

enum err config_load_sections(struct config **ret_config, const char *path, struct strbuf *findings,
        void (*check)(const struct config *config, struct strbuf *findings),
        const char *const *sections, bool *ret_warned)
{
    struct strbuf text;
    strbuf_init(&text, CONF_TEXT_MAX_BYTES + 1);
    struct conf_report report;
    conf_report_init(&report, path, findings);
    report.is_beside = sections != NULL ? is_beside : NULL;
    report.beside_self = sections;
    struct config *config = NULL;
    enum err e = read_text(&text, path, findings);
    if (e == ERR_NONE) {
        e = config_create_default(&config);
    }
    if (e == ERR_NONE) {
        e = bind_text(config, strbuf_view(&text), &report, check);
    }
    if (e == ERR_NONE && report.count == 0) {
        e = policy_seal(&config->policy);
    }
    strbuf_fini(&text);
    if (e != ERR_NONE) {
        config_destroy(config);
        return e;
    }
    *ret_config = config;
    *ret_warned = report.count > 0;
    return ERR_NONE;
}

enum err config_load_with(struct config **ret_config, const char *path, struct strbuf *findings,
        void (*check)(const struct config *config, struct strbuf *findings))
{
    bool warned;
    return config_load_sections(ret_config, path, findings, check, NULL, &warned);
}

enum err config_load(struct config **ret_config, const char *path, struct strbuf *findings)
{
    return config_load_with(ret_config, path, findings, NULL);
}
