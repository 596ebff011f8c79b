#include "redis/hash_record.h"

#include "common/clock.h"
#include "common/hash.h"

const char *const hash_field_names[HASH_FIELD_COUNT] = {
        [HASH_TENANT_ID] = "tenant_id",
        [HASH_LOAN_ID] = "loan_id",
        [HASH_ROLE] = "role",
        [HASH_STATUS] = "status",
        [HASH_CLOSED_AT] = "closed_at",
        [HASH_REASSIGNED] = "reassigned",
        [HASH_REASSIGNED_AT] = "reassigned_at",
        [HASH_OPTED_OUT] = "opted_out",
};

// The index of a word, or -1.
static int find_word(const char *const *words, int count, struct view text)
{
    for (int i = 0; i < count; i++) {
        if (view_is(text, words[i])) {
            return i;
        }
    }
    return -1;
}

// RFC 3339, or whole milliseconds since 1970; absent is TIME_NONE.
static bool read_time(struct view text, int64_t *ret_ms)
{
    *ret_ms = TIME_NONE;
    if (view_is_none(text) || clock_parse_rfc3339(text, ret_ms) == CLOCK_OK) {
        return true;
    }
    int64_t ms = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || ms > CLOCK_END_MS) {
            return false;
        }
        ms = ms * 10 + (text.p[i] - '0');
    }
    *ret_ms = ms;
    return clock_is_accepted(ms);
}

// Takes the quotes off an element of a JSON array. A channel's name needs no escapes.
static bool unquote(struct view *text)
{
    if (text->n < 2 || text->p[0] != '"' || text->p[text->n - 1] != '"') {
        return false;
    }
    *text = (struct view){text->p + 1, text->n - 2};
    return memchr(text->p, '"', text->n) == NULL && memchr(text->p, '\\', text->n) == NULL;
}

// "sms,voice" or ["sms","voice"]: whether `channel` is in it.
static bool read_opted_out(struct view text, struct view channel, bool *ret_opted_out)
{
    bool found = false;
    text = view_trim(text);
    bool is_json = text.n > 0 && text.p[0] == '[';
    if (is_json) {
        if (text.p[text.n - 1] != ']' || text.n < 2) {
            return false;
        }
        text = view_trim((struct view){text.p + 1, text.n - 2});
    }
    while (text.n > 0) {
        const char *comma = memchr(text.p, ',', text.n);
        struct view one = {text.p, comma != NULL ? (size_t)(comma - text.p) : text.n};
        text = view_skip(text, comma != NULL ? one.n + 1 : one.n);
        one = view_trim(one);
        if ((is_json && !unquote(&one)) || one.n == 0 || (comma != NULL && text.n == 0)) {
            return false;
        }
        found = found || view_equal(one, channel);
    }
    *ret_opted_out = found;
    return true;
}

static bool read_number(
        const struct view values[HASH_FIELD_COUNT], struct view channel, struct facts *facts)
{
    facts->reassigned = REASSIGNED_NO_DATA;
    if (!view_is_none(values[HASH_REASSIGNED])) {
        int reassigned = find_word(reassigned_names, 3, values[HASH_REASSIGNED]);
        if (reassigned < 0) {
            return false;
        }
        facts->reassigned = (enum reassigned)reassigned;
    }
    if (!read_time(values[HASH_REASSIGNED_AT], &facts->reassigned_at_ms)) {
        return false;
    }
    if (facts->reassigned != REASSIGNED_YES) {
        facts->reassigned_at_ms = TIME_NONE;
    }
    facts->opted_out = false;
    return view_is_none(values[HASH_OPTED_OUT]) ||
           read_opted_out(values[HASH_OPTED_OUT], channel, &facts->opted_out);
}

static bool read_party(const struct view values[HASH_FIELD_COUNT], const struct lookup *lookup,
        struct party_fact *party)
{
    int role = view_is_none(values[HASH_ROLE])
                       ? ROLE_BORROWER
                       : find_word(role_names, ROLE_COUNT, values[HASH_ROLE]);
    int status = view_is_none(values[HASH_STATUS])
                         ? STATUS_ACTIVE
                         : find_word(status_names, STATUS_COUNT, values[HASH_STATUS]);
    if (role < 0 || status < 0 || !read_time(values[HASH_CLOSED_AT], &party->closed_at_ms)) {
        return false;
    }
    party->role = (enum party_role)role;
    party->status = (enum loan_status)status;
    party->same_tenant = view_is_none(lookup->tenant_id) || view_is_none(values[HASH_TENANT_ID]) ||
                         view_equal(lookup->tenant_id, values[HASH_TENANT_ID]);
    party->lender_tag = hash_crc32c(values[HASH_TENANT_ID].p, values[HASH_TENANT_ID].n);
    party->same_loan = party->same_tenant && !view_is_none(lookup->loan_id) &&
                       (view_is_none(values[HASH_LOAN_ID]) ||
                               view_equal(lookup->loan_id, values[HASH_LOAN_ID]));
    return true;
}

static bool pick_values(const redisReply *reply, const struct view names[HASH_FIELD_COUNT],
        struct view ret_values[HASH_FIELD_COUNT])
{
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const redisReply *name = reply->element[i];
        const redisReply *value = reply->element[i + 1];
        if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING) {
            return false;
        }
        for (int field = 0; field < HASH_FIELD_COUNT; field++) {
            if (value->len > 0 && view_equal(names[field], (struct view){name->str, name->len})) {
                ret_values[field] = (struct view){value->str, value->len};
            }
        }
    }
    return true;
}

enum err hash_record_read(const redisReply *reply, const struct view names[HASH_FIELD_COUNT],
        struct lookup *lookup, struct arena *arena)
{
    struct view values[HASH_FIELD_COUNT] = {VIEW_NONE};
    struct facts facts = {.lookup = LOOKUP_FOUND};
    struct party_fact read;
    if (!pick_values(reply, names, values) || !read_number(values, lookup->channel, &facts) ||
            !read_party(values, lookup, &read)) {
        return ERR_DATA;
    }
    struct party_fact *party = arena_take(arena, sizeof *party);
    if (party == NULL) {
        return ERR_CEILING;
    }
    *party = read;
    facts.parties = party;
    facts.party_count = 1;
    lookup->facts = facts;
    return ERR_NONE;
}
