#include "control/spoken_word.h"

#include "common/clock.h"
#include "model/action.h"

const char *const spoken_word_pointers[SPOKEN_FIELD_COUNT] = {
        [SPOKEN_ACTION] = "/action",
        [SPOKEN_KIND] = "/target/kind",
        [SPOKEN_ID] = "/target/id",
        [SPOKEN_TENANT] = "/target/tenant_id",
        [SPOKEN_INCIDENT] = "/incident_id",
        [SPOKEN_ISSUED] = "/issued_at",
        [SPOKEN_EXPIRES] = "/expires_at",
        [SPOKEN_MODE] = "/mode",
        [SPOKEN_OPERATOR] = "/operator",
        [SPOKEN_SEQUENCE] = "/sequence",
        [SPOKEN_AT_ONCE] = "/at_once",
};

static int64_t time_of(const struct json_value *value, int64_t other_ms)
{
    int64_t ms;
    bool is_time = value->kind == JSON_STRING && clock_parse_rfc3339(value->raw, &ms) == CLOCK_OK;
    return is_time ? ms : other_ms;
}

static int64_t sequence_of(const struct json_value *value)
{
    int64_t sequence;
    bool is_one =
            value->kind == JSON_NUMBER && json_integer_read(value->raw, &sequence) == JSON_INTEGER;
    return is_one ? sequence : 0;
}

bool spoken_word_read(
        const struct json_value values[SPOKEN_FIELD_COUNT], struct spoken_word *ret_word)
{
    bool is_hold = json_string_equals(&values[SPOKEN_ACTION], VIEW("hold"));
    if (json_string_equals(&values[SPOKEN_MODE], VIEW("monitor")) ||
            (!is_hold && values[SPOKEN_OPERATOR].kind != JSON_STRING)) {
        return false;
    }
    bool of_recipient = json_string_equals(&values[SPOKEN_KIND], VIEW("recipient"));
    int64_t sequence = sequence_of(&values[SPOKEN_SEQUENCE]);
    *ret_word = (struct spoken_word){
            .sequence = sequence,
            .issued_ms = time_of(&values[SPOKEN_ISSUED], 0),
            .until_ms = time_of(&values[SPOKEN_EXPIRES], INT64_MAX),
            .is_release = !is_hold,
            .at_once = values[SPOKEN_AT_ONCE].kind == JSON_TRUE,
            .of_recipient = of_recipient,
            .is_judges = is_hold && !of_recipient && sequence < MESSAGE_SEQUENCE_MIN,
    };
    return true;
}
