#include "emit/encode_verdict.h"

#include "emit/cloud_event.h"

// One of these is written for every message of a replay, so that its keys are literals with their
// punctuation, and not looked at byte by byte as json_out does. The bytes are those that json_out
// gives.
static void add(struct strbuf *sb, struct view literal)
{
    strbuf_add_view(sb, literal);
}

static void add_string_or_null(struct strbuf *sb, struct view value)
{
    if (view_is_none(value)) {
        add(sb, VIEW("null"));
    } else {
        json_quote(sb, value);
    }
}

static void add_reasons(struct strbuf *sb, reason_set reasons)
{
    char before = '[';
    for (unsigned reason = 0; reason < REASON_TOLD_COUNT; reason++) {
        if ((reasons & REASON_BIT(reason)) != 0) {
            strbuf_add_byte(sb, (uint8_t)before);
            strbuf_add_byte(sb, '"');
            strbuf_add_text(sb, reason_names[reason]);
            strbuf_add_byte(sb, '"');
            before = ',';
        }
    }
    add(sb, before == '[' ? VIEW("[]") : VIEW("]"));
}

static void write_value(
        struct strbuf *sb, const struct verdict_action *action, struct view occurred_at)
{
    const struct event *ev = action->ev;
    add(sb, VIEW("{\"message_id\":"));
    json_quote(sb, ev->message_id);
    add(sb, VIEW(",\"occurred_at\":\""));
    add(sb, occurred_at);
    add(sb, VIEW("\",\"tenant_id\":"));
    add_string_or_null(sb, ev->tenant_id);
    add(sb, VIEW(",\"verdict\":\""));
    strbuf_add_text(sb, verdict_names[action->verdict]);
    add(sb, VIEW("\",\"reasons\":"));
    add_reasons(sb, action->reasons);
    add(sb, VIEW(",\"recipient_pseudonym\":"));
    add_string_or_null(sb, action->recipient_pseudonym);
    add(sb, VIEW(",\"campaign_id\":"));
    add_string_or_null(sb, ev->campaign_id);
    add(sb, VIEW(",\"template_id\":"));
    add_string_or_null(sb, ev->template_id);
    add(sb, VIEW(",\"sender_id\":"));
    add_string_or_null(sb, ev->sender_id);
    add(sb, VIEW(",\"vendor_id\":"));
    add_string_or_null(sb, ev->vendor_id);
    add(sb, VIEW(",\"source\":{\"topic\":"));
    json_quote(sb, action->source_topic);
    add(sb, VIEW(",\"partition\":"));
    strbuf_add_i64(sb, action->source_partition);
    add(sb, VIEW(",\"offset\":"));
    strbuf_add_i64(sb, action->source_offset);
    add(sb, VIEW("},\"policy_version\":"));
    json_quote(sb, action->policy_version);
    add(sb, tenant_is_drill(ev->tenant_id) ? VIEW(",\"drill\":true}") : VIEW("}"));
}

// topic/partition/offset/policy/verdict. A message that is judged again, after
// a restart or because its record came late, has the same id only while the
// verdict is the same.
static void add_headers(struct encoding *enc, const struct verdict_action *action,
        struct view source, struct view occurred_at)
{
    struct strbuf *text = &enc->text;
    size_t from = text->n;
    strbuf_add_view(text, action->source_topic);
    strbuf_add_byte(text, '/');
    strbuf_add_i64(text, action->source_partition);
    strbuf_add_byte(text, '/');
    strbuf_add_i64(text, action->source_offset);
    strbuf_add_byte(text, '/');
    strbuf_add_view(text, action->policy_version);
    strbuf_add_byte(text, '/');
    strbuf_add_text(text, verdict_names[action->verdict]);
    struct cloud_event ce = {
            .type = "io.wrongnumber.verdict.v1",
            .source = source,
            .id = encoding_text_from(enc, from),
            .time = occurred_at,
            .has_data = true,
            .is_drill = tenant_is_drill(action->ev->tenant_id),
            .traceparent = action->ev->traceparent,
            .tracestate = action->ev->tracestate,
    };
    cloud_event_add_headers(enc, &ce);
}

enum err encode_verdict(struct encoding *enc, const struct verdict_action *action,
        struct view source, struct record *ret_record)
{
    encoding_begin(enc);
    // Written once: the value and a header both have it.
    const struct view occurred_at = encoding_time(enc, action->ev->occurred_at.ms);
    write_value(&enc->value, action, occurred_at);
    strbuf_add_view(&enc->key, action->ev->message_id);
    if (!view_is_none(source)) {
        add_headers(enc, action, source, occurred_at);
    }
    return encoding_finish(enc, OUT_VERDICTS, ret_record);
}
