#include "control/standing_orders.h"

#include <stdlib.h>

#include "common/assure.h"
#include "common/hash.h"
#include "common/hash_index.h"
#include "common/room.h"

enum { TEXT_COUNT = 5 };

struct row {
    struct standing_order order; // the first member: who has one has its row
    char *texts;
};

struct standing_orders {
    struct hash_index index;
    struct row **rows; // the first `count`
    uint32_t count;
    uint32_t capacity;
    uint32_t ceiling_count;
    uint32_t recipient_count;
    int64_t next_over_ms; // none is over before
};

enum err standing_create(struct standing_orders **ret_standing, uint32_t ceiling_count)
{
    struct standing_orders *standing = calloc(1, sizeof *standing);
    if (standing == NULL) {
        return ERR_NO_MEMORY;
    }
    hash_index_init(&standing->index, ceiling_count);
    standing->ceiling_count = ceiling_count;
    standing->next_over_ms = INT64_MAX;
    *ret_standing = standing;
    return ERR_NONE;
}

static void row_destroy(struct row *row)
{
    if (row != NULL) {
        free(row->texts);
        free(row);
    }
}

void standing_destroy(struct standing_orders *standing)
{
    if (standing != NULL) {
        for (uint32_t i = 0; i < standing->count; i++) {
            row_destroy(standing->rows[i]);
        }
        free(standing->rows);
        hash_index_fini(&standing->index);
        free(standing);
    }
}

// --- keys -------------------------------------------------------------------------------------

struct standing_key standing_key_of(const struct control *control)
{
    bool is_scope = control->object == CONTROL_OF_SCOPE;
    return (struct standing_key){
            .object = control->object,
            .kind = is_scope ? control->scope.kind : (enum scope_kind)0,
            .tenant_id = control->scope.tenant_id,
            .id = control->object == CONTROL_OF_RECIPIENT ? control->recipient : control->scope.id,
            .channel = is_scope ? control->scope.channel : VIEW_NONE,
    };
}

static uint64_t hash_of(const struct standing_key *key)
{
    uint64_t hash = hash_bytes(key->tenant_id.p, key->tenant_id.n, (uint64_t)key->object);
    hash = hash_bytes(key->id.p, key->id.n, hash + (uint64_t)key->kind);
    return view_is_none(key->channel) ? hash : hash_bytes(key->channel.p, key->channel.n, hash);
}

static bool is_same(const struct standing_key *left, const struct standing_key *right)
{
    return left->object == right->object && left->kind == right->kind &&
           view_is_none(left->channel) == view_is_none(right->channel) &&
           view_equal(left->id, right->id) && view_equal(left->tenant_id, right->tenant_id) &&
           view_equal(left->channel, right->channel);
}

static struct row *row_of(const struct standing_orders *standing, const struct standing_key *key,
        uint64_t hash, uint32_t *ret_number)
{
    struct hash_probe probe = hash_index_probe(&standing->index, hash);
    uint32_t number;
    while (hash_index_next(&standing->index, &probe, &number)) {
        if (is_same(&standing->rows[number]->order.key, key)) {
            *ret_number = number;
            return standing->rows[number];
        }
    }
    return NULL;
}

// --- rows -------------------------------------------------------------------------------------

static void texts_of(struct standing_order *order, struct view *ret_texts[TEXT_COUNT])
{
    ret_texts[0] = &order->key.tenant_id;
    ret_texts[1] = &order->key.id;
    ret_texts[2] = &order->key.channel;
    ret_texts[3] = &order->control_id;
    ret_texts[4] = &order->operator_id;
}

// With texts of its own.
static struct row *row_create(const struct standing_order *order)
{
    struct row *row = calloc(1, sizeof *row);
    if (row == NULL) {
        return NULL;
    }
    row->order = *order;
    struct view *texts[TEXT_COUNT];
    texts_of(&row->order, texts);
    row->texts = views_own(texts, TEXT_COUNT);
    if (row->texts == NULL) {
        free(row);
        return NULL;
    }
    return row;
}

static enum err make_room(struct standing_orders *standing)
{
    if (standing->count == standing->ceiling_count) {
        return ERR_CEILING;
    }
    struct row **rows = room_for_row(
            standing->rows, standing->count, &standing->capacity, 16, sizeof(struct row *));
    if (rows == NULL) {
        return ERR_NO_MEMORY;
    }
    standing->rows = rows;
    return ERR_NONE;
}

enum err standing_put(struct standing_orders *standing, const struct standing_order *order)
{
    uint64_t hash = hash_of(&order->key);
    uint32_t number;
    struct row *before = row_of(standing, &order->key, hash, &number);
    enum err e = before == NULL ? make_room(standing) : ERR_NONE;
    if (e != ERR_NONE) {
        return e;
    }
    struct row *row = row_create(order);
    if (row == NULL) {
        return ERR_NO_MEMORY;
    }
    if (before == NULL) {
        number = standing->count;
        e = hash_index_put(&standing->index, hash, number);
        if (e != ERR_NONE) {
            row_destroy(row);
            return e;
        }
        standing->count++;
        standing->recipient_count += order->key.object == CONTROL_OF_RECIPIENT;
    }
    row_destroy(before);
    standing->rows[number] = row;
    if (order->until_ms < standing->next_over_ms) {
        standing->next_over_ms = order->until_ms;
    }
    return ERR_NONE;
}

enum err standing_learn(
        struct standing_orders *standing, const struct standing_order *order, int64_t now_ms)
{
    const struct standing_order *before = standing_find(standing, &order->key);
    if (before != NULL && before->sequence >= order->sequence) {
        return ERR_NONE;
    }
    const struct standing_order *over;
    while (before == NULL && standing->count == standing->ceiling_count &&
            (over = standing_over(standing, now_ms)) != NULL) {
        standing_remove(standing, over);
    }
    return standing_put(standing, order);
}

const struct standing_order *standing_find(
        const struct standing_orders *standing, const struct standing_key *key)
{
    uint32_t number;
    const struct row *row = row_of(standing, key, hash_of(key), &number);
    return row != NULL ? &row->order : NULL;
}

void standing_remove(struct standing_orders *standing, const struct standing_order *order)
{
    uint32_t number;
    uint64_t hash = hash_of(&order->key);
    struct row *row = row_of(standing, &order->key, hash, &number);
    ASSURE(row != NULL && &row->order == order);
    hash_index_remove(&standing->index, hash, number);
    standing->recipient_count -= order->key.object == CONTROL_OF_RECIPIENT;
    row_destroy(row);
    uint32_t last = --standing->count;
    if (number != last) { // the last takes its place
        uint64_t moved = hash_of(&standing->rows[last]->order.key);
        hash_index_remove(&standing->index, moved, last);
        standing->rows[number] = standing->rows[last];
        enum err e = hash_index_put(&standing->index, moved, number);
        ASSURE(e == ERR_NONE); // there is the room of two that went
    }
}

const struct standing_order *standing_over(struct standing_orders *standing, int64_t now_ms)
{
    if (now_ms < standing->next_over_ms) {
        return NULL;
    }
    int64_t next_ms = INT64_MAX;
    for (uint32_t i = 0; i < standing->count; i++) {
        const struct standing_order *order = &standing->rows[i]->order;
        if (order->until_ms <= now_ms) {
            return order;
        }
        next_ms = order->until_ms < next_ms ? order->until_ms : next_ms;
    }
    standing->next_over_ms = next_ms;
    return NULL;
}

uint32_t standing_count(const struct standing_orders *standing)
{
    return standing->count;
}

const struct standing_order *standing_after(const struct standing_orders *standing, uint32_t *at)
{
    return *at < standing->count ? &standing->rows[(*at)++]->order : NULL;
}

bool standing_is_empty(const struct standing_orders *standing)
{
    return standing->count == 0;
}

bool standing_has_recipients(const struct standing_orders *standing)
{
    return standing->recipient_count > 0;
}

bool standing_has_channel_mode(
        const struct standing_orders *standing, struct view tenant_id, int64_t now_ms)
{
    for (uint32_t i = 0; i < standing->count; i++) {
        const struct standing_order *order = &standing->rows[i]->order;
        if (order->key.object == CONTROL_OF_SCOPE && !view_is_none(order->key.channel) &&
                order->until_ms > now_ms && view_equal(order->key.tenant_id, tenant_id)) {
            return true;
        }
    }
    return false;
}

// --- what is in force -------------------------------------------------------------------------

static const struct standing_order *in_force(
        const struct standing_orders *standing, const struct standing_key *key, int64_t now_ms)
{
    const struct standing_order *order =
            view_is_none(key->id) ? NULL : standing_find(standing, key);
    return order != NULL && order->until_ms > now_ms ? order : NULL;
}

const struct standing_order *standing_mode(const struct standing_orders *standing,
        const struct standing_subject *subject, int64_t now_ms)
{
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT && standing->count > 0; kind++) {
        struct standing_key key = {.object = CONTROL_OF_SCOPE,
                .kind = (enum scope_kind)kind,
                .tenant_id = subject->tenant_id,
                .id = subject->ids[kind],
                .channel = subject->channel};
        const struct standing_order *order =
                view_is_none(key.channel) ? NULL : in_force(standing, &key, now_ms);
        key.channel = VIEW_NONE;
        order = order != NULL ? order : in_force(standing, &key, now_ms);
        if (order != NULL) {
            return order;
        }
    }
    return NULL;
}

const struct standing_order *standing_of_message(const struct standing_orders *standing,
        struct view tenant_id, struct view message_id, struct view pseudonym, int64_t now_ms)
{
    if (standing->count == 0) {
        return NULL;
    }
    const struct standing_key message = {
            .object = CONTROL_OF_MESSAGE, .tenant_id = tenant_id, .id = message_id};
    const struct standing_key recipient = {
            .object = CONTROL_OF_RECIPIENT, .tenant_id = tenant_id, .id = pseudonym};
    const struct standing_order *order = in_force(standing, &message, now_ms);
    return order != NULL ? order : in_force(standing, &recipient, now_ms);
}

// --- saving and restoring ---------------------------------------------------------------------

static bool may_stand(const struct standing_order *order)
{
    bool is_scope = order->key.object == CONTROL_OF_SCOPE;
    bool is_one =
            order->key.object == CONTROL_OF_MESSAGE || order->key.object == CONTROL_OF_RECIPIENT;
    bool fits = is_scope ? order->action == CONTROL_MODE
                         : is_one && (order->action == CONTROL_HOLD ||
                                             order->action == CONTROL_RELEASE);
    return fits && order->key.tenant_id.n > 0 && order->key.id.n > 0;
}

static void order_archive(struct archive *archive, struct standing_order *order)
{
    struct view *texts[TEXT_COUNT];
    texts_of(order, texts);
    for (unsigned i = 0; i < TEXT_COUNT; i++) {
        archive_view(archive, texts[i], STANDING_TEXT_MAX);
    }
    uint8_t words[] = {(uint8_t)order->key.object, (uint8_t)order->key.kind, (uint8_t)order->action,
            (uint8_t)order->mode};
    archive_u8(archive, &words[0], CONTROL_OBJECT_COUNT - 1);
    archive_u8(archive, &words[1], SCOPE_KIND_COUNT - 1);
    archive_u8(archive, &words[2], CONTROL_ACTION_COUNT - 1);
    archive_u8(archive, &words[3], MODE_ENFORCE);
    order->key.object = (enum control_object)words[0];
    order->key.kind = (enum scope_kind)words[1];
    order->action = (enum control_action)words[2];
    order->mode = (enum mode)words[3];
    archive_i64(archive, &order->until_ms, INT64_MIN, INT64_MAX);
    archive_i64(archive, &order->sequence, 0, INT64_MAX);
}

void standing_archive(struct archive *archive, struct standing_orders *standing)
{
    archive_mark(archive, "standing");
    uint32_t count = archive_count(archive, standing->count, standing->ceiling_count);
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        if (!archive_reads(archive)) {
            order_archive(archive, &standing->rows[i]->order);
            continue;
        }
        struct standing_order order = {.until_ms = 0};
        order_archive(archive, &order);
        if (archive_is_good(archive) &&
                (!may_stand(&order) || standing_find(standing, &order.key) != NULL)) {
            archive_fail(archive, ERR_DATA, "standing: an order that cannot stand");
        }
        enum err e = archive_is_good(archive) ? standing_put(standing, &order) : ERR_NONE;
        if (e != ERR_NONE) {
            archive_fail(archive, e, "standing: an order");
        }
    }
}
