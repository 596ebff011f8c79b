// Records of the control-state topic, which tell a judge what people have commanded. What must hold: an order
// that is read is about something, is read the same from what is written of it again, and no more stand than
// the ceiling, each with a sequence that never falls.
//
// A record is a line with its key, a byte (bit 0: it is a tombstone, bit 1: with a wn.sequence of the next
// line), two bytes of length, and so many of value.
#include "common/assure.h"
#include "emit/encode_control_state.h"
#include "input.h"
#include "run/standing_record.h"

enum { MAX_ORDERS = 4, NOW_MS = 1000 };

static struct encoding encoding;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    ASSURE(encoding_init(&encoding) == ERR_NONE);
    return 0;
}

static bool is_same_key(const struct standing_key *a, const struct standing_key *b)
{
    return a->object == b->object && a->kind == b->kind && view_equal(a->tenant_id, b->tenant_id) &&
           view_equal(a->id, b->id) && view_is_none(a->channel) == view_is_none(b->channel) &&
           view_equal(a->channel, b->channel);
}

// As the detect half would write it.
static void check_again(const struct standing_order *order)
{
    bool is_recipient = order->key.object == CONTROL_OF_RECIPIENT;
    const struct control control = {.control_id = order->control_id,
            .action = order->action,
            .object = order->key.object,
            .scope = {order->key.kind, is_recipient ? VIEW_NONE : order->key.id,
                    order->key.tenant_id, order->key.channel},
            .recipient = is_recipient ? order->key.id : VIEW_NONE,
            .mode = order->mode,
            .operator_id = order->operator_id,
            .reason = VIEW("because")};
    const struct control_state_action state = {.control = &control,
            .is_over = order->until_ms == 0 && view_is_none(order->control_id),
            .sequence = order->sequence,
            .expires_at_ms = order->until_ms};
    struct record record;
    ASSURE(encode_control_state(&encoding, &state, VIEW_NONE, &record) == ERR_NONE);
    const struct raw_message raw = {.key = record.key,
            .value = record.value,
            .headers = record.headers,
            .header_count = record.header_count};
    struct standing_reader *reader;
    struct standing_order again;
    ASSURE(standing_reader_create(&reader) == ERR_NONE);
    if (order->sequence >= 0) {
        ASSURE(standing_reader_read(reader, &raw, &again) == STANDING_ORDER);
        ASSURE(is_same_key(&again.key, &order->key) && again.sequence == order->sequence);
        ASSURE(state.is_over || (again.action == order->action && again.mode == order->mode &&
                                        again.until_ms == order->until_ms));
    }
    standing_reader_destroy(reader);
}

static void see(struct standing_reader *reader, struct standing_orders *orders, struct view *rest)
{
    struct view key = fuzz_copy(fuzz_take_line(rest));
    uint8_t flags = fuzz_take_byte(rest);
    struct view sequence = (flags & 2) != 0 ? fuzz_copy(fuzz_take_line(rest)) : VIEW_NONE;
    bool is_tombstone = (flags & 1) != 0;
    struct view value = is_tombstone ? VIEW_NONE : fuzz_copy(fuzz_take(rest, fuzz_take_be16(rest)));
    const struct header header = {VIEW("wn.sequence"), sequence};
    const struct raw_message raw = {
            .key = key,
            .value = value,
            .headers = &header,
            .header_count = (flags & 2) != 0 ? 1 : 0,
    };
    struct standing_order order;
    if (standing_reader_read(reader, &raw, &order) == STANDING_ORDER) {
        ASSURE(order.key.tenant_id.n > 0 && order.key.id.n > 0 && order.sequence >= -1);
        const struct standing_order *before = standing_find(orders, &order.key);
        int64_t sequence_before = before != NULL ? before->sequence : -1;
        enum err e = standing_learn(orders, &order, NOW_MS);
        ASSURE(e == ERR_NONE || (e == ERR_CEILING && before == NULL));
        const struct standing_order *after = standing_find(orders, &order.key);
        ASSURE(e == ERR_CEILING || after->sequence >= sequence_before);
        ASSURE(standing_count(orders) <= MAX_ORDERS);
        check_again(&order);
    }
    fuzz_free(key);
    if (!view_is_none(sequence)) {
        fuzz_free(sequence);
    }
    if (!is_tombstone) {
        fuzz_free(value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = view_bytes(size > 0 ? (const char *)data : "", size);
    struct standing_reader *reader;
    struct standing_orders *orders;
    ASSURE(standing_reader_create(&reader) == ERR_NONE);
    ASSURE(standing_create(&orders, MAX_ORDERS) == ERR_NONE);
    while (rest.n > 0) {
        see(reader, orders, &rest);
    }
    standing_destroy(orders);
    standing_reader_destroy(reader);
    return 0;
}
