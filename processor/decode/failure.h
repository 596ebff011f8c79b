// Why a message became a dead letter.
#pragma once

// id, stable code (header wn.reason)
#define DEAD_REASON_TABLE(ROW)                                                                     \
    ROW(DEAD_EMPTY, empty)                                                                         \
    ROW(DEAD_TOO_LARGE, too_large)                                                                 \
    ROW(DEAD_UNSUPPORTED_ENCODING, unsupported_encoding)                                           \
    ROW(DEAD_BAD_UTF8, bad_utf8)                                                                   \
    ROW(DEAD_NOT_JSON, not_json)                                                                   \
    ROW(DEAD_TOO_DEEP, too_deep)                                                                   \
    ROW(DEAD_DUPLICATE_KEY, duplicate_key)                                                         \
    ROW(DEAD_MISSING_FIELD, missing_field)                                                         \
    ROW(DEAD_BAD_TYPE, bad_type)                                                                   \
    ROW(DEAD_BAD_TIME, bad_time)                                                                   \
    ROW(DEAD_UNSIGNED, unsigned)                                                                   \
    ROW(DEAD_BAD_SIGNATURE, bad_signature)

enum dead_reason {
#define DEAD_REASON_ROW(id, name) id,
    DEAD_REASON_TABLE(DEAD_REASON_ROW)
#undef DEAD_REASON_ROW
            DEAD_REASON_COUNT,
};

extern const char *const dead_reason_names[DEAD_REASON_COUNT];

enum { DECODE_TEXT_BYTES = 160 };

struct decode_failure {
    enum dead_reason code;
    const char *reason;           // its name, for ever
    char text[DECODE_TEXT_BYTES]; // for people; never with a byte of the message in it
};

enum decode_result {
    DECODE_EVENT,
    DECODE_DEAD_LETTER,
    DECODE_NO_ROOM, // the arena is full: nothing is known about the message
};

// Fills the failure. Returns DECODE_DEAD_LETTER, so that a check is `return decode_fail(...)`.
enum decode_result decode_fail(struct decode_failure *ret_failure, enum dead_reason code,
        const char *format, ...) __attribute__((format(printf, 3, 4)));
