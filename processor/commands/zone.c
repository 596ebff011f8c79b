#include "commands/zone.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

bool zone_parse(const char *text, int *ret_minutes)
{
    int digits[4] = {0};
    bool is_good = strlen(text) == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':';
    for (size_t i = 0; is_good && i < 4; i++) {
        char c = text[i < 2 ? i + 1 : i + 2];
        is_good = c >= '0' && c <= '9';
        digits[i] = c - '0';
    }
    int minutes = (digits[0] * 10 + digits[1]) * 60 + digits[2] * 10 + digits[3];
    if (!is_good || digits[2] > 5 || minutes > ZONE_MAX_MINUTES) {
        fprintf(stderr, "--zone %s: expected +HH:MM or -HH:MM\n", text);
        return false;
    }
    *ret_minutes = text[0] == '-' ? -minutes : minutes;
    return true;
}
