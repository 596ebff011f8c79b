#include "bench/generate_message.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/assure.h"

const char *const purpose_names[PURPOSE_COUNT] = {
        "collection", "reminder", "marketing", "service", "otp"};

void generated_id(char ret_id[GENERATED_ID_MAX_BYTES], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(ret_id, GENERATED_ID_MAX_BYTES, format, args);
    va_end(args);
    ASSURE(n > 0 && n < GENERATED_ID_MAX_BYTES);
}
