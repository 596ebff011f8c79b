#include "emit/target_key.h"

void target_key_add_part(struct strbuf *sb, struct view part)
{
    size_t plain_from = 0;
    for (size_t i = 0; i < part.n; i++) {
        if (part.p[i] == '/' || part.p[i] == '%') {
            strbuf_add(sb, part.p + plain_from, i - plain_from);
            strbuf_add(sb, part.p[i] == '/' ? "%2F" : "%25", 3);
            plain_from = i + 1;
        }
    }
    if (part.n > plain_from) {
        strbuf_add(sb, part.p + plain_from, part.n - plain_from);
    }
}

void target_key_add(struct strbuf *sb, const struct scope_name *scope, const char *kind)
{
    target_key_add_part(sb, scope->tenant_id);
    strbuf_add_byte(sb, '/');
    strbuf_add_text(sb, kind);
    strbuf_add_byte(sb, '/');
    target_key_add_part(sb, scope->id);
    if (!view_is_none(scope->channel)) {
        strbuf_add_byte(sb, '/');
        target_key_add_part(sb, scope->channel);
    }
}

// Decoded; none when it is not well formed.
static struct view decode_part(struct view part, struct arena *arena)
{
    char *decoded = arena_take(arena, part.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < part.n && decoded != NULL; i++) {
        struct view rest = view_skip(part, i);
        if (part.p[i] != '%') {
            decoded[n++] = part.p[i];
        } else if (view_starts_with(rest, VIEW("%2F")) || view_starts_with(rest, VIEW("%25"))) {
            decoded[n++] = rest.p[2] == 'F' ? '/' : '%';
            i += 2;
        } else {
            return VIEW_NONE;
        }
    }
    return decoded != NULL ? view_bytes(decoded, n) : VIEW_NONE;
}

unsigned target_key_split(
        struct view key, struct arena *arena, struct view ret_parts[TARGET_KEY_PARTS])
{
    unsigned count = 0;
    size_t from = 0;
    memset(ret_parts, 0, TARGET_KEY_PARTS * sizeof *ret_parts);
    for (size_t i = 0; i <= key.n; i++) {
        if (i < key.n && key.p[i] != '/') {
            continue;
        }
        if (count == TARGET_KEY_PARTS) {
            return 0;
        }
        ret_parts[count] = decode_part(view_bytes(key.p + from, i - from), arena);
        if (view_is_none(ret_parts[count++])) {
            return 0;
        }
        from = i + 1;
    }
    return count;
}
