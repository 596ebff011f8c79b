#include "policy/policy_text.h"

#include <stdlib.h>

#include "common/assure.h"
#include "common/conf_bind.h"
#include "model/frame.h"
#include "policy/config_table.h"

enum { PATH_COUNT = 18, NODE_MAX = 64 * 1024, TREE_MAX_BYTES = 32 * 1024 * 1024 };

// What a version before these does not know: not in the text where it is at its default.
#define HOLD_PEOPLE "policy.hold_people"
#define STREAMS "policy.streams"

static const char *const paths[PATH_COUNT] = {
        "policy.mode",
        "policy.message_hold",
        "policy.scope_hold",
        "policy.operator_hold_max",
        "policy.confirm_within",
        "policy.acknowledge_within",
        "policy.unconfirmed",
        "policy.hold_cap",
        "policy.automatic_release",
        "policy.flap_limit",
        "policy.update_interval",
        "policy.vendors",
        "policy.rules",
        "policy.lists",
        "policy.maintenance",
        HOLD_PEOPLE,
        STREAMS,
        "detector.budget",
};

// The rows of the configuration's table that the text has.
static struct conf_table table_of(struct conf_option ret_options[PATH_COUNT])
{
    for (size_t i = 0; i < PATH_COUNT; i++) {
        size_t at = conf_option_find(&config_table, view_of(paths[i]));
        ASSURE(at < config_table.count);
        ret_options[i] = config_table.options[at];
    }
    return (struct conf_table){ret_options, PATH_COUNT};
}

static struct conf_table table_to_tell(
        struct conf_option ret_options[PATH_COUNT], const struct policy *policy)
{
    struct conf_table table = table_of(ret_options);
    size_t told = 0;
    for (size_t i = 0; i < table.count; i++) {
        bool is_default =
                (strcmp(paths[i], HOLD_PEOPLE) == 0 && policy->hold_people == HOLD_PEOPLE_MIN) ||
                (strcmp(paths[i], STREAMS) == 0 && policy->streams == SOURCES_ALL);
        if (!is_default) {
            ret_options[told++] = ret_options[i];
        }
    }
    table.count = told;
    return table;
}

// Entries that decide looks for: of scopes, not of recipients. Shallow copies.
static void keep_scopes(struct lists *lists, const struct lists *all)
{
    lists->count = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        const struct list_entry *entry = &all->entries[i];
        if (entry->recipient == NULL) {
            lists->entries[lists->count] = *entry;
            lists->entries[lists->count++].is_of_file = false; // those are not printed
        }
    }
}

enum err policy_text_add(struct strbuf *sb, const struct policy *policy)
{
    struct conf_option options[PATH_COUNT];
    const struct conf_table table = table_to_tell(options, policy);
    struct config *borrowed = calloc(1, sizeof *borrowed);
    struct list_entry *entries = calloc(policy->lists.count + 1, sizeof *entries);
    if (borrowed == NULL || entries == NULL) {
        free(borrowed);
        free(entries);
        return ERR_NO_MEMORY;
    }
    borrowed->policy = *policy;
    borrowed->policy.lists = (struct lists){.entries = entries};
    keep_scopes(&borrowed->policy.lists, &policy->lists);
    size_t before = sb->n;
    conf_print(&table, borrowed, sb);
    free(borrowed);
    free(entries);
    return sb->failed == ERR_NONE && sb->n - before > FRAME_POLICY_MAX_BYTES ? ERR_CEILING
                                                                             : sb->failed;
}

// What only a restart can change goes by what the process has.
static void take_own(struct policy *policy, const struct policy *own)
{
    policy->assume_complete = own->assume_complete;
    policy->prior_rate_millionths = own->prior_rate_millionths;
    policy->floor_rate_millionths = own->floor_rate_millionths;
    policy->ceiling_rate_millionths = own->ceiling_rate_millionths;
    policy->learning = own->learning;
    policy->clump_guard = own->clump_guard;
    policy->start_credit = own->start_credit;
    policy->split_by_channel = own->split_by_channel;
    policy->complaint_rate_millionths = own->complaint_rate_millionths;
    memcpy(policy->stream_rate_millionths, own->stream_rate_millionths,
            sizeof policy->stream_rate_millionths);
}

static enum err bind(struct config *config, struct view text, struct strbuf *findings)
{
    struct conf_option options[PATH_COUNT];
    const struct conf_table table = table_of(options);
    const struct conf_limits limits = {FRAME_POLICY_MAX_BYTES, NODE_MAX};
    struct conf_report report;
    conf_report_init(&report, "policy", findings);
    struct arena *arena = arena_create(TREE_MAX_BYTES);
    if (arena == NULL) {
        return ERR_NO_MEMORY;
    }
    struct conf_node *root = NULL;
    enum err e = conf_parse_within(&root, text, limits, arena, &report);
    if (e == ERR_NONE) {
        e = conf_bind(&table, root, config, NULL, &report);
    }
    arena_destroy(arena);
    return e == ERR_NONE ? lists_build(&config->policy.lists) : e;
}

enum err policy_text_read(struct config **ret_config, struct view text, struct view version,
        const struct policy *own, struct strbuf *findings)
{
    struct config *config;
    enum err e = config_create_default(&config);
    if (e != ERR_NONE) {
        return e;
    }
    e = version.n == POLICY_VERSION_HEX ? bind(config, text, findings) : ERR_CONFIG;
    if (e != ERR_NONE) {
        config_destroy(config);
        return e;
    }
    take_own(&config->policy, own);
    memcpy(config->policy.version, version.p, POLICY_VERSION_HEX);
    *ret_config = config;
    return ERR_NONE;
}
