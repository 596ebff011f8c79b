// explain: one message from standard input, judged as the processor would, with everything that
// went into it.
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/open_keyring.h"
#include "commands/options.h"
#include "common/json_out.h"
#include "decode/decode.h"
#include "enrich/enrich.h"
#include "judge/standing.h"
#include "redis/redis_store.h"

enum { ARENA_BYTES = 64 * 1024 * 1024, TEXT_BYTES = 16 * 1024 * 1024 };

static const char *const help = "Usage: wrongnumber explain -c CONFIG < event.json\n"
                                "\n"
                                "Judges one message and prints as JSON what is known of its "
                                "recipient, the verdict with its\n"
                                "reasons, and the scopes it counts in. Sends nothing, changes "
                                "nothing. Exit status 65 when the\n"
                                "message would be a dead letter.\n"
                                "\n" OPTIONS_USAGE "  -h, --help\n";

static enum err read_all(struct strbuf *text)
{
    for (;;) {
        char *room = strbuf_room(text, 64 * 1024);
        if (room == NULL) {
            return text->failed;
        }
        ssize_t n = read(STDIN_FILENO, room, 64 * 1024);
        if (n < 0) {
            return ERR_IO;
        }
        if (n == 0) {
            return ERR_NONE;
        }
        strbuf_grown(text, (size_t)n);
    }
}

static const char *lookup_name(enum lookup_state lookup)
{
    static const char *const names[] = {
            "found", "miss", "unreachable", "untrusted", "stale", "not_asked"};
    return names[lookup];
}

static void add_time_or_null(struct json_out *out, const char *key, int64_t ms)
{
    if (ms == TIME_NONE) {
        json_null(out, key);
    } else {
        json_time(out, key, ms);
    }
}

static void add_facts(struct json_out *out, const struct facts *facts)
{
    json_object(out, "facts");
    json_text(out, "lookup", lookup_name(facts->lookup));
    json_text(out, "reassigned", reassigned_names[facts->reassigned]);
    add_time_or_null(out, "reassigned_at", facts->reassigned_at_ms);
    json_bool(out, "opted_out", facts->opted_out);
    json_array(out, "parties");
    for (uint16_t i = 0; i < facts->party_count; i++) {
        const struct party_fact *party = &facts->parties[i];
        json_object(out, NULL);
        json_text(out, "role", role_names[party->role]);
        json_text(out, "status", status_names[party->status]);
        add_time_or_null(out, "closed_at", party->closed_at_ms);
        json_bool(out, "same_tenant", party->same_tenant);
        json_bool(out, "same_loan", party->same_loan);
        json_object_end(out);
    }
    json_array_end(out);
    json_object_end(out);
}

static void add_scopes(struct json_out *out, const struct event *ev)
{
    const struct view ids[SCOPE_KIND_COUNT] = {
            ev->campaign_id, ev->template_id, ev->sender_id, ev->vendor_id, event_scope_tenant(ev)};
    json_array(out, "scopes");
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        if (!view_is_none(ids[kind])) {
            json_object(out, NULL);
            json_text(out, "kind", scope_kind_names[kind]);
            json_string(out, "id", ids[kind]);
            json_string(out, "tenant_id", event_scope_tenant(ev));
            json_object_end(out);
        }
    }
    json_array_end(out);
}

struct explanation {
    const struct config *config;
    const struct event *ev;
    const struct enriched *enriched;
    const struct keyring *ring;
    const char *cache_why;
};

// Which rules decided, setting by setting; what is not here is the policy's own.
static void add_rules(struct json_out *out, const struct explanation *x)
{
    const struct policy *policy = &x->config->policy;
    const struct policy_subject subject = policy_subject_of(x->ev);
    struct policy_settings settings;
    policy_settings_of(policy, &subject, &settings);
    json_text(out, "mode", mode_names[settings.mode]);
    json_object(out, "rules");
    for (unsigned part = RULE_SETS_MODE; part < RULE_PART_COUNT; part++) {
        const struct rule *rule = rules_winner(&policy->rules, &subject, (enum rule_part)part);
        if (rule != NULL) {
            char path[64];
            snprintf(path, sizeof path, "policy.rules[%u]", (unsigned)(rule - policy->rules.rules));
            json_text(out, rule_part_names[part], path);
        }
    }
    json_object_end(out);
}

static enum err add_explanation(struct strbuf *text, const struct explanation *x)
{
    struct judgement judgement = judge_message(
            x->ev, x->enriched->recipient.kind, &x->enriched->facts, &x->config->policy);
    const struct standing standing =
            judge_stand(x->ev, x->enriched->pseudonym.bytes, &x->config->policy, NULL, &judgement);
    struct strbuf pseudonym;
    strbuf_init(&pseudonym, 256);
    pseudonym_add(&pseudonym, keyring_current(x->ring), &x->enriched->pseudonym);
    struct json_out out;
    json_begin(&out, text);
    json_object(&out, NULL);
    json_string(&out, "message_id", x->ev->message_id);
    json_time(&out, "occurred_at", x->ev->occurred_at.ms);
    json_object(&out, "recipient");
    json_text(&out, "kind", recipient_kind_names[x->enriched->recipient.kind]);
    json_string(&out, "pseudonym", strbuf_view(&pseudonym));
    json_object_end(&out);
    json_text(&out, "verdict", verdict_names[judgement.verdict]);
    json_array(&out, "reasons");
    for (unsigned reason = 0; reason < REASON_TOLD_COUNT; reason++) {
        if ((judgement.reasons & REASON_BIT(reason)) != 0) {
            json_text(&out, NULL, reason_names[reason]);
        }
    }
    json_array_end(&out);
    json_bool(&out, "held", standing.is_held);
    add_rules(&out, x);
    json_string_or_null(&out, "cache", x->cache_why[0] != '\0' ? view_of(x->cache_why) : VIEW_NONE);
    add_facts(&out, &x->enriched->facts);
    add_scopes(&out, x->ev);
    json_text(&out, "policy_version", x->config->policy.version);
    json_object_end(&out);
    strbuf_add_byte(text, '\n');
    enum err e = pseudonym.failed != ERR_NONE ? pseudonym.failed : text->failed;
    strbuf_fini(&pseudonym);
    return e;
}

static enum err explain_event(const struct config *config, const struct event *ev,
        const struct keyring *ring, struct arena *arena, struct strbuf *out)
{
    struct phone_cache *phones;
    enum err e = phone_cache_create(&phones, config->identity.default_region);
    if (e != ERR_NONE) {
        return e;
    }
    struct store store = {0};
    e = redis_store_create(&store, config, ring);
    if (e != ERR_NONE) {
        phone_cache_destroy(phones);
        return e;
    }
    struct enriched enriched;
    const struct enricher enricher = {store, ring, phones};
    // Nobody waits for this one: a first connection may take longer than a batch may.
    struct mono_time deadline = mono_after_ms(
            clock_mono(), config->redis.deadline_ms + config->redis.connect_timeout_ms);
    e = enrich_batch(&enricher, &ev, 1, deadline, arena, &enriched);
    if (e == ERR_NONE) {
        const struct explanation explanation = {
                config, ev, &enriched, ring, redis_store_why(&store)};
        e = add_explanation(out, &explanation);
    }
    store.ops->destroy(store.self);
    phone_cache_destroy(phones);
    return e;
}

static enum err explain(const struct config *config, struct view text, struct arena *arena)
{
    struct decoder *decoder;
    enum err e = decoder_create(&decoder, (const char *const *)config->fields, NULL);
    if (e != ERR_NONE) {
        return e;
    }
    const struct raw_message raw = {.topic = VIEW("-"), .timestamp_ms = -1, .value = text};
    struct event ev;
    struct decode_failure failure;
    struct strbuf out;
    strbuf_init(&out, TEXT_BYTES);
    struct keyring *ring = NULL;
    switch (decode_event(decoder, &raw, arena, &ev, &failure)) {
    case DECODE_EVENT:
        e = command_open_keyring(&ring, config);
        break;
    case DECODE_DEAD_LETTER:
        fprintf(stderr, "wrongnumber explain: dead letter: %s: %s\n", failure.reason, failure.text);
        e = ERR_DATA;
        break;
    case DECODE_NO_ROOM:
        e = ERR_NO_MEMORY;
        break;
    }
    if (e == ERR_NONE) {
        e = explain_event(config, &ev, ring, arena, &out);
    }
    if (e == ERR_NONE && fwrite(out.p, 1, out.n, stdout) != out.n) {
        e = ERR_IO;
    }
    keyring_destroy(ring);
    strbuf_fini(&out);
    decoder_destroy(decoder);
    return e;
}

int command_explain(int argc, char **argv)
{
    static const struct option long_options[] = {OPTIONS_LONG, {NULL, 0, NULL, 0}};
    struct options options = {0};
    int option;
    while ((option = getopt_long(argc, argv, OPTIONS_SHORT, long_options, NULL)) != -1) {
        if (!options_take(&options, option, optarg)) {
            fputs("Try `wrongnumber explain --help`.\n", stderr);
            return err_exit_status(ERR_USAGE);
        }
    }
    if (options.helps) {
        fputs(help, stdout);
        return 0;
    }
    struct config *config;
    enum err e = options_load_config(&options, &config);
    if (e != ERR_NONE) {
        return err_exit_status(e);
    }
    struct arena *arena = arena_create(ARENA_BYTES);
    struct strbuf text;
    strbuf_init(&text, TEXT_BYTES);
    e = arena == NULL ? ERR_NO_MEMORY : read_all(&text);
    if (e == ERR_NONE) {
        e = explain(config, strbuf_view(&text), arena);
    }
    if (e != ERR_NONE && e != ERR_DATA) {
        fprintf(stderr, "wrongnumber explain: %s\n", err_text(e));
    }
    strbuf_fini(&text);
    arena_destroy(arena);
    config_destroy(config);
    return err_exit_status(e);
}
