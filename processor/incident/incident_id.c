// The deterministic ids of incidents and of their steps.
#include <string.h>

#include "common/digest.h"
#include "incident/incidents.h"

// The first 16 bytes of SHA-256 over the text.
static enum err make_id(const struct strbuf *text, struct digest_id *ret_id)
{
    uint8_t digest[SHA256_BYTES];
    digest_sha256(strbuf_view(text), digest);
    memcpy(ret_id->bytes, digest, sizeof ret_id->bytes);
    return text->failed;
}

static void add_scope(struct strbuf *text, const struct scope_name *scope)
{
    strbuf_printf(text, "%s\n", scope_kind_names[scope->kind]);
    strbuf_add_view(text, scope->tenant_id);
    strbuf_add_byte(text, '\n');
    strbuf_add_view(text, scope->id);
    strbuf_add_byte(text, '\n');
    if (!view_is_none(scope->channel)) {
        strbuf_add_view(text, scope->channel);
        strbuf_add_byte(text, '\n');
    }
}

enum err incident_make_id(struct strbuf *text, const struct delta *delta,
        const struct scope_name *scope, const char *detector_version, struct digest_id *ret_id)
{
    strbuf_reset(text);
    strbuf_add_text(text, "incident\n");
    add_scope(text, scope);
    strbuf_printf(text, "%s\n%d\n%lld\n", detector_version, (int)delta->tally_partition,
            (long long)delta->sequence);
    return make_id(text, ret_id);
}

enum err incident_make_step_id(struct strbuf *text, const char *step,
        const struct digest_id *incident, const struct scope_name *scope, enum tier tier,
        int64_t sequence, struct digest_id *ret_id)
{
    strbuf_reset(text);
    strbuf_printf(text, "%s\n", step);
    hex_add(text, incident->bytes, sizeof incident->bytes);
    strbuf_add_byte(text, '\n');
    add_scope(text, scope);
    strbuf_printf(text, "%s\n%lld\n", tier_names[tier], (long long)sequence);
    return make_id(text, ret_id);
}

struct digest_id incident_control_digest(struct view control_id)
{
    uint8_t digest[SHA256_BYTES];
    struct digest_id id;
    digest_sha256(control_id, digest);
    memcpy(id.bytes, digest, sizeof id.bytes);
    return id;
}
