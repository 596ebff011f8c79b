#include "decode/failure.h"

#include <stdarg.h>
#include <stdio.h>

const char *const dead_reason_names[DEAD_REASON_COUNT] = {
#define DEAD_REASON_ROW(id, name) [id] = #name,
        DEAD_REASON_TABLE(DEAD_REASON_ROW)
#undef DEAD_REASON_ROW
};

enum decode_result decode_fail(
        struct decode_failure *ret_failure, enum dead_reason code, const char *format, ...)
{
    ret_failure->code = code;
    ret_failure->reason = dead_reason_names[code];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret_failure->text, sizeof ret_failure->text, format, arguments);
    va_end(arguments);
    return DECODE_DEAD_LETTER;
}
