// Whom an incident has reached, and whom it has spared (audit/incident_report.h).
#include <stdlib.h>

#include "audit/incident_report.h"
#include "common/clock.h"
#include "common/hashmap.h"
#include "common/json_scan.h"
#include "control/spoken_word.h"

enum { KEY_MAX_BYTES = 2 * AUDIT_LINE_MAX_BYTES };

enum verdict_field {
    VERDICT_WORD,
    VERDICT_TIME,
    VERDICT_MESSAGE,
    VERDICT_TENANT,
    VERDICT_PSEUDONYM,
    VERDICT_CAMPAIGN,
    VERDICT_TEMPLATE,
    VERDICT_SENDER,
    VERDICT_VENDOR,
    VERDICT_REASONS,
    VERDICT_FIELD_COUNT,
};
static const char *const verdict_pointers[VERDICT_FIELD_COUNT] = {"/verdict", "/occurred_at",
        "/message_id", "/tenant_id", "/recipient_pseudonym", "/campaign_id", "/template_id",
        "/sender_id", "/vendor_id", "/reasons"};

enum err report_reached_prepare(struct incident_report *report)
{
    report->reached.named = calloc(REPORT_NAMED_MAX, sizeof(struct view));
    report->spared.named = calloc(REPORT_NAMED_MAX, sizeof(struct view));
    report->scopes = calloc(REPORT_SCOPES_MAX, sizeof *report->scopes);
    report->scope_set = hashmap_create(REPORT_SCOPES_MAX);
    report->reached_set = hashmap_create(REPORT_PEOPLE_MAX);
    report->spared_set = hashmap_create(REPORT_PEOPLE_MAX);
    report->held_messages = hashmap_create(REPORT_HOLDS_MAX);
    report->counted_messages = hashmap_create(REPORT_MESSAGES_MAX);
    strbuf_init(&report->key, KEY_MAX_BYTES);
    if (report->scopes == NULL || report->scope_set == NULL || report->reached.named == NULL ||
            report->spared.named == NULL || report->reached_set == NULL ||
            report->spared_set == NULL || report->held_messages == NULL ||
            report->counted_messages == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = last_words_create(&report->of_messages, REPORT_WORDS_MAX);
    e = e != ERR_NONE ? e : last_words_create(&report->of_recipients, REPORT_WORDS_MAX);
    e = e != ERR_NONE ? e
                      : json_pointers_create(&report->command_fields, spoken_word_pointers,
                                SPOKEN_FIELD_COUNT, NULL);
    return e != ERR_NONE ? e
                         : json_pointers_create(&report->verdict_fields, verdict_pointers,
                                   VERDICT_FIELD_COUNT, NULL);
}

void report_reached_finish(struct incident_report *report)
{
    if (report->command_fields != NULL) {
        json_pointers_destroy(report->command_fields);
    }
    if (report->verdict_fields != NULL) {
        json_pointers_destroy(report->verdict_fields);
    }
    hashmap_destroy(report->scope_set);
    hashmap_destroy(report->reached_set);
    hashmap_destroy(report->spared_set);
    hashmap_destroy(report->held_messages);
    last_words_destroy(report->of_messages);
    last_words_destroy(report->of_recipients);
    hashmap_destroy(report->counted_messages);
    strbuf_fini(&report->key);
    free(report->scopes);
    free(report->reached.named);
    free(report->spared.named);
}

// --- what was held by itself -------------------------------------------------------------------

static struct view message_key(struct incident_report *report, const struct json_value *tenant,
        const struct json_value *message)
{
    strbuf_reset(&report->key);
    strbuf_add_view(&report->key, tenant->raw);
    strbuf_add_byte(&report->key, '\n');
    strbuf_add_view(&report->key, message->raw);
    return report->key.failed == ERR_NONE ? strbuf_view(&report->key) : VIEW_NONE;
}

// A full set is no error: what is above its ceiling counts as not in it.
static enum err put_once(struct hashmap *set, struct view key, bool *ret_is_new)
{
    *ret_is_new = hashmap_find(set, key) == HASHMAP_ABSENT;
    enum err e = *ret_is_new ? hashmap_put(set, key, 1) : ERR_NONE;
    return e == ERR_CEILING ? ERR_NONE : e;
}

// A hold of a message is kept whichever scope it is in: who is asked for it later has the scope.
enum err incident_report_command(struct incident_report *report, struct view command)
{
    struct json_value values[SPOKEN_FIELD_COUNT];
    if (view_is_none(command) ||
            json_scan(report->command_fields, command, values, NULL) != JSON_FINE) {
        return ERR_NONE;
    }
    struct spoken_word word;
    if (!spoken_word_read(values, &word) ||
            (!word.of_recipient && !json_string_equals(&values[SPOKEN_KIND], VIEW("message"))) ||
            values[SPOKEN_ID].kind != JSON_STRING || values[SPOKEN_TENANT].kind != JSON_STRING) {
        return ERR_NONE;
    }
    struct view key = message_key(report, &values[SPOKEN_TENANT], &values[SPOKEN_ID]);
    if (view_is_none(key)) {
        return report->key.failed;
    }
    struct last_words *words = word.of_recipient ? report->of_recipients : report->of_messages;
    enum err e = word.is_judges ? ERR_NONE : last_words_note(words, key, &word);
    bool is_new;
    e = e == ERR_CEILING ? ERR_NONE : e;
    return e != ERR_NONE || word.is_release || word.of_recipient
                   ? e
                   : put_once(report->held_messages, key, &is_new);
}

// --- who was reached ---------------------------------------------------------------------------

// Both were written by the same encoder, so that what is the same has the same bytes.
static struct view scope_key(struct incident_report *report, struct view kind,
        const struct json_value *tenant, const struct json_value *id)
{
    strbuf_reset(&report->key);
    strbuf_add_view(&report->key, kind);
    strbuf_add_byte(&report->key, '\n');
    strbuf_add_view(&report->key, tenant->raw);
    strbuf_add_byte(&report->key, '\n');
    strbuf_add_view(&report->key, id->raw);
    return report->key.failed == ERR_NONE ? strbuf_view(&report->key) : VIEW_NONE;
}

enum err report_reached_scope(struct incident_report *report, struct view scope)
{
    enum { KIND, ID, TENANT, PART_COUNT };
    static const char *const names[PART_COUNT] = {"kind", "id", "tenant_id"};
    struct json_value parts[PART_COUNT] = {{.kind = JSON_ABSENT}};
    struct view rest = scope;
    struct json_value name;
    struct json_value value;
    while (json_object_take(&rest, &name, &value)) {
        for (size_t i = 0; i < PART_COUNT; i++) {
            if (view_is(name.raw, names[i]) && value.kind == JSON_STRING) {
                parts[i] = value;
            }
        }
    }
    if (parts[KIND].kind != JSON_STRING) {
        return ERR_NONE;
    }
    struct view key = scope_key(report, parts[KIND].raw, &parts[TENANT], &parts[ID]);
    if (view_is_none(key)) {
        return report->key.failed;
    }
    if (hashmap_find(report->scope_set, key) != HASHMAP_ABSENT) {
        return ERR_NONE;
    }
    enum err e = hashmap_put(report->scope_set, key, report->scope_count);
    if (e == ERR_NONE) {
        report->scopes[report->scope_count++] = scope;
    }
    report->scopes_left_out += e == ERR_CEILING;
    return e == ERR_CEILING ? ERR_NONE : e;
}

static bool is_of_incident(struct incident_report *report, const struct json_value *values)
{
    static const struct {
        const char *kind;
        enum verdict_field id;
    } kinds[] = {{"campaign", VERDICT_CAMPAIGN}, {"template", VERDICT_TEMPLATE},
            {"sender", VERDICT_SENDER}, {"vendor", VERDICT_VENDOR}, {"tenant", VERDICT_TENANT}};
    bool is_found = false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !is_found; i++) {
        const struct json_value *id = &values[kinds[i].id];
        is_found = id->kind == JSON_STRING &&
                   hashmap_find(report->scope_set, scope_key(report, view_of(kinds[i].kind),
                                                           &values[VERDICT_TENANT], id)) !=
                           HASHMAP_ABSENT;
    }
    return is_found;
}

static enum err add_person(struct incident_report *report, struct report_people *people,
        struct hashmap *set, struct view pseudonym)
{
    people->messages++;
    if (hashmap_find(set, pseudonym) != HASHMAP_ABSENT) {
        return ERR_NONE;
    }
    enum err e = hashmap_put(set, pseudonym, 1);
    if (e != ERR_NONE) {
        return e == ERR_CEILING ? ERR_NONE : e;
    }
    people->people++;
    if (people->named_count < REPORT_NAMED_MAX) {
        struct view copy = arena_copy(report->arena, pseudonym);
        if (view_is_none(copy)) {
            return ERR_NO_MEMORY;
        }
        people->named[people->named_count++] = copy;
    }
    return ERR_NONE;
}

// What a person has said last.
static enum last_word word_of(struct incident_report *report, const struct json_value *values,
        struct view message, int64_t at_ms)
{
    enum last_word own = last_words_of(report->of_messages, message, at_ms);
    struct view recipient = // overwrites the message's
            message_key(report, &values[VERDICT_TENANT], &values[VERDICT_PSEUDONYM]);
    return last_word_together(own, last_words_of(report->of_recipients, recipient, at_ms),
            json_array_has(&values[VERDICT_REASONS], VIEW("blocked")));
}

enum err incident_report_verdict(struct incident_report *report, struct view verdict)
{
    struct json_value values[VERDICT_FIELD_COUNT];
    int64_t ms;
    report->has_verdicts = true;
    if (json_scan(report->verdict_fields, verdict, values, NULL) != JSON_FINE ||
            !json_string_equals(&values[VERDICT_WORD], VIEW("misdirected")) ||
            values[VERDICT_TIME].kind != JSON_STRING ||
            values[VERDICT_PSEUDONYM].kind != JSON_STRING ||
            clock_parse_rfc3339(values[VERDICT_TIME].raw, &ms) != CLOCK_OK) {
        return ERR_NONE;
    }
    if (values[VERDICT_TENANT].kind != JSON_STRING) { // as alerts and commands call who has none
        values[VERDICT_TENANT] = (struct json_value){.kind = JSON_STRING, .raw = VIEW("default")};
    }
    if (!is_of_incident(report, values)) {
        return ERR_NONE;
    }
    const int64_t *clocks = report->clocks_ms;
    int64_t end =
            clocks[CLOCK_RELEASED] != REPORT_NONE ? clocks[CLOCK_RELEASED] : clocks[CLOCK_CLOSED];
    if ((clocks[CLOCK_FIRST_SEEN] != REPORT_NONE && ms < clocks[CLOCK_FIRST_SEEN]) ||
            (end != REPORT_NONE && ms > end)) {
        return ERR_NONE;
    }
    struct view key =
            values[VERDICT_MESSAGE].kind == JSON_STRING
                    ? message_key(report, &values[VERDICT_TENANT], &values[VERDICT_MESSAGE])
                    : VIEW_NONE;
    bool is_new = true;
    enum err e = view_is_none(key) ? ERR_NONE : put_once(report->counted_messages, key, &is_new);
    if (e != ERR_NONE || !is_new) {
        return e;
    }
    bool has_hold =
            !view_is_none(key) && hashmap_find(report->held_messages, key) != HASHMAP_ABSENT;
    enum last_word word = word_of(report, values, key, ms); // overwrites the key
    bool is_held = has_hold && word != LAST_WORD_RELEASE && word != LAST_WORD_RELEASE_AT_ONCE;
    bool is_behind = clocks[CLOCK_FIRST_HOLD] != REPORT_NONE && ms >= clocks[CLOCK_FIRST_HOLD];
    bool is_spared = is_held || (is_behind && word != LAST_WORD_RELEASE_AT_ONCE);
    struct report_people *people = is_spared ? &report->spared : &report->reached;
    people->held_one_by_one += is_held;
    return add_person(report, people, is_spared ? report->spared_set : report->reached_set,
            values[VERDICT_PSEUDONYM].raw);
}
