// incidents: who belongs to which, holds and their end, calm, what is remembered of the last hour.
#include "incident/incidents.h"

#include <stdlib.h>
#include <string.h>

#include "state/scopes.h"
#include "unit.h"

#define AT INT64_C(1763769600000)
#define MINUTE INT64_C(60000)

static struct incidents *created(uint32_t max_open)
{
    struct incidents *incidents = NULL;
    CU_ASSERT_EQUAL_FATAL(incidents_create(&incidents, max_open), ERR_NONE);
    return incidents;
}

static struct incident *opened(struct incidents *incidents, int32_t scope)
{
    const struct digest_id id = {{(uint8_t)scope}};
    struct incident *incident = NULL;
    CU_ASSERT_EQUAL_FATAL(incidents_open(incidents, scope, &id, &incident), ERR_NONE);
    return incident;
}

static void test_life(void)
{
    struct incidents *incidents = created(10);
    CU_ASSERT_PTR_NULL(incidents_of(incidents, 3));
    CU_ASSERT_PTR_NULL(incidents_of(incidents, SCOPE_NONE));
    CU_ASSERT_EQUAL(incidents_tier(incidents, 3), TIER_NONE);
    struct incident *incident = opened(incidents, 3);
    CU_ASSERT_EQUAL(incident->root, 3);
    incidents_set_tier(incidents, 3, TIER_ALERT);
    CU_ASSERT_EQUAL(incidents_join(incidents, incident, 200), ERR_NONE);
    CU_ASSERT_PTR_EQUAL(incidents_of(incidents, 200), incident);
    CU_ASSERT_EQUAL(incidents_tier(incidents, 200), TIER_NONE); // its own, not the incident's
    CU_ASSERT_EQUAL(incident->scope_count, 2);
    CU_ASSERT_EQUAL(incident->first_scope, 200);
    CU_ASSERT_EQUAL(incidents_next(incidents, 200), 3);
    CU_ASSERT_EQUAL(incidents_next(incidents, 3), SCOPE_NONE);
    CU_ASSERT_FALSE(incidents_leave(incidents, 3));
    CU_ASSERT_EQUAL(incident->root, 200); // somebody has to be
    CU_ASSERT_EQUAL(incidents_tier(incidents, 3), TIER_NONE);
    CU_ASSERT_PTR_NULL(incidents_of(incidents, 3));
    CU_ASSERT_TRUE(incidents_leave(incidents, 200));
    CU_ASSERT_EQUAL(incidents_open_count(incidents), 0);
    incidents_destroy(incidents);
}

static void test_ceiling(void)
{
    struct incidents *incidents = created(2);
    struct incident *first = opened(incidents, 1);
    opened(incidents, 2);
    CU_ASSERT_PTR_NULL(opened(incidents, 4));
    CU_ASSERT_EQUAL(incidents_overflowed(incidents), 1);
    CU_ASSERT_PTR_NULL(incidents_of(incidents, 4));
    CU_ASSERT_EQUAL(incidents_join(incidents, first, 4), ERR_NONE); // who joins needs no room
    incidents_end(incidents, first);
    CU_ASSERT_PTR_NOT_NULL(opened(incidents, 4));
    CU_ASSERT_EQUAL(incidents_open_count(incidents), 2);
    incidents_destroy(incidents);
}

// What an alert said is kept, with its texts, until the next says something else.
static void test_remembered(void)
{
    struct incidents *incidents = created(2);
    struct incident *incident = opened(incidents, 1);
    char topic[] = "topic";
    char message[] = "m1";
    struct alert_action alert = {.cause_count = 1,
            .evidence = {.misdirected = 5,
                    .change_point = {.topic = view_of(topic), .message_id = view_of(message)}}};
    alert.causes[0].share_millionths = 7;
    alert.reasons[REASON_NO_RECORD] = 3;
    CU_ASSERT_EQUAL_FATAL(
            incidents_remember(incident, &alert, &(const struct cause_evidence){.messages = 3}, AT),
            ERR_NONE);
    memset(topic, 'x', sizeof topic - 1);
    memset(message, 'x', sizeof message - 1);
    CU_ASSERT_TRUE(view_is(incident->told->evidence.change_point.topic, "topic"));
    CU_ASSERT_TRUE(view_is(incident->told->evidence.change_point.message_id, "m1"));
    CU_ASSERT_EQUAL(incident->told->reasons[REASON_NO_RECORD], 3);
    CU_ASSERT_EQUAL(incident->told->causes[0].share_millionths, 7);
    CU_ASSERT_EQUAL(incident->told_ms, AT);
    alert.evidence.change_point.message_id = VIEW_NONE;
    alert.evidence.change_point.topic = VIEW_NONE;
    CU_ASSERT_EQUAL_FATAL(incidents_remember(incident, &alert,
                                  &(const struct cause_evidence){.messages = 4}, AT + 1),
            ERR_NONE);
    CU_ASSERT_TRUE(view_is_none(incident->told->evidence.change_point.message_id));
    CU_ASSERT_EQUAL(incident->told_ms, AT + 1);
    incidents_destroy(incidents); // with what is remembered
}

// 1,000 messages and ten minutes, both from the last trouble on.
static void test_calm(void)
{
    struct incident incident = {.calm_messages = 0};
    CU_ASSERT_FALSE(incidents_note_calm(&incident, true, 5000000000, AT));
    CU_ASSERT_FALSE(incidents_note_calm(&incident, true, 0, AT + 10 * MINUTE - 1));
    CU_ASSERT_TRUE(incidents_note_calm(&incident, true, 0, AT + 10 * MINUTE));
    CU_ASSERT_FALSE(incidents_note_calm(&incident, false, 1, AT + 10 * MINUTE));
    CU_ASSERT_FALSE(incidents_note_calm(&incident, true, 999, AT + 20 * MINUTE));
    CU_ASSERT_FALSE(incidents_note_calm(&incident, true, -5, AT + 40 * MINUTE)); // taken back
    CU_ASSERT_TRUE(incidents_note_calm(&incident, true, 1, AT + 40 * MINUTE));
}

// Of each scope the last three times within an hour, of at most 256 scopes the latest.
static void test_lately(void)
{
    struct incidents *incidents = created(2);
    CU_ASSERT_EQUAL(incidents_lately(incidents, 7, AT), 0);
    for (unsigned i = 0; i < 5; i++) {
        incidents_note_lately(incidents, 7, AT + i);
    }
    CU_ASSERT_EQUAL(incidents_lately(incidents, 7, AT + 4), LATELY_MAX);
    CU_ASSERT_EQUAL(incidents_lately(incidents, 7, AT + 60 * MINUTE + 1), 3);
    CU_ASSERT_EQUAL(incidents_lately(incidents, 7, AT + 60 * MINUTE + 2), 2);
    CU_ASSERT_EQUAL(incidents_lately(incidents, 7, AT + 60 * MINUTE + 4), 0);
    for (int32_t other = 100; other < 100 + LATELY_SCOPES_MAX - 1; other++) {
        incidents_note_lately(incidents, other, AT + 5);
    }
    CU_ASSERT_EQUAL(incidents_lately(incidents, 7, AT + 5), 3);
    incidents_note_lately(incidents, 99, AT + 5); // 7 was noted longest ago
    CU_ASSERT_EQUAL(incidents_lately(incidents, 7, AT + 5), 0);
    CU_ASSERT_EQUAL(incidents_lately(incidents, 100, AT + 5), 1);
    CU_ASSERT_EQUAL(incidents_lately(incidents, 99, AT + 5), 1);
    incidents_destroy(incidents);
}

// --- at random, against what one would write down -----------------------------------------------

enum { SCOPES = 40, MAX_OPEN = 12, STEPS = 40000 };

struct page {
    int incident; // of the notebook; -1 = none
    enum tier tier;
    bool held;
    bool is_commanded;
    int64_t until_ms;
};

struct notebook {
    struct page pages[SCOPES];
    struct incident *incidents[STEPS]; // as they were opened
    int opened;
    uint64_t overflowed;
};

static unsigned members_of(const struct notebook *book, int incident, unsigned *ret_held)
{
    unsigned members = 0;
    *ret_held = 0;
    for (unsigned i = 0; i < SCOPES; i++) {
        members += book->pages[i].incident == incident;
        *ret_held += book->pages[i].incident == incident && book->pages[i].held;
    }
    return members;
}

static unsigned open_count(const struct notebook *book)
{
    unsigned open = 0;
    for (int i = 0; i < book->opened; i++) {
        unsigned held;
        open += members_of(book, i, &held) > 0;
    }
    return open;
}

static void compare(const struct incidents *incidents, const struct notebook *book)
{
    for (int32_t scope = 0; scope < SCOPES; scope++) {
        const struct page *page = &book->pages[scope];
        const struct incident *incident = incidents_of(incidents, scope);
        CU_ASSERT_EQUAL_FATAL(incident != NULL, page->incident >= 0);
        CU_ASSERT_EQUAL(incidents_tier(incidents, scope), page->tier);
        CU_ASSERT_EQUAL(incidents_is_holding(incidents, scope), page->held);
        if (incident == NULL) {
            continue;
        }
        unsigned held;
        CU_ASSERT_PTR_EQUAL(incident, book->incidents[page->incident]);
        CU_ASSERT_EQUAL(incident->scope_count, members_of(book, page->incident, &held));
        CU_ASSERT_EQUAL(incident->held_count, held);
        CU_ASSERT_EQUAL(book->pages[incident->root].incident, page->incident);
        unsigned chain = 0;
        for (int32_t at = incident->first_scope; at != SCOPE_NONE && chain <= SCOPES;
                at = incidents_next(incidents, at)) {
            CU_ASSERT_EQUAL(book->pages[at].incident, page->incident);
            chain++;
        }
        CU_ASSERT_EQUAL(chain, incident->scope_count);
    }
    CU_ASSERT_EQUAL(incidents_overflowed(incidents), book->overflowed);
}

// What is held stays held.
static void forget(struct page *page)
{
    page->incident = -1;
    page->tier = TIER_NONE;
}

// Lifts all that has run out, each scope once, whichever comes first.
static void lift(struct incidents *incidents, struct notebook *book, int64_t now_ms)
{
    const struct hold *hold;
    while ((hold = incidents_expired(incidents, now_ms)) != NULL) {
        struct page *page = &book->pages[hold->scope];
        CU_ASSERT_TRUE(page->held && page->until_ms == hold->until_ms);
        CU_ASSERT_TRUE(page->until_ms <= now_ms && page->is_commanded == hold->is_commanded);
        CU_ASSERT_EQUAL(hold->mode, page->is_commanded ? MODE_ENFORCE : MODE_MONITOR);
        page->held = false;
        page->is_commanded = false;
        incidents_lift(incidents, hold->scope);
    }
    for (unsigned i = 0; i < SCOPES; i++) {
        CU_ASSERT_FALSE(book->pages[i].held && book->pages[i].until_ms <= now_ms);
    }
}

static void step(struct incidents *incidents, struct notebook *book, uint32_t draw, int64_t now_ms)
{
    int32_t scope = (int32_t)(draw % SCOPES);
    int32_t other = (int32_t)(draw / SCOPES % SCOPES);
    struct page *page = &book->pages[scope];
    switch (draw / (SCOPES * SCOPES) % 7) {
    case 6: { // a person's, whether there is an incident or not
        int64_t until_ms = now_ms + draw % 900;
        const struct digest_id id = {{(uint8_t)scope}};
        CU_ASSERT_EQUAL_FATAL(incidents_hold_commanded(incidents, scope, until_ms, &id), ERR_NONE);
        page->until_ms = page->held && page->until_ms > until_ms ? page->until_ms : until_ms;
        page->held = true;
        page->is_commanded = true;
        return;
    }
    case 0:
    case 1:
        if (page->incident < 0) {
            unsigned open = open_count(book);
            struct incident *incident = opened(incidents, scope);
            CU_ASSERT_EQUAL_FATAL(incident != NULL, open < MAX_OPEN);
            if (incident == NULL) {
                book->overflowed++;
                return;
            }
            book->incidents[book->opened] = incident;
            page->incident = book->opened++;
        }
        return;
    case 2:
        if (page->incident < 0 && book->pages[other].incident >= 0) {
            struct incident *incident = incidents_of(incidents, other);
            CU_ASSERT_EQUAL_FATAL(incidents_join(incidents, incident, scope), ERR_NONE);
            page->incident = book->pages[other].incident;
        }
        return;
    case 3:
        if (page->incident >= 0) {
            page->tier = (enum tier)(draw % TIER_COUNT);
            int64_t until_ms = now_ms + draw % 500; // now, too
            bool stays = page->held && page->is_commanded && page->until_ms > until_ms;
            page->held = true;
            page->until_ms = stays ? page->until_ms : until_ms;
            incidents_set_tier(incidents, scope, page->tier);
            CU_ASSERT_EQUAL_FATAL(
                    incidents_hold(incidents, scope, until_ms, MODE_MONITOR), ERR_NONE);
        }
        return;
    case 4:
        if (page->incident >= 0) {
            unsigned held;
            bool last = members_of(book, page->incident, &held) == 1;
            CU_ASSERT_EQUAL(incidents_leave(incidents, scope), last);
            forget(page);
        }
        return;
    default:
        if (page->incident >= 0 && draw % 3 == 0) {
            int incident = page->incident;
            incidents_end(incidents, incidents_of(incidents, scope));
            for (unsigned i = 0; i < SCOPES; i++) {
                if (book->pages[i].incident == incident) {
                    forget(&book->pages[i]);
                }
            }
        }
        return;
    }
}

// What is known of a hold is of one hold, and comes back with it; its end is named once, ahead of it.
static void test_what_a_hold_knows(void)
{
    const struct digest_id id = {{1}};
    struct scopes *scopes;
    struct incidents *from;
    struct incidents *to;
    int32_t held[2];
    CU_ASSERT_EQUAL_FATAL(scopes_create(&scopes, 10), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(incidents_create(&from, MAX_OPEN), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(incidents_create(&to, MAX_OPEN), ERR_NONE);
    for (unsigned i = 0; i < 2; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        CU_ASSERT_EQUAL_FATAL(scopes_intern(scopes, SCOPE_CAMPAIGN, VIEW("t"), view_of(name),
                                      VIEW_NONE, &held[i]),
                ERR_NONE);
        CU_ASSERT_EQUAL_FATAL(incidents_hold_commanded(from, held[i], 1000 + i, &id), ERR_NONE);
    }
    incidents_note_vendor(from, held[1], held[0], 7);
    incidents_note_channel(from, held[1], 9);
    incidents_set_ending(from, held[0], 900);
    incidents_set_ending(from, held[1], 800);
    CU_ASSERT_PTR_NULL(incidents_ending(from, 799));
    CU_ASSERT_EQUAL(incidents_ending(from, 850)->scope, held[1]);
    CU_ASSERT_PTR_NULL(incidents_ending(from, 899));
    struct strbuf state;
    strbuf_init(&state, 4096);
    struct archive writer = archive_writer(&state);
    incidents_archive(&writer, from, scopes);
    CU_ASSERT_EQUAL_FATAL(archive_end(&writer), ERR_NONE);
    struct archive reader = archive_reader(strbuf_view(&state));
    incidents_archive(&reader, to, scopes);
    CU_ASSERT_EQUAL_FATAL(archive_end(&reader), ERR_NONE);
    CU_ASSERT_EQUAL(incidents_hold_of(to, held[0])->vendor, VENDOR_UNKNOWN);
    CU_ASSERT_EQUAL(incidents_hold_of(to, held[1])->vendor, held[0]);
    CU_ASSERT_EQUAL(incidents_hold_of(to, held[1])->vendor_generation, 7);
    CU_ASSERT_EQUAL(incidents_hold_of(to, held[0])->channel, 0);
    CU_ASSERT_EQUAL(incidents_hold_of(to, held[1])->channel, 9);
    CU_ASSERT_EQUAL(incidents_ending(to, 1000)->scope, held[0]);
    CU_ASSERT_PTR_NULL(incidents_ending(to, INT64_MAX - 1));
    incidents_lift(to, held[1]);
    CU_ASSERT_EQUAL_FATAL(incidents_hold_commanded(to, held[1], 2000, &id), ERR_NONE);
    CU_ASSERT_EQUAL(incidents_hold_of(to, held[1])->vendor, VENDOR_UNKNOWN);
    strbuf_fini(&state);
    incidents_destroy(from);
    incidents_destroy(to);
    scopes_destroy(scopes);
}

static void test_at_random(void)
{
    struct notebook *book = calloc(1, sizeof *book);
    CU_ASSERT_PTR_NOT_NULL_FATAL(book);
    for (unsigned i = 0; i < SCOPES; i++) {
        forget(&book->pages[i]);
    }
    struct incidents *incidents = created(MAX_OPEN);
    uint64_t random = 11;
    int64_t now_ms = AT;
    for (unsigned i = 0; i < STEPS / 8; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint32_t draw = (uint32_t)(random >> 33);
        now_ms += draw % 7;
        lift(incidents, book, now_ms);
        step(incidents, book, draw / 7, now_ms);
        compare(incidents, book);
    }
    CU_ASSERT_TRUE(book->overflowed > 0 && book->opened > 100);
    CU_ASSERT_EQUAL(incidents_open_count(incidents), open_count(book));
    incidents_destroy(incidents);
    free(book);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"life", test_life},
            {"ceiling", test_ceiling},
            {"remembered", test_remembered},
            {"calm", test_calm},
            {"lately", test_lately},
            {"what_a_hold_knows", test_what_a_hold_knows},
            {"at_random", test_at_random},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "incidents", tests);
}
