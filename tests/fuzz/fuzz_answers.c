// A server's answers (RESP, as hiredis parses it) to INFO, to GET of the epoch record and to one
// pipeline of lookups, in either layout. What must hold: whatever is answered, nobody is found
// missing, or found at all, but between two epochs that are the one under which was asked, and fresh;
// facts are within their limits.
//
// First byte: bit 0 hash layout, bit 1 without an epoch key, bit 2 assume_complete.
#include "common/assure.h"
#include "facts.h"
#include "input.h"
#include "redis/hash_ask.h"
#include "redis/packed_ask.h"

enum { LOOKUPS = 5, REPLY_MAX = 3 * LOOKUPS, ELEMENTS_MAX = 256, ARENA_BYTES = 16 << 20 };

// Within the time in which the kept inputs' epochs are fresh.
#define NOW ((struct wall_time){INT64_C(1795334400000)})

struct session {
    bool is_hash;
    bool has_epoch;
    bool assumes;
    redisReader *reader;
    redisReplyObjectFunctions functions;
    struct cache_trust trust;
    struct server_watch watch;
    struct lookup lookups[LOOKUPS];
    redisReply *replies[REPLY_MAX];
    size_t reply_count;
};

static struct arena *arena;
static struct keyring *ring;
static struct packed_ask *packed;
static struct hash_ask *hashes[4]; // by has_epoch and assumes

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    arena = arena_create(ARENA_BYTES);
    ASSURE(arena != NULL && keyring_create_demo(&ring) == ERR_NONE);
    ASSURE(packed_ask_create(&packed, VIEW("wn"), LOOKUPS) == ERR_NONE);
    for (unsigned i = 0; i < 4; i++) {
        const struct hash_ask_options options = {
                .key_template = "r:{recipient}:{pseudonym}",
                .epoch_key = (i & 1) != 0 ? "epoch" : NULL,
                .max_lookups = LOOKUPS,
                .assume_complete = (i & 2) != 0,
        };
        ASSURE(hash_ask_create(&hashes[i], &options) == ERR_NONE);
    }
    return 0;
}

// --- replies ----------------------------------------------------------------------------------

// The connection's own reader bounds arrays too (connection.c); fuzz_redis goes through it.
#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif
static void *create_array(const redisReadTask *task, element_count count)
{
    const redisReplyObjectFunctions *plain = task->privdata;
    return (size_t)count <= ELEMENTS_MAX ? plain->createArray(task, count) : NULL;
}

// The next reply, NULL when there is none.
static redisReply *take_reply(redisReader *reader)
{
    void *reply = NULL;
    return redisReaderGetReply(reader, &reply) == REDIS_OK ? reply : NULL;
}

static bool take_replies(struct session *s, size_t count)
{
    ASSURE(count <= REPLY_MAX);
    while (s->reply_count < count) {
        redisReply *reply = take_reply(s->reader);
        if (reply == NULL) {
            return false;
        }
        s->replies[s->reply_count++] = reply;
    }
    return true;
}

// --- what is believed -------------------------------------------------------------------------

// By the epoch's own text and nothing else.
static void check_witness(
        const struct session *s, const redisReply *reply, const struct epoch *asked)
{
    struct epoch epoch;
    ASSURE(reply->type == REDIS_REPLY_STRING);
    ASSURE(epoch_parse(&epoch, (struct view){reply->str, reply->len}) == ERR_NONE);
    ASSURE(epoch_is_same(&epoch, asked) && epoch_is_fresh(&epoch, NOW));
    ASSURE((epoch.layout == EPOCH_HASH1) == s->is_hash);
}

static void check_answers(const struct session *s, const struct epoch *asked)
{
    bool has_answer = false;
    for (size_t i = 0; i < LOOKUPS; i++) {
        const struct facts *facts = &s->lookups[i].facts;
        facts_check(facts);
        has_answer = has_answer || facts->lookup == LOOKUP_FOUND || facts->lookup == LOOKUP_MISS;
        ASSURE(facts->lookup != LOOKUP_MISS || s->has_epoch || s->assumes);
    }
    if (has_answer && s->has_epoch && s->is_hash) {
        check_witness(s, s->replies[0], asked);
        check_witness(s, s->replies[s->reply_count - 1], asked);
    } else if (has_answer && s->has_epoch && asked->tags == 1) {
        check_witness(s, s->replies[0], asked);
        check_witness(s, s->replies[2], asked);
    }
}

// --- asking -----------------------------------------------------------------------------------

// INFO and the epochs; with tags the same epoch is every tag's.
static bool look(struct session *s)
{
    redisReply *info = take_reply(s->reader);
    redisReply *epoch = info != NULL && s->has_epoch ? take_reply(s->reader) : NULL;
    bool is_whole = info != NULL && (epoch != NULL || !s->has_epoch);
    if (is_whole && s->has_epoch) {
        is_whole = cache_trust_learn(&s->trust, 0, epoch, NOW) == TRUST_WHOLE;
    }
    if (is_whole && !s->is_hash && s->trust.epochs[0].epoch.tags == HASH_TAG_COUNT) {
        for (unsigned tag = 1; tag < HASH_TAG_COUNT; tag++) {
            ASSURE(cache_trust_learn(&s->trust, tag, epoch, NOW) == TRUST_WHOLE);
        }
    }
    if (info != NULL) {
        is_whole =
                cache_trust_look_at_server(&s->trust, &s->watch, info) == TRUST_WHOLE && is_whole;
    }
    freeReplyObject(info);
    freeReplyObject(epoch);
    return is_whole;
}

static void ask_packed(struct session *s)
{
    const struct epoch asked = s->trust.epochs[0].epoch;
    (void)packed_ask_plan(packed, &s->trust, s->lookups, LOOKUPS);
    // Each tag's run has three replies.
    size_t runs = packed_ask_run_count(packed);
    if (!take_replies(s, 3 * runs)) {
        return;
    }
    for (size_t run = 0; run < runs; run++) {
        enum trust t = packed_ask_read(packed, run, &s->trust, s->replies + 3 * run, NOW, arena);
        ASSURE(t <= TRUST_BROKEN);
    }
    check_answers(s, &asked);
}

static void ask_hash(struct session *s)
{
    size_t count;
    struct hash_ask *ask = hashes[(s->has_epoch ? 1 : 0) | (s->assumes ? 2 : 0)];
    const struct epoch asked = s->trust.epochs[0].epoch;
    (void)hash_ask_plan(ask, &s->trust, s->lookups, LOOKUPS, &count);
    if (take_replies(s, count + (s->has_epoch ? 2 : 0))) {
        enum trust t = hash_ask_read(ask, &s->trust, s->replies, NOW, arena);
        ASSURE(t <= TRUST_BROKEN);
        check_answers(s, &asked);
    }
}

static void begin(struct session *s, uint8_t options)
{
    static const char *const recipients[LOOKUPS] = {"+8613000000000", "+8613000000001",
            "+8613000000002", "+8613000000003", "+8613800138000"};
    *s = (struct session){
            .is_hash = (options & 1) != 0,
            .has_epoch = (options & 1) == 0 || (options & 2) == 0,
            .assumes = (options & 4) != 0,
            .reader = redisReaderCreate(),
    };
    ASSURE(s->reader != NULL);
    s->functions = *s->reader->fn;
    s->functions.createArray = create_array;
    s->reader->privdata = s->reader->fn;
    s->reader->fn = &s->functions;
    cache_trust_init(&s->trust, s->is_hash ? EPOCH_HASH1 : EPOCH_PACKED1, ring);
    for (size_t i = 0; i < LOOKUPS; i++) {
        s->lookups[i] = (struct lookup){
                .recipient = {RECIPIENT_PHONE, view_of(recipients[i])},
                .tenant_id = i % 2 == 0 ? VIEW("t1") : VIEW_NONE,
                .loan_id = VIEW("L0"),
                .channel = VIEW("sms"),
                .facts = {.lookup = LOOKUP_UNREACHABLE},
        };
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session s;
    struct view rest = view_bytes(size > 0 ? (const char *)data : "", size);
    arena_reset(arena);
    begin(&s, fuzz_take_byte(&rest));
    if (redisReaderFeed(s.reader, rest.p, rest.n) == REDIS_OK && look(&s)) {
        if (s.is_hash) {
            ask_hash(&s);
        } else {
            ask_packed(&s);
        }
    }
    for (size_t i = 0; i < s.reply_count; i++) {
        freeReplyObject(s.replies[i]);
    }
    cache_trust_fini(&s.trust);
    redisReaderFree(s.reader);
    return 0;
}
