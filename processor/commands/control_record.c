#include "commands/control_record.h"

#include <string.h>

#include "common/clock.h"
#include "common/json_out.h"
#include "decode/decode_control.h"
#include "emit/target_key.h"

enum { ARENA_BYTES = 1024 * 1024, PSEUDONYM_MAX_BYTES = 128, HEX_MAX_BYTES = 128 };

static int count_objects(const struct control_words *words)
{
    return (words->scope_kind != NULL) + (words->message != NULL) + (words->recipient != NULL) +
           (words->incident != NULL) + (words->rule != NULL);
}

static bool is_tenant(const struct control_words *words)
{
    return words->scope_kind != NULL && strcmp(words->scope_kind, "tenant") == 0;
}

// An empty name is a slip of whoever has written the call, and would name more than was meant.
static bool has_empty_name(const struct control_words *words)
{
    const char *const names[] = {words->control_id, words->scope_kind, words->scope_id,
            words->channel, words->message, words->recipient, words->incident, words->rule,
            words->tenant, words->confirms, words->mode};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i] != NULL && names[i][0] == '\0') {
            return true;
        }
    }
    return false;
}

static const char *object_wrong(const struct control_words *words)
{
    if (count_objects(words) != 1) {
        return "say once what it is about: --scope, --message, --recipient, --incident or --rule, "
               "as "
               "far as the verb has them";
    }
    if (words->scope_kind != NULL && words->scope_id == NULL && !is_tenant(words)) {
        return "--id is missing: which of them";
    }
    if (words->scope_kind == NULL && words->scope_id != NULL) {
        return "--id goes with --scope";
    }
    bool wants_tenant = words->incident == NULL && words->rule == NULL;
    if (wants_tenant && words->tenant == NULL) {
        return "--tenant is missing: whose";
    }
    bool is_one = words->message != NULL || words->recipient != NULL;
    if (words->action == CONTROL_RELEASE && words->for_ms > 0 && !is_one) {
        return "--for of a release goes with --message or --recipient";
    }
    if (words->action == CONTROL_MODE && is_one) {
        return "a mode is a scope's: --scope";
    }
    if (words->incident != NULL && words->tenant != NULL) {
        return "--tenant does not go with --incident, which has its own";
    }
    return NULL;
}

const char *control_words_wrong(const struct control_words *words)
{
    if (words->operator_id == NULL || words->operator_id[0] == '\0') {
        return "--operator is missing (or WN_OPERATOR in the environment): who commands this";
    }
    if (words->reason == NULL || words->reason[0] == '\0') {
        return "--reason is missing: why";
    }
    if (has_empty_name(words)) {
        return "an option that names something is empty: leave it out, or say what it names";
    }
    return words->action == CONTROL_CONFIRM ? NULL : object_wrong(words);
}

// --- writing ----------------------------------------------------------------------------------

static void add_text(struct json_out *out, const char *key, const char *text)
{
    if (text != NULL) {
        json_text(out, key, text);
    }
}

static void add_scope(
        struct json_out *out, const char *kind, const char *id, const struct control_words *words)
{
    json_object(out, "scope");
    json_text(out, "kind", kind);
    json_text(out, "id", id);
    json_text(out, "tenant_id", words->tenant);
    if (words->scope_kind != NULL) {
        add_text(out, "channel", words->channel);
    }
    json_object_end(out);
}

// The pseudonym, or why there is none.
static enum err add_pseudonym(const struct control_words *words,
        const struct control_record_options *options, struct arena *arena, struct strbuf *pseudonym,
        struct strbuf *why)
{
    const struct keyring_key *key = keyring_current(options->ring);
    if (pseudonym_is_text(view_of(words->recipient), key)) {
        strbuf_add_text(pseudonym, words->recipient);
        return pseudonym->failed;
    }
    struct recipient recipient = recipient_normalise(view_of(words->recipient),
            recipient_kind_of_channel(view_of(words->channel)), options->default_region, arena);
    if (recipient_is_unread(&recipient)) {
        return ERR_NO_MEMORY;
    }
    if (recipient.kind == RECIPIENT_INVALID) {
        strbuf_add_text(why, "--recipient is no possible number, and no pseudonym of the key in "
                             "force");
        return ERR_DATA;
    }
    struct pseudonym bytes = keyring_pseudonym(key, recipient);
    pseudonym_add(pseudonym, key, &bytes);
    return pseudonym->failed;
}

static void add_object(
        struct json_out *out, const struct control_words *words, const char *pseudonym)
{
    if (words->message != NULL) {
        add_scope(out, "message", words->message, words);
    } else if (pseudonym != NULL) {
        add_scope(out, "recipient", pseudonym, words);
    } else if (words->scope_kind != NULL) {
        const char *id = words->scope_id != NULL ? words->scope_id : words->tenant;
        add_scope(out, words->scope_kind, id, words);
    } else {
        add_text(out, "tenant_id", words->tenant);
    }
    add_text(out, "incident_id", words->incident);
    add_text(out, "rule", words->rule);
    add_text(out, "confirms", words->confirms);
}

static void add_record(struct json_out *out, const struct control_words *words,
        const char *pseudonym, int64_t now_ms, const char *signature)
{
    json_object(out, NULL);
    json_text(out, "control_id", words->control_id);
    json_text(out, "action", control_action_names[words->action]);
    add_object(out, words, pseudonym);
    add_text(out, "mode", words->mode);
    if (words->at_once) {
        json_bool(out, "at_once", true);
    }
    json_text(out, "operator", words->operator_id);
    json_text(out, "reason", words->reason);
    json_time(out, "issued_at", now_ms);
    if (words->for_ms > 0) {
        json_time(out, "expires_at", now_ms + words->for_ms);
    }
    add_text(out, "signature", signature);
    json_object_end(out);
}

// Whether the processor will take it, apart from its signature.
static enum err check(struct view record, struct arena *arena, struct strbuf *why)
{
    struct control_decoder *decoder;
    enum err e = control_decoder_create(&decoder);
    if (e != ERR_NONE) {
        return e;
    }
    const struct raw_message raw = {.topic = VIEW("control"), .timestamp_ms = -1, .value = record};
    struct control_record read;
    struct decode_failure failure;
    switch (decode_control(decoder, &raw, arena, &read, &failure)) {
    case DECODE_EVENT:
        break;
    case DECODE_DEAD_LETTER:
        strbuf_add_text(why, failure.text);
        e = ERR_DATA;
        break;
    case DECODE_NO_ROOM:
        e = ERR_NO_MEMORY;
        break;
    }
    control_decoder_destroy(decoder);
    return e;
}

static void add_key(const struct control_words *words, const char *pseudonym, struct strbuf *key)
{
    const char *id = words->scope_id != NULL    ? words->scope_id
                     : words->message != NULL   ? words->message
                     : words->recipient != NULL ? pseudonym
                                                : words->tenant;
    const char *kind = words->scope_kind != NULL  ? words->scope_kind
                       : words->message != NULL   ? "message"
                       : words->recipient != NULL ? "recipient"
                                                  : NULL;
    if (kind == NULL) {
        strbuf_add_text(key, words->control_id);
        return;
    }
    const struct scope_name name = {.id = view_of(id), .tenant_id = view_of(words->tenant)};
    target_key_add(key, &name, kind);
}

static enum err write_in(const struct control_words *words,
        const struct control_record_options *options, struct arena *arena, struct strbuf *record,
        struct strbuf *key, struct strbuf *why)
{
    struct strbuf pseudonym;
    struct strbuf signature;
    strbuf_init(&pseudonym, PSEUDONYM_MAX_BYTES);
    strbuf_init(&signature, HEX_MAX_BYTES);
    enum err e = words->recipient != NULL ? add_pseudonym(words, options, arena, &pseudonym, why)
                                          : ERR_NONE;
    struct json_out out;
    if (e == ERR_NONE) {
        json_begin(&out, record);
        add_record(&out, words, pseudonym.p, options->now_ms, NULL);
        e = record->failed != ERR_NONE ? record->failed : check(strbuf_view(record), arena, why);
    }
    if (e == ERR_NONE && control_keys_are_there(options->keys)) {
        e = control_keys_sign(options->keys, strbuf_view(record), arena, &signature);
        strbuf_reset(record);
        json_begin(&out, record);
        add_record(&out, words, pseudonym.p, options->now_ms, signature.p);
    }
    if (e == ERR_NONE) {
        add_key(words, pseudonym.p, key);
        e = record->failed != ERR_NONE ? record->failed : key->failed;
    }
    strbuf_fini(&pseudonym);
    strbuf_fini(&signature);
    return e;
}

enum err control_record_write(const struct control_words *words,
        const struct control_record_options *options, struct strbuf *record, struct strbuf *key,
        struct strbuf *why)
{
    struct arena *arena = arena_create(ARENA_BYTES);
    if (arena == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = write_in(words, options, arena, record, key, why);
    arena_destroy(arena);
    return e;
}
