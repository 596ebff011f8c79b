#include "policy/config_lists.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/line_reader.h"
#include "identity/keyring.h"

enum { ARENA_BYTES = 1024 * 1024, LINE_MAX_BYTES = 16 * 1024, TAG_TEXT_BYTES = 22 };

static const char *expected_time(struct view text)
{
    int64_t ms;
    return clock_parse_rfc3339(text, &ms) == CLOCK_OK ? NULL : "an RFC 3339 time from 2000 to 2099";
}

static const char *const recipient_kinds[] = {"phone", "email", "push", "wechat", NULL};

// clang-format off: one row an option, as a table, in the order of enum list_part.
// NOLINTBEGIN(bugprone-macro-parentheses): members and initialisers, not expressions.
#define AT(member) .offset = offsetof(struct list_entry, member)
#define TEXT(part, word, member, about)                                                            \
    [part] = {.path = word, .type = CONF_TEXT, AT(member), .min = 1, .max = 256, .text = about}

static const struct conf_option options[LIST_PART_COUNT] = {
        [LIST_PART_LIST] = {.path = "list",
                .type = CONF_WORD,
                AT(list),
                .words = list_kind_names,
                .text = "which list"},
        TEXT(LIST_PART_TENANT, "tenant", tenant, "of this tenant; alone: all of it"),
        TEXT(LIST_PART_RECIPIENT, "recipient", recipient, "a number or address, or a pseudonym"),
        [LIST_PART_RECIPIENT_KIND] = {.path = "kind",
                .type = CONF_WORD,
                AT(kind),
                .words = recipient_kinds,
                .text = "of the recipient; phone"},
        TEXT(LIST_PART_CAMPAIGN, "campaign", names[SCOPE_CAMPAIGN], "a campaign"),
        TEXT(LIST_PART_TEMPLATE, "template", names[SCOPE_TEMPLATE], "a template"),
        TEXT(LIST_PART_SENDER, "sender", names[SCOPE_SENDER], "a sender"),
        TEXT(LIST_PART_VENDOR, "vendor", names[SCOPE_VENDOR], "a vendor"),
        TEXT(LIST_PART_REASON, "reason", reason, "why"),
        TEXT(LIST_PART_OWNER, "owner", owner, "who answers for it"),
        [LIST_PART_EXPIRES] = {.path = "expires",
                .type = CONF_TEXT,
                AT(expires),
                .min = 1,
                .max = 40,
                .check = expected_time,
                .text = "when it is over"},
};
// NOLINTEND(bugprone-macro-parentheses)
// clang-format on

static const struct conf_table table = {options, LIST_PART_COUNT};

#define PART(part) ((uint32_t)1 << (part))

// --- an entry ---------------------------------------------------------------------------------

static void check_entry(struct conf_report *report, const struct list_entry *entry,
        struct conf_mark mark, const char *path)
{
    static const enum list_part wanted[] = {
            LIST_PART_LIST, LIST_PART_REASON, LIST_PART_OWNER, LIST_PART_EXPIRES};
    const uint32_t objects = PART(LIST_PART_RECIPIENT) | PART(LIST_PART_CAMPAIGN) |
                             PART(LIST_PART_TEMPLATE) | PART(LIST_PART_SENDER) |
                             PART(LIST_PART_VENDOR);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if ((entry->parts & PART(wanted[i])) == 0) {
            conf_find(report, mark, path, "expected %s, got none", options[wanted[i]].path);
        }
    }
    uint32_t named = entry->parts & objects;
    if ((named & (named - 1)) != 0 || (named == 0 && entry->tenant == NULL)) {
        conf_find(report, mark, path,
                "expected one of recipient, campaign, template, sender and vendor, or tenant "
                "alone");
    }
    if ((entry->parts & PART(LIST_PART_RECIPIENT_KIND)) != 0 && entry->recipient == NULL) {
        conf_find(report, mark, path, "expected recipient beside kind, got none");
    }
}

static void take_entry(struct conf_reader *reader, const struct conf_node *node, const char *path,
        struct lists *lists, bool is_of_file)
{
    struct conf_report *report = conf_reader_report(reader);
    struct conf_place places[LIST_PART_COUNT] = {{{0, 0}, false, false}};
    struct list_entry entry = {
            .is_of_file = is_of_file, .line = report->lines_before + node->mark.line};
    uint32_t before = report->count;
    if (conf_read_entry(reader, node, path, &table, &entry, places)) {
        entry.parts = conf_places_given(&table, places);
        check_entry(report, &entry, node->mark, path);
    }
    enum err e = ERR_CONFIG;
    if (report->count == before && !report->out_of_memory) {
        (void)clock_parse_rfc3339(view_of(entry.expires), &entry.until_ms); // expected_time
        e = lists_add(lists, &entry);
    }
    if (e == ERR_CEILING) {
        conf_find(report, node->mark, path, "expected at most %d entries", LISTS_MAX);
    }
    report->out_of_memory |= e == ERR_NO_MEMORY;
    if (e != ERR_NONE) {
        list_entry_release(&entry);
    }
}

static void lists_forget(void *target)
{
    struct config *config = target;
    lists_clear(&config->policy.lists);
}

static void lists_take(
        struct conf_reader *reader, const struct conf_node *node, const char *path, void *target)
{
    struct config *config = target;
    take_entry(reader, node, path, &config->policy.lists, false);
}

static void lists_print(struct strbuf *sb, const void *target, unsigned indent)
{
    const struct config *config = target;
    const struct lists *lists = &config->policy.lists;
    bool any = false;
    for (uint32_t i = 0; i < lists->count; i++) {
        const struct list_entry *entry = &lists->entries[i];
        if (!entry->is_of_file) {
            strbuf_add_text(sb, any ? "" : "\n");
            conf_print_entry(&table, entry, entry->parts, sb, indent);
            any = true;
        }
    }
    strbuf_add_text(sb, any ? "" : " []\n");
}

const struct conf_map config_lists_map = {.of = "entries",
        .clear = lists_forget,
        .add = lists_take,
        .print = lists_print,
        .is_private = true};

// --- the file ---------------------------------------------------------------------------------

// The table of a line: the entry that it is.
struct line_target {
    struct lists *lists;
};

static void line_clear(void *target)
{
    (void)target;
}

static void line_take(
        struct conf_reader *reader, const struct conf_node *node, const char *path, void *target)
{
    (void)path;
    const struct line_target *line = target;
    take_entry(reader, node, "entry", line->lists, true);
}

static void line_print(struct strbuf *sb, const void *target, unsigned indent)
{
    (void)sb;
    (void)target;
    (void)indent;
}

static const struct conf_map line_map = {
        .of = "entries", .clear = line_clear, .add = line_take, .print = line_print};
static const struct conf_option line_option = {
        .path = "entry", .type = CONF_LIST, .map = &line_map};
static const struct conf_table line_table = {&line_option, 1};

static enum err read_line(struct lists *lists, const struct line *line, struct arena *arena,
        struct conf_report *report)
{
    report->lines_before = (uint32_t)line->number;
    if (line->whole_bytes > line->text.n) {
        conf_find(report, (struct conf_mark){1, 1}, "entry", "expected at most %d bytes a line",
                LINE_MAX_BYTES);
        return ERR_NONE;
    }
    arena_reset(arena);
    struct conf_node *node = NULL;
    enum err e = conf_parse(&node, line->text, arena, report);
    if (e == ERR_NO_MEMORY || node == NULL) {
        return e == ERR_NO_MEMORY ? e : ERR_NONE; // findings are told; an empty line is nothing
    }
    struct conf_node list = {.kind = CONF_SEQUENCE, .mark = node->mark, .first = node};
    struct conf_node root = {.kind = CONF_MAPPING, .mark = node->mark, .first = &list};
    list.key = VIEW("entry");
    struct line_target target = {lists};
    e = conf_bind(&line_table, &root, &target, NULL, report);
    return e == ERR_NO_MEMORY ? e : ERR_NONE;
}

static enum err read_lines(
        struct lists *lists, struct line_reader *reader, struct conf_report *report)
{
    struct arena *arena = arena_create(ARENA_BYTES);
    enum err e = arena != NULL ? ERR_NONE : ERR_NO_MEMORY;
    bool has_line = true;
    while (e == ERR_NONE && has_line && report->count < CONF_FINDING_MAX) {
        struct line line;
        e = line_reader_next(reader, &line, &has_line);
        if (e == ERR_NONE && has_line) {
            e = read_line(lists, &line, arena, report);
        }
    }
    arena_destroy(arena);
    return e;
}

// What is wrong in the file is as grave as a file that cannot be read.
static bool is_beside(const char *path, const void *self)
{
    const struct conf_report *whole = self;
    (void)path;
    return whole->is_beside != NULL && whole->is_beside("policy.lists_file", whole->beside_self);
}

static enum err read_file(struct config *config, struct conf_report *report)
{
    const char *path = config->lists_file;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        conf_find(report, (struct conf_mark){1, 1}, "policy.lists_file",
                "expected a readable file, got: %s: %s", path,
                fd < 0 ? strerror(errno) : "is not a regular file");
        if (fd >= 0) {
            close(fd);
        }
        return ERR_NONE;
    }
    struct conf_report own;
    conf_report_init(&own, path, report->sb);
    own.hides_values = true;
    own.is_beside = is_beside;
    own.beside_self = report;
    struct line_reader *reader;
    enum err e = line_reader_create(&reader, fd, LINE_MAX_BYTES);
    if (e == ERR_NONE) {
        e = read_lines(&config->policy.lists, reader, &own);
        line_reader_destroy(reader);
    }
    close(fd);
    if (e == ERR_IO) {
        conf_find(&own, (struct conf_mark){1, 1}, "policy.lists_file", "cannot be read");
        e = ERR_NONE;
    }
    report->count += own.count;
    report->beside_count += own.beside_count;
    report->out_of_memory |= own.out_of_memory;
    return e;
}

// --- pseudonyms -------------------------------------------------------------------------------

static int base64url_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

// Whether the text is a pseudonym, "kid:" and 22 digits, and of which bytes.
static bool read_pseudonym(const char *text, uint8_t ret_tag[LIST_RECIPIENT_BYTES])
{
    const char *colon = strchr(text, ':');
    if (colon == NULL || strlen(colon + 1) != TAG_TEXT_BYTES || colon - text > KEY_ID_MAX_BYTES) {
        return false;
    }
    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t n = 0;
    for (const char *p = colon + 1; *p != '\0'; p++) {
        int value = base64url_value(*p);
        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        bit_count += 6;
        if (bit_count >= 8 && n < LIST_RECIPIENT_BYTES) {
            bit_count -= 8;
            ret_tag[n++] = (uint8_t)(bits >> bit_count);
        }
    }
    return n == LIST_RECIPIENT_BYTES;
}

// The number goes, its pseudonym comes.
static enum err make_pseudonym(struct list_entry *entry, const struct config *config,
        const struct keyring_key *key, struct arena *arena, bool *ret_is_good)
{
    *ret_is_good = true;
    if (entry->recipient == NULL || read_pseudonym(entry->recipient, entry->tag)) {
        return ERR_NONE;
    }
    arena_reset(arena);
    struct recipient recipient = recipient_normalise(view_of(entry->recipient),
            (enum recipient_kind)entry->kind, config->identity.default_region, arena);
    if (recipient_is_unread(&recipient)) {
        return ERR_NO_MEMORY;
    }
    *ret_is_good = recipient.kind != RECIPIENT_INVALID;
    struct pseudonym pseudonym = keyring_pseudonym(key, recipient);
    memcpy(entry->tag, pseudonym.bytes, sizeof entry->tag);
    struct strbuf text;
    strbuf_init(&text, 256);
    pseudonym_add(&text, key, &pseudonym);
    char *copy = text.failed == ERR_NONE ? view_dup(strbuf_view(&text)) : NULL;
    strbuf_fini(&text);
    if (copy == NULL) {
        return ERR_NO_MEMORY;
    }
    explicit_bzero(entry->recipient, strlen(entry->recipient));
    free(entry->recipient);
    entry->recipient = copy;
    entry->kind = RECIPIENT_PHONE;
    entry->parts &= ~PART(LIST_PART_RECIPIENT_KIND);
    return ERR_NONE;
}

static bool has_recipients(const struct lists *lists)
{
    for (uint32_t i = 0; i < lists->count; i++) {
        if (lists->entries[i].recipient != NULL) {
            return true;
        }
    }
    return false;
}

static enum err open_ring(struct keyring **ret_ring, const struct config *config)
{
    struct strbuf why;
    strbuf_init(&why, 8192);
    enum err e = config->identity.key_file == NULL
                         ? keyring_create_demo(ret_ring)
                         : keyring_load(ret_ring, config->identity.key_id,
                                   config->identity.key_file, NULL, NULL, &why);
    strbuf_fini(&why);
    return e;
}

// Messages go by the current key alone: an entry of another one would be about nobody.
static void check_key_id(struct conf_report *report, const struct lists *lists, uint32_t i,
        const struct keyring_key *key)
{
    const struct list_entry *entry = &lists->entries[i];
    if (entry->recipient == NULL) {
        return;
    }
    struct view id = keyring_key_id(key);
    struct view got = {entry->recipient, strcspn(entry->recipient, ":")};
    if (!view_equal(got, id)) {
        conf_find(report, (struct conf_mark){1, 1},
                entry->is_of_file ? "policy.lists_file" : "policy.lists",
                "expected a number, or a pseudonym of the current key '%.*s', as recipient of "
                "entry %u (line %u), got one of key '%.*s'",
                VIEW_ARGS(id), i, entry->line, VIEW_ARGS(got));
    }
}

static enum err make_pseudonyms(struct config *config, struct conf_report *report)
{
    struct lists *lists = &config->policy.lists;
    if (!has_recipients(lists)) {
        return ERR_NONE;
    }
    struct keyring *ring = NULL;
    struct arena *arena = arena_create(ARENA_BYTES);
    enum err e = arena != NULL ? open_ring(&ring, config) : ERR_NO_MEMORY;
    for (uint32_t i = 0; i < lists->count && e == ERR_NONE; i++) {
        bool is_good;
        e = make_pseudonym(&lists->entries[i], config, keyring_current(ring), arena, &is_good);
        if (e == ERR_NONE && !is_good) {
            conf_find(report, (struct conf_mark){1, 1},
                    lists->entries[i].is_of_file ? "policy.lists_file" : "policy.lists",
                    "expected a number or pseudonym as recipient of entry %u (line %u)", i,
                    lists->entries[i].line);
        } else if (e == ERR_NONE) {
            check_key_id(report, lists, i, keyring_current(ring));
        }
    }
    keyring_destroy(ring);
    arena_destroy(arena);
    return e == ERR_NO_MEMORY ? e : ERR_NONE; // a bad key file is told already
}

enum err config_lists_finish(struct config *config, struct conf_report *report)
{
    enum err e = config->lists_file != NULL ? read_file(config, report) : ERR_NONE;
    if (e == ERR_NONE && report->count == 0) {
        e = make_pseudonyms(config, report);
    }
    if (e == ERR_NONE && report->count == 0) {
        e = lists_build(&config->policy.lists);
    }
    return e;
}
