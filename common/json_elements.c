#include "common/json_elements.h"

#include "common/json_scan.h"

struct json_elements json_elements_of(const struct json_value *array)
{
    return (struct json_elements){view_skip(array->raw, 1)};
}

// Up to the comma or bracket that stands in no container and in no string.
bool json_elements_next(struct json_elements *elements, struct view *ret_element)
{
    struct view rest = elements->rest;
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < rest.n; i++) {
        char c = rest.p[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (depth == 0 && (c == ',' || c == ']')) {
            struct view element = view_bytes(rest.p, i);
            elements->rest = view_skip(rest, i + 1);
            *ret_element = element;
            return c == ',' || json_skip_space(element).n > 0;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

size_t json_elements_count(const struct json_value *array)
{
    struct json_elements elements = json_elements_of(array);
    struct view element;
    size_t count = 0;
    while (json_elements_next(&elements, &element)) {
        count++;
    }
    return count;
}
