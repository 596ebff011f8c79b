#include "packed_data.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/assure.h"
#include "redis/packed_keys.h"
#include "relationship/packed.h"

enum { TEXT_MAX_BYTES = 64 << 20 };

struct row {
    struct pseudonym pseudonym;
    uint32_t number;
};

struct recipient packed_data_recipient(char storage[16], uint32_t i)
{
    int n = snprintf(storage, 16, "+861%010u", 3000000000u + i % 1000000000u);
    ASSURE(n == 14);
    return (struct recipient){RECIPIENT_PHONE, {storage, (size_t)n}};
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a;
    const struct row *y = b;
    return memcmp(x->pseudonym.bytes, y->pseudonym.bytes, PSEUDONYM_BYTES);
}

static struct row *sorted_rows(const struct packed_data *data)
{
    const struct keyring_key *key = keyring_current(data->ring);
    struct row *rows = calloc((size_t)data->borrower_count + 1, sizeof *rows);
    ASSURE(rows != NULL);
    for (uint32_t i = 0; i < data->borrower_count; i++) {
        char storage[16];
        rows[i] = (struct row){keyring_pseudonym(key, packed_data_recipient(storage, i)), i};
    }
    qsort(rows, data->borrower_count, sizeof *rows, compare_rows);
    return rows;
}

static void add_record(struct strbuf *bucket, struct strbuf *body, const struct packed_data *data,
        const struct row *row)
{
    char loan[16];
    int n = snprintf(loan, sizeof loan, "L%u", row->number);
    struct party party = {.tenant_id = VIEW("t1"),
            .loan_id = {loan, (size_t)n},
            .role = ROLE_BORROWER,
            .status = STATUS_ACTIVE,
            .closed_at_ms = TIME_NONE};
    struct relationship rel = {.reassigned_at_ms = TIME_NONE, .party_count = 1, .parties = &party};
    strbuf_reset(body);
    packed_add_body(body, keyring_current(data->ring), &rel);
    packed_add_record(bucket, packed_suffix(&row->pseudonym), strbuf_view(body));
}

// Of one bucket, the records come in the order of the suffix, not of the whole pseudonym.
static int compare_suffixes(const void *a, const void *b)
{
    const struct row *x = a;
    const struct row *y = b;
    return memcmp(packed_suffix(&x->pseudonym), packed_suffix(&y->pseudonym), PACKED_SUFFIX_BYTES);
}

void packed_data_write_buckets(const struct packed_data *data, struct pair_sink sink)
{
    struct row *rows = sorted_rows(data);
    struct strbuf key;
    struct strbuf bucket;
    struct strbuf body;
    strbuf_init(&key, 256);
    strbuf_init(&bucket, TEXT_MAX_BYTES);
    strbuf_init(&body, PACKED_BODY_MAX_BYTES);
    size_t at = 0;
    for (uint64_t number = 0; number < (uint64_t)1 << data->bucket_bits; number++) {
        size_t end = at;
        while (end < data->borrower_count &&
                packed_bucket_number(&rows[end].pseudonym, data->bucket_bits) == number) {
            end++;
        }
        qsort(rows + at, end - at, sizeof *rows, compare_suffixes);
        strbuf_reset(&key);
        strbuf_reset(&bucket);
        packed_add_bucket_key(&key, view_of(data->prefix),
                packed_bucket_tag((uint32_t)number, data->bucket_bits, data->tags),
                data->generation, (uint32_t)number);
        strbuf_add_byte(&bucket, PACKED_VERSION);
        for (; at < end; at++) {
            add_record(&bucket, &body, data, &rows[at]);
        }
        ASSURE(key.failed == ERR_NONE && bucket.failed == ERR_NONE && body.failed == ERR_NONE);
        sink.set(sink.self, strbuf_view(&key), strbuf_view(&bucket));
    }
    strbuf_fini(&key);
    strbuf_fini(&bucket);
    strbuf_fini(&body);
    free(rows);
}

void packed_data_add_epoch(struct strbuf *sb, const struct packed_data *data)
{
    struct epoch epoch = {.layout = EPOCH_PACKED1,
            .generation = data->generation,
            .bucket_bits = data->bucket_bits,
            .bucket_count = (uint64_t)1 << data->bucket_bits,
            .tags = data->tags,
            .record_count = data->borrower_count,
            .source_watermark_ms = data->watermark_ms,
            .valid_for_ms = data->valid_for_ms};
    struct view key_id = keyring_key_id(keyring_current(data->ring));
    memcpy(epoch.key_id, key_id.p, key_id.n);
    epoch_add(sb, &epoch);
}

void packed_data_write_epochs(const struct packed_data *data, struct pair_sink sink)
{
    struct strbuf key;
    struct strbuf text;
    strbuf_init(&key, 256);
    strbuf_init(&text, EPOCH_MAX_BYTES);
    packed_data_add_epoch(&text, data);
    for (unsigned tag = 0; tag < data->tags; tag++) {
        strbuf_reset(&key);
        packed_add_epoch_key(&key, view_of(data->prefix), tag);
        sink.set(sink.self, strbuf_view(&key), strbuf_view(&text));
    }
    strbuf_fini(&key);
    strbuf_fini(&text);
}

void packed_data_write(const struct packed_data *data, struct pair_sink sink)
{
    packed_data_write_buckets(data, sink);
    packed_data_write_epochs(data, sink);
}
