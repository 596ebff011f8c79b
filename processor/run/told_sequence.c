#include "run/told_sequence.h"

#include "common/json_value.h"

// A header is any bytes; what reads integers wants a number.
static bool is_decimal(struct view text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
    }
    return text.n > 0;
}

bool told_sequence_read(const struct raw_message *raw, int64_t *ret_sequence)
{
    struct view sequence = raw_header(raw, "wn.sequence");
    *ret_sequence = -1;
    return view_is_none(sequence) ||
           (is_decimal(sequence) && json_integer_read(sequence, ret_sequence) == JSON_INTEGER);
}
