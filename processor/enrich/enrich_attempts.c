#include "enrich/enrich_attempts.h"

#include "common/digest.h"
#include "model/drill.h"

enum { COUNTED_MAX_BYTES = 1024, TAG_BITS = 6 };

// Whether the message is an attempt at all.
static bool is_attempt(const struct attempt_of *of, const struct policy *policy)
{
    return of->ev != NULL && of->recipient->kind != RECIPIENT_INVALID &&
           policy_watched(policy, of->ev->purpose) != NULL && !tenant_is_drill(of->ev->tenant_id);
}

// What is counted together: of the limit, the number, and as it says the loan, the tenant, the vendor. Each
// has a length that is known or stands last.
static void write_key(const struct attempt_asker *asker, const struct attempt_of *of,
        const struct frequency_limit *limit, struct strbuf *text, struct attempt *attempt)
{
    uint8_t tenant[TENANT_TAG_BYTES] = {0};
    uint8_t loan[LOAN_TAG_BYTES] = {0};
    uint8_t digest[SHA256_BYTES];
    if (limit->across != ACROSS_ALL) {
        keyring_tenant_tag(asker->key, event_scope_tenant(of->ev), tenant);
    }
    if (limit->per == PER_LOAN && !view_is_none(of->ev->loan_id)) {
        keyring_loan_tag(asker->key, of->ev->loan_id, loan);
    }
    strbuf_reset(text);
    strbuf_add(text, limit->id, sizeof limit->id);
    strbuf_add(text, of->pseudonym->bytes, sizeof of->pseudonym->bytes);
    strbuf_add(text, tenant, sizeof tenant);
    strbuf_add(text, loan, sizeof loan);
    if (limit->across == ACROSS_VENDOR && !view_is_none(of->ev->vendor_id)) {
        strbuf_add_view(text, of->ev->vendor_id);
    }
    digest_sha256(strbuf_view(text), digest);
    memcpy(attempt->key, digest, sizeof attempt->key);
}

// A message's id is its tenant's: two tenants may have the same.
static void write_id(const struct event *ev, struct strbuf *text, struct attempt *attempt)
{
    uint8_t digest[SHA256_BYTES];
    const struct view tenant = event_scope_tenant(ev);
    strbuf_reset(text);
    strbuf_add_be(text, tenant.n, 4);
    strbuf_add_view(text, tenant);
    strbuf_add_view(text, ev->message_id);
    digest_sha256(strbuf_view(text), digest);
    memcpy(attempt->id, digest, sizeof attempt->id);
}

static void write_attempt(const struct attempt_asker *asker, const struct attempt_of *of,
        uint16_t row, struct strbuf *text, struct attempt *attempt)
{
    const struct frequency_limit *limit = &asker->policy->frequency.limits[row];
    *attempt = (struct attempt){.row = row,
            .tag = of->pseudonym->bytes[0] >> (8 - TAG_BITS),
            .at_ms = of->ev->occurred_at.ms,
            .keep_for_ms = frequency_kept_ms(limit)};
    write_id(of->ev, text, attempt);
    frequency_window(limit, attempt->at_ms, &attempt->from_ms, &attempt->until_ms);
    int64_t trim_at_ms = attempt->at_ms < asker->now_ms ? attempt->at_ms : asker->now_ms;
    attempt->keep_from_ms = trim_at_ms - attempt->keep_for_ms;
    write_key(asker, of, limit, text, attempt);
}

// The attempts of a message, at most one a limit. Returns how many.
static uint16_t write_attempts(const struct attempt_asker *asker, const struct attempt_of *of,
        struct strbuf *text, struct attempt *attempts)
{
    const struct frequency *frequency = &asker->policy->frequency;
    uint16_t count = 0;
    if (!is_attempt(of, asker->policy)) {
        return 0;
    }
    const struct policy_subject subject = policy_subject_of(of->ev);
    for (uint16_t row = 0; row < frequency->count; row++) {
        if (frequency_matches(&frequency->limits[row], &subject)) {
            write_attempt(asker, of, row, text, &attempts[count++]);
        }
    }
    return count;
}

static void add_counts(struct attempt_counts *counts, const struct attempt *attempts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        counts->counted += attempts[i].state == ATTEMPT_COUNTED;
        counts->full += attempts[i].state == ATTEMPT_FULL;
        counts->unknown += attempts[i].state == ATTEMPT_UNKNOWN;
    }
}

enum err enrich_attempts(const struct attempt_asker *asker, const struct attempt_of *of,
        size_t count, struct mono_time deadline, struct arena *arena)
{
    const uint32_t limits = asker->policy->frequency.count;
    if (limits == 0 || asker->counter.ops == NULL || count == 0) {
        return ERR_NONE;
    }
    struct attempt *attempts = arena_take(arena, count * limits * sizeof *attempts);
    if (attempts == NULL) {
        return ERR_NO_MEMORY;
    }
    struct strbuf text;
    strbuf_init(&text, COUNTED_MAX_BYTES);
    size_t asked = 0;
    for (size_t i = 0; i < count; i++) {
        uint16_t own = write_attempts(asker, &of[i], &text, attempts + asked);
        if (own > 0) {
            of[i].facts->attempts = attempts + asked;
            of[i].facts->attempt_count = own;
            asked += own;
        }
    }
    enum err e = text.failed;
    strbuf_fini(&text);
    if (asked > 0) {
        asker->counter.ops->count(asker->counter.self, attempts, asked, deadline);
        add_counts(asker->counts, attempts, asked);
    }
    return e;
}
