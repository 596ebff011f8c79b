// The layout of a body, in the order of its bytes (all integers big-endian):
//
//   flags           bits 0–1 reassigned, bit 2 has opted-out, bits 3–7 party count, 31 = it follows
//   party count     2 bytes, if those bits are 31
//   reassigned_at   6 bytes, if reassigned is REASSIGNED_DATED
//   opted-out       if bit 2: a bitmap of known channels; its bit 7: count, then (length, bytes)
//   parties         flags, tenant tag, [loan tag], [closed_at]
#include "relationship/packed.h"

#include "common/assure.h"
#include "common/clock.h"

enum {
    REASSIGNED_BITS = 3,
    REASSIGNED_DATED = 3,
    HAS_OPTED_OUT = 1 << 2,
    COUNT_SHIFT = 3,
    COUNT_FOLLOWS = 31,
    OTHERS_FOLLOW = 1 << 7,
    ROLE_BITS = 3,
    STATUS_SHIFT = 2,
    STATUS_BITS = 7,
    IS_DATED = 1 << 5,
    HAS_LOAN = 1 << 6,
    PARTY_RESERVED = 1 << 7,
    TIME_BYTES = 6,
    LENGTH_BYTES_MAX = 3,
};

// Bit i of the bitmap.
static const char *const known_channels[] = {
        "sms", "voice", "wechat", "email", "push", "whatsapp", "rcs"};
enum { KNOWN_CHANNEL_COUNT = sizeof known_channels / sizeof known_channels[0] };

// --- writing ----------------------------------------------------------------------------------

static int channel_bit(struct view channel)
{
    for (int i = 0; i < KNOWN_CHANNEL_COUNT; i++) {
        if (view_is(channel, known_channels[i])) {
            return i;
        }
    }
    return -1;
}

static void add_opted_out(struct strbuf *sb, const struct relationship *rel)
{
    uint8_t bitmap = 0;
    uint8_t others = 0;
    for (uint16_t i = 0; i < rel->opted_out_count; i++) {
        int bit = channel_bit(rel->opted_out[i]);
        if (bit >= 0) {
            bitmap = (uint8_t)(bitmap | 1 << bit);
        } else {
            others++;
        }
    }
    strbuf_add_byte(sb, (uint8_t)(bitmap | (others > 0 ? OTHERS_FOLLOW : 0)));
    if (others == 0) {
        return;
    }
    strbuf_add_byte(sb, others);
    for (uint16_t i = 0; i < rel->opted_out_count; i++) {
        struct view channel = rel->opted_out[i];
        if (channel_bit(channel) < 0) {
            ASSURE(channel.n <= PACKED_CHANNEL_MAX_BYTES);
            strbuf_add_byte(sb, (uint8_t)channel.n);
            strbuf_add_view(sb, channel);
        }
    }
}

static struct view tenant_or_default(struct view tenant_id)
{
    return view_is_none(tenant_id) ? VIEW("default") : tenant_id;
}

static void add_party(struct strbuf *sb, const struct keyring_key *key, const struct party *party)
{
    bool dated = party->closed_at_ms != TIME_NONE;
    bool has_loan = !view_is_none(party->loan_id);
    unsigned flags = (unsigned)party->role | (unsigned)party->status << STATUS_SHIFT |
                     (dated ? IS_DATED : 0U) | (has_loan ? HAS_LOAN : 0U);
    strbuf_add_byte(sb, (uint8_t)flags);
    uint8_t tenant[TENANT_TAG_BYTES];
    keyring_tenant_tag(key, tenant_or_default(party->tenant_id), tenant);
    strbuf_add(sb, tenant, sizeof tenant);
    if (has_loan) {
        uint8_t loan[LOAN_TAG_BYTES];
        keyring_loan_tag(key, party->loan_id, loan);
        strbuf_add(sb, loan, sizeof loan);
    }
    if (dated) {
        strbuf_add_be(sb, (uint64_t)party->closed_at_ms, TIME_BYTES);
    }
}

void packed_add_body(
        struct strbuf *sb, const struct keyring_key *key, const struct relationship *rel)
{
    ASSURE(!rel->deleted && rel->party_count <= PARTY_MAX && rel->opted_out_count <= OPTED_OUT_MAX);
    bool dated = rel->reassigned == REASSIGNED_YES && rel->reassigned_at_ms != TIME_NONE;
    unsigned reassigned = dated ? REASSIGNED_DATED : (unsigned)rel->reassigned;
    bool count_follows = rel->party_count >= COUNT_FOLLOWS;
    unsigned count = count_follows ? COUNT_FOLLOWS : rel->party_count;
    strbuf_add_byte(sb, (uint8_t)(reassigned | (rel->opted_out_count > 0 ? HAS_OPTED_OUT : 0U) |
                                  count << COUNT_SHIFT));
    if (count_follows) {
        strbuf_add_be(sb, rel->party_count, 2);
    }
    if (dated) {
        strbuf_add_be(sb, (uint64_t)rel->reassigned_at_ms, TIME_BYTES);
    }
    if (rel->opted_out_count > 0) {
        add_opted_out(sb, rel);
    }
    for (uint16_t i = 0; i < rel->party_count; i++) {
        add_party(sb, key, &rel->parties[i]);
    }
}

void packed_add_record(
        struct strbuf *sb, const uint8_t suffix[PACKED_SUFFIX_BYTES], struct view body)
{
    ASSURE(body.n > 0 && body.n <= PACKED_BODY_MAX_BYTES);
    strbuf_add(sb, suffix, PACKED_SUFFIX_BYTES);
    size_t left = body.n;
    for (; left >= 0x80; left >>= 7) {
        strbuf_add_byte(sb, (uint8_t)(left | 0x80));
    }
    strbuf_add_byte(sb, (uint8_t)left);
    strbuf_add_view(sb, body);
}

// --- reading ----------------------------------------------------------------------------------

// All reading of foreign bytes goes through take(): it alone moves forward, and never past the end.
static const uint8_t *take(struct view *rest, size_t n)
{
    if (rest->n < n) {
        return NULL;
    }
    const uint8_t *at = (const uint8_t *)rest->p;
    *rest = view_skip(*rest, n);
    return at;
}

static bool take_be(struct view *rest, unsigned bytes, uint64_t *ret_number)
{
    const uint8_t *at = take(rest, bytes);
    if (at == NULL) {
        return false;
    }
    uint64_t number = 0;
    for (unsigned i = 0; i < bytes; i++) {
        number = number << 8 | at[i];
    }
    *ret_number = number;
    return true;
}

static bool take_time(struct view *rest, int64_t *ret_ms)
{
    uint64_t ms;
    if (!take_be(rest, TIME_BYTES, &ms) || !clock_is_accepted((int64_t)ms)) {
        return false;
    }
    *ret_ms = (int64_t)ms;
    return true;
}

static bool take_length(struct view *rest, size_t *ret_length)
{
    size_t length = 0;
    for (unsigned i = 0; i < LENGTH_BYTES_MAX; i++) {
        const uint8_t *byte = take(rest, 1);
        if (byte == NULL) {
            return false;
        }
        length |= (size_t)(*byte & 0x7f) << (7 * i);
        if ((*byte & 0x80) == 0) {
            *ret_length = length;
            return length > 0 && length <= PACKED_BODY_MAX_BYTES;
        }
    }
    return false;
}

enum err packed_open(struct packed_cursor *cursor, struct view bucket)
{
    const uint8_t *version = take(&bucket, 1);
    if (version == NULL || *version != PACKED_VERSION) {
        return ERR_DATA;
    }
    *cursor = (struct packed_cursor){.rest = bucket};
    return ERR_NONE;
}

enum err packed_next(
        struct packed_cursor *cursor, const uint8_t **ret_suffix, struct view *ret_body)
{
    if (cursor->rest.n == 0) {
        *ret_suffix = NULL;
        return ERR_NONE;
    }
    size_t length;
    const uint8_t *suffix = take(&cursor->rest, PACKED_SUFFIX_BYTES);
    if (suffix == NULL || !take_length(&cursor->rest, &length)) {
        return ERR_DATA;
    }
    const uint8_t *body = take(&cursor->rest, length);
    if (body == NULL) {
        return ERR_DATA;
    }
    const uint8_t *last = cursor->last_suffix;
    if (last != NULL && memcmp(last, suffix, PACKED_SUFFIX_BYTES) >= 0) {
        return ERR_DATA;
    }
    cursor->last_suffix = suffix;
    *ret_suffix = suffix;
    *ret_body = view_bytes(body, length);
    return ERR_NONE;
}

enum err packed_find(
        struct view bucket, const uint8_t suffix[PACKED_SUFFIX_BYTES], struct view *ret_body)
{
    struct packed_cursor cursor;
    struct view found = VIEW_NONE;
    enum err e = packed_open(&cursor, bucket);
    for (;;) {
        const uint8_t *at;
        struct view body;
        e = e == ERR_NONE ? packed_next(&cursor, &at, &body) : e;
        if (e != ERR_NONE) {
            return e;
        }
        if (at == NULL) {
            *ret_body = found;
            return ERR_NONE;
        }
        if (memcmp(at, suffix, PACKED_SUFFIX_BYTES) == 0) {
            found = body;
        }
    }
}

// Reads the opted-out channels; *ret_hit says whether `channel` is among them.
static bool take_opted_out(struct view *rest, struct view channel, bool *ret_hit)
{
    const uint8_t *bitmap = take(rest, 1);
    if (bitmap == NULL) {
        return false;
    }
    int bit = channel_bit(channel);
    bool hit = bit >= 0 && (*bitmap >> bit & 1) != 0;
    if ((*bitmap & OTHERS_FOLLOW) != 0) {
        const uint8_t *count = take(rest, 1);
        if (count == NULL) {
            return false;
        }
        for (uint8_t i = 0; i < *count; i++) {
            const uint8_t *length = take(rest, 1);
            const uint8_t *bytes = length != NULL ? take(rest, *length) : NULL;
            if (bytes == NULL) {
                return false;
            }
            hit = hit || view_equal(view_bytes(bytes, *length), channel);
        }
    }
    *ret_hit = hit;
    return true;
}

// The tags of one message, made when the first party asks for them: a miss costs no MAC.
struct message_tags {
    const struct keyring_key *key;
    const struct lookup *lookup;
    bool has_tenant;
    bool has_loan;
    uint8_t tenant[TENANT_TAG_BYTES];
    uint8_t loan[LOAN_TAG_BYTES];
};

static bool is_same_tenant(struct message_tags *tags, const uint8_t *tag)
{
    if (view_is_none(tags->lookup->tenant_id)) {
        return true;
    }
    if (!tags->has_tenant) {
        keyring_tenant_tag(tags->key, tags->lookup->tenant_id, tags->tenant);
        tags->has_tenant = true;
    }
    return memcmp(tag, tags->tenant, TENANT_TAG_BYTES) == 0;
}

static bool is_same_loan(struct message_tags *tags, const uint8_t *tag)
{
    if (view_is_none(tags->lookup->loan_id)) {
        return false;
    }
    if (!tags->has_loan) {
        keyring_loan_tag(tags->key, tags->lookup->loan_id, tags->loan);
        tags->has_loan = true;
    }
    return memcmp(tag, tags->loan, LOAN_TAG_BYTES) == 0;
}

static bool take_party(struct view *rest, struct message_tags *tags, struct party_fact *ret_party)
{
    const uint8_t *flags = take(rest, 1);
    const uint8_t *tenant = flags != NULL ? take(rest, TENANT_TAG_BYTES) : NULL;
    if (tenant == NULL || (*flags & PARTY_RESERVED) != 0) {
        return false;
    }
    unsigned status = *flags >> STATUS_SHIFT & STATUS_BITS;
    if (status >= STATUS_COUNT) {
        return false;
    }
    *ret_party = (struct party_fact){
            .role = (enum party_role)(*flags & ROLE_BITS),
            .status = (enum loan_status)status,
            .closed_at_ms = TIME_NONE,
            .same_tenant = is_same_tenant(tags, tenant),
    };
    memcpy(&ret_party->lender_tag, tenant, sizeof ret_party->lender_tag);
    if ((*flags & HAS_LOAN) != 0) {
        const uint8_t *loan = take(rest, LOAN_TAG_BYTES);
        if (loan == NULL) {
            return false;
        }
        ret_party->same_loan = ret_party->same_tenant && is_same_loan(tags, loan);
    }
    return (*flags & IS_DATED) == 0 || take_time(rest, &ret_party->closed_at_ms);
}

// Everything of a body before its parties.
static bool take_head(
        struct view *rest, struct view channel, struct facts *ret_facts, uint64_t *ret_party_count)
{
    const uint8_t *flags = take(rest, 1);
    if (flags == NULL) {
        return false;
    }
    *ret_party_count = *flags >> COUNT_SHIFT;
    if (*ret_party_count == COUNT_FOLLOWS && !take_be(rest, 2, ret_party_count)) {
        return false;
    }
    unsigned reassigned = *flags & REASSIGNED_BITS;
    *ret_facts = (struct facts){
            .lookup = LOOKUP_FOUND,
            .reassigned =
                    reassigned == REASSIGNED_DATED ? REASSIGNED_YES : (enum reassigned)reassigned,
            .reassigned_at_ms = TIME_NONE,
    };
    if (reassigned == REASSIGNED_DATED && !take_time(rest, &ret_facts->reassigned_at_ms)) {
        return false;
    }
    return *ret_party_count <= PARTY_MAX &&
           ((*flags & HAS_OPTED_OUT) == 0 || take_opted_out(rest, channel, &ret_facts->opted_out));
}

enum err packed_decode(
        struct view body, const struct keyring_key *key, struct lookup *lookup, struct arena *arena)
{
    struct facts facts;
    uint64_t count;
    if (!take_head(&body, lookup->channel, &facts, &count)) {
        return ERR_DATA;
    }
    if (count > 0) {
        struct party_fact *parties = arena_take(arena, (size_t)count * sizeof *parties);
        if (parties == NULL) {
            return ERR_CEILING;
        }
        struct message_tags tags = {.key = key, .lookup = lookup};
        for (uint64_t i = 0; i < count; i++) {
            if (!take_party(&body, &tags, &parties[i])) {
                return ERR_DATA;
            }
        }
        facts.parties = parties;
    }
    if (body.n != 0) {
        return ERR_DATA;
    }
    facts.party_count = (uint16_t)count;
    lookup->facts = facts;
    return ERR_NONE;
}
