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
