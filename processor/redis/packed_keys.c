#include "redis/packed_keys.h"

#include "common/assure.h"

bool packed_geometry_is_valid(unsigned bucket_bits, unsigned tags)
{
    return bucket_bits >= 1 && bucket_bits <= BUCKET_BITS_MAX &&
           (tags == 1 || (tags == HASH_TAG_COUNT && bucket_bits >= HASH_TAG_BITS));
}

uint32_t packed_bucket_number(const struct pseudonym *pseudonym, unsigned bucket_bits)
{
    ASSURE(bucket_bits >= 1 && bucket_bits <= BUCKET_BITS_MAX);
    uint32_t first = 0;
    for (int i = 0; i < 4; i++) {
        first = first << 8 | pseudonym->bytes[i];
    }
    return first >> (BUCKET_BITS_MAX - bucket_bits);
}

unsigned packed_bucket_tag(uint32_t bucket, unsigned bucket_bits, unsigned tags)
{
    return tags == 1 ? 0 : (unsigned)(bucket >> (bucket_bits - HASH_TAG_BITS));
}

static void packed_add_tag(struct strbuf *sb, struct view prefix, unsigned tag)
{
    static const char digits[] = "0123456789abcdef";
    ASSURE(tag < HASH_TAG_COUNT);
    char text[] = {':', '{', digits[tag >> 4], digits[tag & 15], '}', ':'};
    strbuf_add_view(sb, prefix);
    strbuf_add(sb, text, sizeof text);
}

void packed_add_epoch_key(struct strbuf *sb, struct view prefix, unsigned tag)
{
    packed_add_tag(sb, prefix, tag);
    strbuf_add_text(sb, "epoch");
}

void packed_add_bucket_head(
        struct strbuf *sb, struct view prefix, unsigned tag, uint64_t generation)
{
    packed_add_tag(sb, prefix, tag);
    strbuf_add_u64(sb, generation);
    strbuf_add_byte(sb, ':');
}

struct view packed_bucket_tail(uint32_t bucket, char ret_text[BUCKET_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = BUCKET_TEXT_BYTES;
    do {
        ret_text[--at] = digits[bucket & 15];
        bucket >>= 4;
    } while (bucket != 0);
    return (struct view){ret_text + at, BUCKET_TEXT_BYTES - at};
}

void packed_add_bucket_key(
        struct strbuf *sb, struct view prefix, unsigned tag, uint64_t generation, uint32_t bucket)
{
    char text[BUCKET_TEXT_BYTES];
    packed_add_bucket_head(sb, prefix, tag, generation);
    strbuf_add_view(sb, packed_bucket_tail(bucket, text));
}

// Of those that there is one of, whatever the number of tags.
static void add_only_key(struct strbuf *sb, struct view prefix, const char *name)
{
    packed_add_tag(sb, prefix, 0);
    strbuf_add_text(sb, name);
}

void packed_add_lock_key(struct strbuf *sb, struct view prefix)
{
    add_only_key(sb, prefix, "lock");
}

void packed_add_loading_key(struct strbuf *sb, struct view prefix)
{
    add_only_key(sb, prefix, "loading");
}

void packed_add_sync_key(struct strbuf *sb, struct view prefix)
{
    add_only_key(sb, prefix, "sync");
}

void packed_add_delta_lock_key(struct strbuf *sb, struct view prefix)
{
    add_only_key(sb, prefix, "delta");
}

void packed_add_next_key(struct strbuf *sb, struct view prefix)
{
    add_only_key(sb, prefix, "next");
}

void packed_add_journal_key(struct strbuf *sb, struct view prefix)
{
    add_only_key(sb, prefix, "journal");
}
