#include "attempts/memory_attempts.h"

#include <stdlib.h>
#include <string.h>

#include "common/hash_index.h"

#define NONE UINT32_MAX

// An attempt that is remembered, in the list of its key. Rows that are free are a list too.
struct row {
    int64_t at_ms;
    uint8_t id[ATTEMPT_ID_BYTES];
    uint32_t position;
    uint32_t next; // NONE = the last
};

struct key {
    uint8_t bytes[ATTEMPT_KEY_BYTES];
    uint32_t first; // NONE = it has none left
};

struct memory_attempts {
    struct hash_index index; // of keys
    struct key *keys;
    struct row *rows;
    uint32_t max_attempts;
    uint32_t key_count; // keys stay: there are no more of them than attempts were
    uint32_t key_capacity;
    uint32_t row_count;
    uint32_t row_capacity;
    uint32_t free; // NONE = no row is free
};

static uint64_t hash_of(const uint8_t *key)
{
    uint64_t hash; // of a digest's bytes
    memcpy(&hash, key, sizeof hash);
    return hash;
}

static bool grow(void **table, uint32_t *capacity, uint32_t ceiling, size_t size)
{
    uint32_t more = *capacity > 0 ? *capacity : 512;
    more = more > ceiling / 2 ? ceiling : 2 * more;
    void *grown = more > *capacity ? realloc(*table, more * size) : NULL;
    if (grown == NULL) {
        return false;
    }
    *table = grown;
    *capacity = more;
    return true;
}

// The key's row; a new one where there is none. NULL when there is no room.
static struct key *find_key(struct memory_attempts *ma, const uint8_t *bytes)
{
    struct hash_probe probe = hash_index_probe(&ma->index, hash_of(bytes));
    uint32_t number;
    while (hash_index_next(&ma->index, &probe, &number)) {
        if (memcmp(ma->keys[number].bytes, bytes, ATTEMPT_KEY_BYTES) == 0) {
            return &ma->keys[number];
        }
    }
    void *keys = ma->keys;
    if (ma->key_count == ma->key_capacity &&
            !grow(&keys, &ma->key_capacity, ma->max_attempts, sizeof *ma->keys)) {
        return NULL;
    }
    ma->keys = keys;
    if (hash_index_put(&ma->index, hash_of(bytes), ma->key_count) != ERR_NONE) {
        return NULL;
    }
    struct key *key = &ma->keys[ma->key_count++];
    memcpy(key->bytes, bytes, ATTEMPT_KEY_BYTES);
    key->first = NONE;
    return key;
}

static uint32_t take_row(struct memory_attempts *ma)
{
    uint32_t row = ma->free;
    if (row != NONE) {
        ma->free = ma->rows[row].next;
        return row;
    }
    void *rows = ma->rows;
    if (ma->row_count == ma->row_capacity &&
            !grow(&rows, &ma->row_capacity, ma->max_attempts, sizeof *ma->rows)) {
        return NONE;
    }
    ma->rows = rows;
    return ma->row_count++;
}

static void count_one(struct memory_attempts *ma, struct attempt *attempt)
{
    attempt->state = ATTEMPT_UNKNOWN;
    struct key *key = find_key(ma, attempt->key);
    if (key == NULL) {
        return;
    }
    uint32_t kept = 0;
    uint32_t within = 1;
    for (uint32_t *at = &key->first; *at != NONE;) {
        struct row *row = &ma->rows[*at];
        bool is_same = memcmp(row->id, attempt->id, ATTEMPT_ID_BYTES) == 0;
        if (is_same && row->at_ms == attempt->at_ms) {
            attempt->state = ATTEMPT_COUNTED;
            attempt->position = row->position;
            return;
        }
        if (is_same || row->at_ms < attempt->keep_from_ms) {
            uint32_t gone = *at;
            *at = row->next;
            row->next = ma->free;
            ma->free = gone;
            continue;
        }
        kept++;
        within += row->at_ms >= attempt->from_ms && row->at_ms <= attempt->at_ms;
        at = &row->next;
    }
    attempt->position = within < ATTEMPT_POSITION_MAX ? within : ATTEMPT_POSITION_MAX;
    if (kept >= ATTEMPTS_OF_KEY_MAX) {
        attempt->state = ATTEMPT_FULL;
        return;
    }
    uint32_t fresh = take_row(ma);
    if (fresh == NONE) {
        return;
    }
    struct row *row = &ma->rows[fresh];
    *row = (struct row){.at_ms = attempt->at_ms, .position = attempt->position, .next = key->first};
    memcpy(row->id, attempt->id, ATTEMPT_ID_BYTES);
    key->first = fresh;
    attempt->state = ATTEMPT_COUNTED;
}

static void memory_attempts_count(
        void *self, struct attempt *attempts, size_t count, struct mono_time deadline)
{
    (void)deadline;
    for (size_t i = 0; i < count; i++) {
        count_one(self, &attempts[i]);
    }
}

static void memory_attempts_destroy(void *self)
{
    struct memory_attempts *ma = self;
    if (ma != NULL) {
        hash_index_fini(&ma->index);
        free(ma->keys);
        free(ma->rows);
        free(ma);
    }
}

enum err memory_attempts_create(struct attempt_counter *ret_counter, uint32_t max_attempts)
{
    static const struct attempt_counter_ops ops = {memory_attempts_count, memory_attempts_destroy};
    struct memory_attempts *ma = calloc(1, sizeof *ma);
    if (ma == NULL) {
        return ERR_NO_MEMORY;
    }
    hash_index_init(&ma->index, max_attempts);
    ma->max_attempts = max_attempts;
    ma->free = NONE;
    *ret_counter = (struct attempt_counter){&ops, ma};
    return ERR_NONE;
}
