// What is commanded about one message: its hold, and its release.
#include "common/digest.h"
#include "judge_line_inside.h"

// A command about a message depends on tenant, message id, action and policy version only (design
// §4), so that a duplicated event gives the same command.
static enum err make_command_id(
        struct judge_line *line, const char *what, const struct event *ev, struct digest_id *ret_id)
{
    struct strbuf *text = &line->id_text;
    strbuf_reset(text);
    strbuf_add_text(text, what);
    strbuf_add_be(text, event_scope_tenant(ev).n, 4);
    strbuf_add_view(text, event_scope_tenant(ev));
    strbuf_add_be(text, ev->message_id.n, 4);
    strbuf_add_view(text, ev->message_id);
    strbuf_add_text(text, line->policy->version);
    uint8_t digest[SHA256_BYTES];
    digest_sha256(strbuf_view(text), digest);
    memcpy(ret_id->bytes, digest, sizeof ret_id->bytes);
    return text->failed;
}

// What hold and release have in common; a hold until further notice.
static struct command_action command_of(const struct judge_line *line, const struct event *ev,
        struct view recipient, struct view reason, int64_t at_ms)
{
    const struct policy_settings settings = judge_line_settings(line, ev);
    return (struct command_action){
            .sequence = 0,
            .kind = COMMAND_HOLD,
            .target = TARGET_MESSAGE,
            .scope = {.id = ev->message_id, .tenant_id = event_scope_tenant(ev)},
            .message = ev,
            .recipient = recipient,
            .tier = TIER_QUARANTINE,
            .reason = reason,
            .issued_at_ms = at_ms,
            .expires_at_ms = at_ms + settings.message_hold_ms,
            .mode = settings.mode,
            .traceparent = ev->traceparent,
            .tracestate = ev->tracestate,
    };
}

struct policy_settings judge_line_settings(const struct judge_line *line, const struct event *ev)
{
    const struct policy_subject subject = policy_subject_of(ev);
    struct policy_settings settings;
    policy_settings_of(line->policy, &subject, &settings);
    if (line->orders != NULL && !standing_is_empty(line->orders)) {
        const struct standing_subject named = {
                .tenant_id = event_scope_tenant(ev),
                .ids = {ev->campaign_id, ev->template_id, ev->sender_id, ev->vendor_id,
                        event_scope_tenant(ev)},
                .channel = ev->channel,
        };
        const struct standing_order *order = standing_mode(line->orders, &named, line->now_ms);
        settings.mode = order != NULL ? order->mode : settings.mode;
    }
    return settings;
}

// The order about the message, else that about its recipient, as that key calls him; `pseudonym` of NULL:
// nobody asks for his.
static const struct standing_order *order_by(struct judge_line *line, const struct event *ev,
        const struct keyring_key *key, const struct pseudonym *pseudonym)
{
    strbuf_reset(&line->pseudonym);
    if (pseudonym != NULL) {
        pseudonym_add(&line->pseudonym, key, pseudonym);
    }
    return standing_of_message(line->orders, event_scope_tenant(ev), ev->message_id,
            line->pseudonym.n > 0 ? strbuf_view(&line->pseudonym) : VIEW_NONE, line->now_ms);
}

// What people have ordered of the message or of its recipient: also before the key was replaced, as long as
// the previous one is there. What was ordered under the current key is later.
static const struct standing_order *order_of(struct judge_line *line, const struct event *ev,
        struct recipient recipient, const struct pseudonym *pseudonym)
{
    if (line->orders == NULL || standing_is_empty(line->orders)) {
        return NULL;
    }
    if (!standing_has_recipients(line->orders)) {
        return order_by(line, ev, NULL, NULL);
    }
    const struct keyring *ring = line->options.ring;
    const struct standing_order *order = order_by(line, ev, keyring_current(ring), pseudonym);
    const struct keyring_key *previous = keyring_previous(ring);
    if (order != NULL || previous == NULL) {
        return order;
    }
    const struct pseudonym before = keyring_pseudonym(previous, recipient);
    return order_by(line, ev, previous, &before);
}

struct standing judge_line_stand(struct judge_line *line, const struct event *ev,
        struct recipient recipient, const struct pseudonym *pseudonym, struct judgement *judgement)
{
    return judge_stand(ev, pseudonym->bytes, line->policy, order_of(line, ev, recipient, pseudonym),
            judgement);
}

static void write_reasons(struct strbuf *text, reason_set reasons)
{
    strbuf_reset(text);
    for (unsigned reason = 0; reason < REASON_TOLD_COUNT; reason++) {
        if ((reasons & REASON_BIT(reason)) != 0) {
            strbuf_add_text(text, text->n > 0 ? "," : "");
            strbuf_add_text(text, reason_names[reason]);
        }
    }
}

// Until the latest of the ends; in monitor mode nothing but the order holds.
static int64_t hold_end_ms(const struct command_action *command, const struct standing *standing)
{
    if (standing->order != NULL && command->mode == MODE_MONITOR) {
        return standing->order->until_ms;
    }
    bool is_longer = standing->is_of_verdict && command->expires_at_ms > standing->until_ms;
    return standing->until_ms == 0 || is_longer ? command->expires_at_ms : standing->until_ms;
}

// A person asked for it.
static void note_order(struct command_action *command, const struct standing_order *order)
{
    if (order != NULL) {
        command->mode = MODE_ENFORCE;
        command->operator_id = order->operator_id;
        command->control_id = order->control_id;
    }
}

struct view judge_line_name_recipient(struct judge_line *line, const struct pseudonym *pseudonym)
{
    strbuf_reset(&line->pseudonym);
    pseudonym_add(&line->pseudonym, keyring_current(line->options.ring), pseudonym);
    return strbuf_view(&line->pseudonym);
}

enum err judge_line_hold(struct judge_line *line, const struct event *ev, struct view recipient,
        reason_set reasons, int64_t at_ms, const struct standing *standing, void *ticket)
{
    write_reasons(&line->reason_text, reasons);
    struct command_action command =
            command_of(line, ev, recipient, strbuf_view(&line->reason_text), at_ms);
    command.expires_at_ms = hold_end_ms(&command, standing);
    note_order(&command, standing->order);
    enum err e = line->reason_text.failed;
    e = e != ERR_NONE ? e : make_command_id(line, "message-hold\n", ev, &command.command_id);
    return e != ERR_NONE ? e : emit_command(line->options.emitter, &command, ticket);
}

enum err judge_line_hold_until(struct judge_line *line, const struct event *ev,
        struct view recipient, reason_set reasons, int64_t at_ms, const struct standing *standing,
        void *ticket)
{
    write_reasons(&line->reason_text, reasons);
    struct command_action command =
            command_of(line, ev, recipient, strbuf_view(&line->reason_text), at_ms);
    command.sequence = 1;
    command.expires_at_ms = standing->until_ms;
    note_order(&command, standing->order);
    enum err e = line->reason_text.failed;
    e = e != ERR_NONE ? e : make_command_id(line, "message-hold-until\n", ev, &command.command_id);
    return e != ERR_NONE ? e : emit_command(line->options.emitter, &command, ticket);
}

enum err judge_line_release(struct judge_line *line, const struct event *ev, enum mode mode,
        struct view recipient, struct view reason, int64_t at_ms, void *ticket)
{
    struct command_action command = command_of(line, ev, recipient, reason, at_ms);
    command.kind = COMMAND_RELEASE;
    command.sequence = 1;
    command.mode = mode;
    enum err e = make_command_id(line, "message-release\n", ev, &command.command_id);
    return e != ERR_NONE ? e : emit_command(line->options.emitter, &command, ticket);
}
