#include "emit/emitter.h"

#include "emit/encode_alert.h"
#include "emit/encode_command.h"
#include "emit/encode_control_state.h"
#include "emit/encode_dead_letter.h"
#include "emit/encode_verdict.h"

enum { GROUP_MAX_BYTES = 256 };

// What RFC 3986 lets stand unreserved; a group's name may be anything.
static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void write_source(struct strbuf *sb, struct view group)
{
    strbuf_add_view(sb, VIEW("/wrongnumber/"));
    for (size_t i = 0; i < group.n; i++) {
        if (is_unreserved(group.p[i])) {
            strbuf_add_byte(sb, (uint8_t)group.p[i]);
        } else {
            strbuf_printf(sb, "%%%02X", (unsigned)(unsigned char)group.p[i]);
        }
    }
}

enum err emitter_init(struct emitter *em, struct sink sink, const struct emitter_options *options)
{
    if (options->group.n > GROUP_MAX_BYTES) {
        return ERR_CEILING;
    }
    *em = (struct emitter){.sink = sink, .options = *options};
    strbuf_init(&em->source, sizeof "/wrongnumber/" + 3 * GROUP_MAX_BYTES);
    write_source(&em->source, options->group);
    enum err e = em->source.failed;
    if (e == ERR_NONE) {
        e = encoding_init(&em->encoding);
    }
    if (e != ERR_NONE) {
        emitter_fini(em);
    }
    return e;
}

void emitter_fini(struct emitter *em)
{
    encoding_fini(&em->encoding);
    strbuf_fini(&em->source);
}

static struct view source_of(const struct emitter *em)
{
    return em->options.writes_headers ? strbuf_view(&em->source) : VIEW_NONE;
}

// `e` is how the encoding of `record` ended.
static enum err send_record(struct emitter *em, enum err e, struct record *record, void *ticket)
{
    if (e != ERR_NONE) {
        return e;
    }
    record->ticket = ticket;
    e = sink_send(&em->sink, record);
    if (e == ERR_NONE) {
        em->sent_count[record->topic]++;
    }
    return e;
}

// Flagged is what goes wrong, and what the policy speaks against.
bool emitter_publishes(const struct emitter *em, enum verdict verdict, reason_set reasons)
{
    const reason_set flags = REASON_BIT(REASON_BLOCKED) | REASON_BIT(REASON_OUTSIDE_HOURS) |
                             REASON_BIT(REASON_HELD_BY_OPERATOR) | REASON_BIT(REASON_TOO_OFTEN);
    switch (em->options.verdicts) {
    case VERDICTS_NONE:
        return false;
    case VERDICTS_FLAGGED:
        return verdict == VERDICT_MISDIRECTED || (reasons & flags) != 0;
    case VERDICTS_ALL:
        return true;
    }
    return false;
}

enum err emit_verdict(struct emitter *em, const struct verdict_action *action, void *ticket)
{
    if (!emitter_publishes(em, action->verdict, action->reasons)) {
        return ERR_NONE;
    }
    struct record record;
    enum err e = encode_verdict(&em->encoding, action, source_of(em), &record);
    return send_record(em, e, &record, ticket);
}

static enum hold_sort sort_of(const struct command_action *action)
{
    return tenant_is_drill(action->scope.tenant_id) ? HOLD_DRILL
           : action->canary_limit > 0               ? HOLD_CANARY
           : action->is_renewal                     ? HOLD_RENEWAL
                                                    : HOLD_NEW;
}

static unsigned column_of(const struct command_action *action)
{
    return action->target == TARGET_SCOPE     ? (unsigned)action->scope.kind
           : action->target == TARGET_MESSAGE ? TOLD_OF_MESSAGE
                                              : TOLD_OF_RECIPIENT;
}

static enum err send_command(struct emitter *em, const struct command_action *action, void *ticket)
{
    // A drill measures the way to this topic, and is about nobody, whatever the mode.
    if (action->mode == MODE_MONITOR && !em->options.writes_monitor &&
            !tenant_is_drill(action->scope.tenant_id)) {
        return ERR_NONE;
    }
    struct record record;
    enum err e = ERR_NONE;
    if (action->kind != COMMAND_EXPIRED) {
        e = encode_command(&em->encoding, action, source_of(em), &record);
        e = send_record(em, e, &record, ticket);
    }
    if (e == ERR_NONE) {
        bool is_scope = action->target == TARGET_SCOPE;
        em->command_count[action->kind][column_of(action)]++;
        if (is_scope && action->kind == COMMAND_HOLD) {
            em->hold_count[sort_of(action)][action->scope.kind]++;
        }
    }
    if (e != ERR_NONE || action->target != TARGET_SCOPE) {
        return e;
    }
    e = encode_quarantine_state(&em->encoding, action, source_of(em), &record);
    return send_record(em, e, &record, ticket);
}

enum err emit_command(struct emitter *em, const struct command_action *action, void *ticket)
{
    enum err e = send_command(em, action, ticket);
    if (e == ERR_NONE && action->target == TARGET_SCOPE && em->options.on_scope_command != NULL) {
        em->options.on_scope_command(em->options.watcher, action);
    }
    return e;
}

enum err emit_alert(struct emitter *em, const struct alert_action *action, void *ticket)
{
    struct record record;
    enum err e = encode_alert(&em->encoding, action, source_of(em), &record);
    e = send_record(em, e, &record, ticket);
    em->alert_count[action->kind][action->tier] += e == ERR_NONE;
    if (e == ERR_NONE && em->options.on_alert != NULL) {
        em->options.on_alert(em->options.watcher, action);
    }
    return e;
}

enum err emit_control_state(
        struct emitter *em, const struct control_state_action *action, void *ticket)
{
    struct record record;
    enum err e = encode_control_state(&em->encoding, action, source_of(em), &record);
    e = send_record(em, e, &record, ticket);
    return e != ERR_NONE || em->options.on_control_state == NULL
                   ? e
                   : em->options.on_control_state(em->options.control_state_watcher, action);
}

enum err emit_dead_letter(struct emitter *em, const struct dead_letter_action *action, void *ticket)
{
    struct record record;
    enum err e = encode_dead_letter(
            &em->encoding, action, em->options.group, em->options.instance, &record);
    return send_record(em, e, &record, ticket);
}

enum err emit_gap(struct emitter *em, const struct gap_action *action, void *ticket)
{
    struct record record;
    enum err e =
            encode_gap(&em->encoding, action, em->options.group, em->options.instance, &record);
    return send_record(em, e, &record, ticket);
}
