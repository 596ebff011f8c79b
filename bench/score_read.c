// Labels and verdicts: one line a message.
#include "bench/score_read.h"

#include <string.h>

// --- labels -----------------------------------------------------------------------------------

enum { LABEL_ID, LABEL_EXPECTED, LABEL_REASONS, LABEL_INCIDENT, LABEL_FIELDS };
static const char *const label_pointers[LABEL_FIELDS] = {
        "/message_id", "/expected", "/reasons", "/incident"};

static enum err take_reasons(struct score_file *file, size_t i, uint16_t *ret_reasons)
{
    *ret_reasons = 0;
    const struct json_value *array = &file->values[i];
    if (array->kind == JSON_ABSENT || array->kind == JSON_NULL) {
        return ERR_NONE;
    }
    if (array->kind != JSON_ARRAY) {
        return score_file_fault(file, "reasons is no array");
    }
    struct view rest = array->raw;
    struct json_value element;
    while (json_array_take(&rest, &element)) {
        unsigned reason = 0;
        while (reason < REASON_COUNT &&
                !(element.kind == JSON_STRING &&
                        json_string_equals(&element, view_of(reason_names[reason])))) {
            reason++;
        }
        if (reason == REASON_COUNT) {
            return score_file_fault(file, "reasons has an unknown word");
        }
        *ret_reasons |= (uint16_t)REASON_BIT(reason);
    }
    return ERR_NONE;
}

static enum err take_label(
        struct score_data *data, struct score_file *file, struct score_label *ret_label)
{
    *ret_label = (struct score_label){.row = SCORE_NONE, .incident = SCORE_NONE};
    int expected;
    struct view incident = VIEW_NONE;
    enum err e = score_take_word(
            file, LABEL_EXPECTED, "expected", verdict_names, VERDICT_COUNT, &expected);
    if (e == ERR_NONE && expected < 0) {
        return score_file_fault(file, "expected is missing");
    }
    if (e == ERR_NONE) {
        e = take_reasons(file, LABEL_REASONS, &ret_label->reasons);
    }
    if (e == ERR_NONE) {
        e = score_take_text(file, LABEL_INCIDENT, "incident", false, &incident);
    }
    if (e != ERR_NONE) {
        return e;
    }
    ret_label->expected = (uint8_t)expected;
    if (!view_is_none(incident)) {
        ret_label->incident = hashmap_find(data->incident_ids, incident);
        if (ret_label->incident == HASHMAP_ABSENT) {
            return score_file_fault(
                    file, "incident %.*s is not in the scenario", VIEW_ARGS(incident));
        }
    }
    return ERR_NONE;
}

static enum err add_label(struct score_data *data, struct score_file *file)
{
    struct view id;
    struct score_label label;
    enum err e = score_take_text(file, LABEL_ID, "message_id", true, &id);
    if (e == ERR_NONE) {
        e = take_label(data, file, &label);
    }
    if (e != ERR_NONE) {
        return e;
    }
    uint32_t known = hashmap_find(data->label_ids, id);
    if (known != HASHMAP_ABSENT) { // a message that was sent again may be labelled again
        const struct score_label *before = &data->labels[known];
        bool same = before->expected == label.expected && before->reasons == label.reasons &&
                    before->incident == label.incident;
        return same ? ERR_NONE
                    : score_file_fault(file, "message %.*s has another label above", VIEW_ARGS(id));
    }
    struct score_label *labels =
            score_grown(data->labels, data->label_count, &data->label_room, sizeof *labels);
    if (labels == NULL) {
        return ERR_NO_MEMORY;
    }
    data->labels = labels;
    labels[data->label_count] = label;
    return hashmap_put(data->label_ids, id, data->label_count++);
}

enum err score_read_labels(
        struct score_data *data, const struct score_source *source, struct strbuf *why)
{
    enum err e = score_file_each(source, label_pointers, LABEL_FIELDS, add_label, data, why);
    if (e == ERR_NONE && data->label_count == 0) {
        strbuf_printf(why, "%s:1: there are no labels", source->path);
        e = ERR_DATA;
    }
    return e;
}

// --- verdicts ---------------------------------------------------------------------------------

enum {
    VERDICT_ID,
    VERDICT_AT,
    VERDICT_TENANT,
    VERDICT_WORD,
    VERDICT_CAMPAIGN,
    VERDICT_TEMPLATE,
    VERDICT_SENDER,
    VERDICT_VENDOR,
    VERDICT_OFFSET,
    VERDICT_REASONS,
    VERDICT_DRILL,
    VERDICT_FIELDS
};
static const char *const verdict_pointers[VERDICT_FIELDS] = {"/message_id", "/occurred_at",
        "/tenant_id", "/verdict", "/campaign_id", "/template_id", "/sender_id", "/vendor_id",
        "/source/offset", "/reasons", "/drill"};

static enum err take_scopes(
        struct score_data *data, struct score_file *file, uint32_t ret_scopes[SCOPE_KIND_COUNT])
{
    static const struct {
        enum scope_kind kind;
        size_t field;
    } of[] = {{SCOPE_CAMPAIGN, VERDICT_CAMPAIGN}, {SCOPE_TEMPLATE, VERDICT_TEMPLATE},
            {SCOPE_SENDER, VERDICT_SENDER}, {SCOPE_VENDOR, VERDICT_VENDOR},
            {SCOPE_TENANT, VERDICT_TENANT}};
    struct view tenant;
    enum err e = score_take_text(file, VERDICT_TENANT, "tenant_id", false, &tenant);
    for (size_t i = 0; i < sizeof of / sizeof of[0] && e == ERR_NONE; i++) {
        struct view id;
        e = score_take_text(file, of[i].field, verdict_pointers[of[i].field] + 1, false, &id);
        ret_scopes[of[i].kind] = SCORE_NONE;
        if (e == ERR_NONE && (of[i].kind == SCOPE_TENANT || !view_is_none(id))) {
            e = score_scope_of(data, of[i].kind, tenant, id, &ret_scopes[of[i].kind]);
        }
    }
    return e;
}

static void link_label(
        struct score_data *data, struct score_message *message, struct view id, uint16_t reasons)
{
    message->label = hashmap_find(data->label_ids, id);
    if (message->label == HASHMAP_ABSENT) {
        message->label = SCORE_NONE;
        data->unlabelled++;
        return;
    }
    struct score_label *label = &data->labels[message->label];
    message->again = label->row != SCORE_NONE;
    if (!message->again) {
        label->row = data->message_count;
        data->reasons_differ += label->reasons != reasons;
    }
}

static enum err add_verdict(struct score_data *data, struct score_file *file)
{
    if (file->values[VERDICT_DRILL].kind == JSON_TRUE) {
        data->drill_records++;
        return ERR_NONE;
    }
    if (data->message_count >= SCORE_MESSAGES_MAX) {
        return score_file_fault(file, "more than 200,000,000 messages");
    }
    struct score_message *messages =
            score_grown(data->messages, data->message_count, &data->message_room, sizeof *messages);
    if (messages == NULL) {
        return ERR_NO_MEMORY;
    }
    data->messages = messages;
    struct score_message *message = &messages[data->message_count];
    *message = (struct score_message){0};
    struct view id;
    int verdict = -1;
    int64_t occurred_at_ms = -1;
    enum err e = score_take_text(file, VERDICT_ID, "message_id", true, &id);
    if (e == ERR_NONE) {
        e = score_take_word(file, VERDICT_WORD, "verdict", verdict_names, VERDICT_COUNT, &verdict);
    }
    if (e == ERR_NONE && verdict < 0) {
        e = score_file_fault(file, "verdict is missing");
    }
    if (e == ERR_NONE) {
        e = score_take_time(file, VERDICT_AT, "occurred_at", &occurred_at_ms);
    }
    if (e == ERR_NONE) {
        e = score_take_integer(file, VERDICT_OFFSET, "source.offset", (int64_t)data->message_count,
                &message->offset);
    }
    uint16_t reasons = 0;
    if (e == ERR_NONE) {
        e = take_reasons(file, VERDICT_REASONS, &reasons);
    }
    if (e == ERR_NONE) {
        e = take_scopes(data, file, message->scopes);
    }
    if (e != ERR_NONE) {
        return e;
    }
    message->verdict = (uint8_t)verdict;
    int64_t before_ms = data->message_count > 0 ? messages[data->message_count - 1].log_ms : -1;
    message->log_ms = occurred_at_ms > before_ms ? occurred_at_ms : before_ms;
    link_label(data, message, id, reasons);
    data->message_count++;
    return ERR_NONE;
}

enum err score_read_verdicts(
        struct score_data *data, const struct score_source *source, struct strbuf *why)
{
    return score_file_each(source, verdict_pointers, VERDICT_FIELDS, add_verdict, data, why);
}

enum err score_check_messages(const struct score_data *data, const char *path, struct strbuf *why)
{
    if (data->message_count > data->unlabelled) {
        return ERR_NONE;
    }
    strbuf_printf(why, "%s:1: %s", path,
            data->message_count == 0 ? "there are no verdicts"
                                     : "no label is about any of these messages");
    return ERR_DATA;
}
