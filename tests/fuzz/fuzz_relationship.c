// Any bytes, as a loader line. What must hold: a relationship that is let through is within the
// ceilings, and says the same after it was packed for Redis; what is refused has a reason.
#include "common/assure.h"
#include "common/clock.h"
#include "common/json_out.h"
#include "facts.h"
#include "input.h"
#include "model/event.h"
#include "relationship/ndjson.h"
#include "relationship/packed.h"

enum { ARENA_BYTES = 64 << 20, WHY_BYTES = 1024 };

static struct arena *arena;
static struct keyring *ring;
static struct ndjson *ndjson;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    arena = arena_create(ARENA_BYTES);
    ASSURE(arena != NULL && keyring_create_demo(&ring) == ERR_NONE);
    ASSURE(ndjson_create(&ndjson, "CN") == ERR_NONE);
    return 0;
}

static bool is_time(int64_t ms)
{
    return ms == TIME_NONE || clock_is_accepted(ms);
}

static void check_text(struct view text, size_t max)
{
    ASSURE(text.n > 0 && text.n <= max && json_is_utf8(text));
    ASSURE(memchr(text.p, '\0', text.n) == NULL);
}

static void check_bounds(const struct relationship *rel)
{
    ASSURE(rel->recipient.kind < RECIPIENT_INVALID);
    check_text(rel->recipient.canonical, ID_MAX_BYTES);
    ASSURE(rel->reassigned <= REASSIGNED_YES && is_time(rel->reassigned_at_ms));
    ASSURE(rel->party_count <= PARTY_MAX && rel->opted_out_count <= OPTED_OUT_MAX);
    for (uint16_t i = 0; i < rel->opted_out_count; i++) {
        check_text(rel->opted_out[i], NDJSON_CHANNEL_MAX_BYTES);
    }
    for (uint16_t i = 0; i < rel->party_count; i++) {
        const struct party *party = &rel->parties[i];
        ASSURE(party->role < ROLE_COUNT && party->status < STATUS_COUNT);
        ASSURE(is_time(party->closed_at_ms));
        ASSURE(view_is_none(party->tenant_id) || party->tenant_id.n <= ID_MAX_BYTES);
        ASSURE(view_is_none(party->loan_id) || party->loan_id.n <= ID_MAX_BYTES);
    }
}

static struct view tenant_of(const struct party *party)
{
    return view_is_none(party->tenant_id) ? VIEW("default") : party->tenant_id;
}

// As a message of that party's loan would find it.
static void check_facts(
        const struct relationship *rel, const struct facts *facts, const struct party *mine)
{
    ASSURE(facts->lookup == LOOKUP_FOUND && facts->reassigned == rel->reassigned);
    bool is_dated = rel->reassigned == REASSIGNED_YES;
    ASSURE(facts->reassigned_at_ms == (is_dated ? rel->reassigned_at_ms : TIME_NONE));
    ASSURE(facts->opted_out == (rel->opted_out_count > 0));
    ASSURE(facts->party_count == rel->party_count);
    for (uint16_t i = 0; i < rel->party_count; i++) {
        const struct party *party = &rel->parties[i];
        const struct party_fact *fact = &facts->parties[i];
        ASSURE(fact->role == party->role && fact->status == party->status);
        ASSURE(fact->closed_at_ms == party->closed_at_ms);
        bool is_mine = mine != NULL && view_equal(tenant_of(party), tenant_of(mine));
        ASSURE(fact->same_tenant == (mine == NULL || is_mine));
        ASSURE(fact->same_loan == (is_mine && !view_is_none(mine->loan_id) &&
                                          view_equal(party->loan_id, mine->loan_id)));
    }
}

static void check_packed(const struct relationship *rel)
{
    struct strbuf body;
    strbuf_init(&body, PACKED_BODY_MAX_BYTES);
    packed_add_body(&body, keyring_current(ring), rel);
    ASSURE(body.failed == ERR_NONE && body.n > 0);
    const struct party *mine = rel->party_count > 0 ? &rel->parties[rel->party_count / 2] : NULL;
    struct lookup lookup = {
            .tenant_id = mine != NULL ? tenant_of(mine) : VIEW_NONE,
            .loan_id = mine != NULL ? mine->loan_id : VIEW_NONE,
            .channel =
                    rel->opted_out_count > 0 ? rel->opted_out[rel->opted_out_count - 1] : VIEW_NONE,
    };
    ASSURE(packed_decode(strbuf_view(&body), keyring_current(ring), &lookup, arena) == ERR_NONE);
    facts_check(&lookup.facts);
    check_facts(rel, &lookup.facts, mine);
    strbuf_fini(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena_reset(arena);
    struct view line = fuzz_copy(view_bytes(data, size));
    struct relationship rel;
    struct strbuf why;
    strbuf_init(&why, WHY_BYTES);
    enum err e = ndjson_parse(ndjson, line, arena, &rel, &why);
    if (e == ERR_NONE) {
        check_bounds(&rel);
        if (!rel.deleted) {
            check_packed(&rel);
        }
    } else {
        ASSURE(e == ERR_DATA && why.n > 0 && why.failed == ERR_NONE);
    }
    strbuf_fini(&why);
    fuzz_free(line);
    return 0;
}
