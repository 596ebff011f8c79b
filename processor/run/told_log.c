#include "run/told_log.h"

#include "common/digest.h"
#include "common/log.h"

enum { TEXT_BYTES = 4096, NAME_MAX_BYTES = 100 };

// Cut where they are long; the log makes one harmless line of whatever they are.
static void add_name(struct strbuf *sb, struct view name)
{
    size_t n = name.n < NAME_MAX_BYTES ? name.n : NAME_MAX_BYTES;
    strbuf_add(sb, name.p, n);
    strbuf_add_text(sb, n < name.n ? "..." : "");
}

// "campaign spring-list of tenant acme"
static void add_scope(struct strbuf *sb, const struct scope_name *scope)
{
    strbuf_printf(sb, "%s ", scope_kind_names[scope->kind]);
    add_name(sb, scope->id);
    if (scope->kind != SCOPE_TENANT) {
        strbuf_add_text(sb, " of tenant ");
        add_name(sb, scope->tenant_id);
    }
    if (scope->channel.n > 0) {
        strbuf_add_text(sb, " by ");
        add_name(sb, scope->channel);
    }
    strbuf_add_text(sb, tenant_is_drill(scope->tenant_id) ? " (drill)" : "");
}

static void add_id(struct strbuf *sb, const struct digest_id *id)
{
    strbuf_add_text(sb, ", incident ");
    hex_add(sb, id->bytes, sizeof id->bytes);
}

static void add_person(struct strbuf *sb, struct view operator_id, struct view control_id)
{
    if (operator_id.n > 0) {
        strbuf_add_text(sb, ", by ");
        add_name(sb, operator_id);
    }
    if (control_id.n > 0) {
        strbuf_add_text(sb, " (");
        add_name(sb, control_id);
        strbuf_add_text(sb, ")");
    }
}

static const char *text_of(struct strbuf *sb)
{
    return sb->failed == ERR_NONE && sb->n > 0 ? sb->p : "(no memory for the words)";
}

static bool is_grave(enum tier tier)
{
    return tier >= TIER_QUARANTINE;
}

static struct view cause_of(const struct alert_action *alert)
{
    return alert->cause_count > 0 ? alert->causes[0].name : VIEW("unknown");
}

// --- alerts -----------------------------------------------------------------------------------

static void log_incident(const struct alert_action *alert, struct strbuf *sb, const char *what)
{
    strbuf_printf(sb, "incident %s, %s: ", what, tier_names[alert->tier]);
    add_scope(sb, &alert->scope);
    strbuf_printf(sb, ", %lld of %lld messages misdirected, cause %.*s",
            (long long)alert->evidence.misdirected, (long long)alert->evidence.judged,
            VIEW_ARGS(cause_of(alert)));
    if (alert->evidence.withheld != NULL) {
        strbuf_printf(sb, ", not held for now: %s", alert->evidence.withheld);
    }
    add_id(sb, &alert->incident_id);
    if (is_grave(alert->tier) && !tenant_is_drill(alert->scope.tenant_id)) {
        log_warn("detect", "%s", text_of(sb));
    } else {
        log_info("detect", "%s", text_of(sb));
    }
}

static void log_closed(const struct alert_action *alert, struct strbuf *sb)
{
    strbuf_add_text(sb, "incident closed: ");
    add_scope(sb, &alert->scope);
    strbuf_printf(sb, ", escaped %lld, held %lld", (long long)alert->impact.escaped,
            (long long)alert->impact.held);
    add_id(sb, &alert->incident_id);
    log_info("detect", "%s", text_of(sb));
}

static void log_updated(const struct alert_action *alert, struct strbuf *sb)
{
    if (alert->is_unacknowledged) {
        strbuf_add_text(sb, "nobody has acknowledged it: ");
        add_scope(sb, &alert->scope);
        add_id(sb, &alert->incident_id);
        log_warn("detect", "%s", text_of(sb));
    } else if (alert->release.state == RELEASE_HELD_AGAIN) {
        strbuf_add_text(sb, "what a canary let through went wrong, held again: ");
        add_scope(sb, &alert->scope);
        add_id(sb, &alert->incident_id);
        log_warn("detect", "%s", text_of(sb));
    } else if (alert->release.state == RELEASE_PROPOSED) {
        strbuf_add_text(sb, "healthy again while held, it may be released: ");
        add_scope(sb, &alert->scope);
        add_id(sb, &alert->incident_id);
        log_info("detect", "%s", text_of(sb));
    }
}

static void log_outcome(const struct alert_action *alert, struct strbuf *sb)
{
    const struct control_outcome *outcome = &alert->outcome;
    strbuf_printf(sb, "command %s: %s", outcome_state_names[outcome->state], outcome->action);
    if (outcome->has_scope) {
        strbuf_add_text(sb, " ");
        add_scope(sb, &alert->scope);
    }
    add_person(sb, outcome->operator_id, outcome->control_id);
    if (outcome->confirmed_by.n > 0) {
        strbuf_add_text(sb, ", confirmed by ");
        add_name(sb, outcome->confirmed_by);
    }
    strbuf_printf(sb, ": %s", outcome->why);
    if (outcome->has_incident) {
        add_id(sb, &alert->incident_id);
    }
    if (outcome->state == OUTCOME_REFUSED || outcome->state == OUTCOME_EXPIRED) {
        log_warn("control", "%s", text_of(sb));
    } else {
        log_info("control", "%s", text_of(sb));
    }
}

static void log_drill(const struct alert_action *alert, struct strbuf *sb)
{
    strbuf_printf(sb, "drill %s: ", alert->drill.is_detected ? "detected" : "missed");
    add_name(sb, alert->scope.id);
    if (alert->drill.is_detected) {
        log_info("detect", "%s", text_of(sb));
    } else {
        log_warn("detect", "%s", text_of(sb));
    }
}

void told_log_alert(const struct alert_action *alert)
{
    struct strbuf sb;
    strbuf_init(&sb, TEXT_BYTES);
    switch (alert->kind) {
    case ALERT_INCIDENT_OPENED:
        log_incident(alert, &sb, "opened");
        break;
    case ALERT_INCIDENT_ESCALATED:
        log_incident(alert, &sb, "escalated");
        break;
    case ALERT_INCIDENT_UPDATED:
        log_updated(alert, &sb);
        break;
    case ALERT_INCIDENT_CLOSED:
        log_closed(alert, &sb);
        break;
    case ALERT_CACHE_SUSPECT:
        log_warn("detect", "cache suspect: %.*s", VIEW_ARGS(cause_of(alert)));
        break;
    case ALERT_CACHE_RECOVERED:
        log_info("detect", "cache recovered");
        break;
    case ALERT_DRILL_COMPLETED:
        log_drill(alert, &sb);
        break;
    case ALERT_CONTROL_OUTCOME:
        log_outcome(alert, &sb);
        break;
    case ALERT_INCIDENT_RELEASED: // the command has told it
    case ALERT_KIND_COUNT:
        break;
    }
    strbuf_fini(&sb);
}

// --- holds ------------------------------------------------------------------------------------

static const char *words_of(const struct command_action *command)
{
    switch (command->kind) {
    case COMMAND_HOLD:
        return command->canary_limit > 0       ? "let through step by step: "
               : command->is_renewal           ? "hold goes on: "
               : command->mode == MODE_MONITOR ? "would be held (monitor): "
                                               : "held: ";
    case COMMAND_RELEASE:
        return "released: ";
    case COMMAND_EXPIRED:
        break;
    }
    return "hold has run out: ";
}

void told_log_command(const struct command_action *command)
{
    struct strbuf sb;
    strbuf_init(&sb, TEXT_BYTES);
    bool is_hold = command->kind == COMMAND_HOLD;
    strbuf_add_text(&sb, words_of(command));
    add_scope(&sb, &command->scope);
    if (is_hold && command->canary_limit > 0) {
        strbuf_printf(&sb, ", canary %u of 3: %u messages may be sent", command->canary_step,
                command->canary_limit);
    } else if (is_hold) {
        strbuf_add_text(&sb, " until ");
        clock_format(&sb, command->expires_at_ms);
    }
    add_person(&sb, command->operator_id, command->control_id);
    if (command->has_incident) {
        add_id(&sb, &command->incident_id);
    }
    bool is_news = is_hold && command->canary_limit == 0 && !command->is_renewal &&
                   !tenant_is_drill(command->scope.tenant_id);
    if (is_news) {
        log_warn("detect", "%s", text_of(&sb));
    } else {
        log_info("detect", "%s", text_of(&sb));
    }
    strbuf_fini(&sb);
}
