#include "complaint_line.h"

#include <stdlib.h>

#include "common/digest.h"
#include "decode/decode_complaint.h"

enum { ID_TEXT_BYTES = 1024 };

struct complaint_reader {
    const struct config *config;
    const struct keyring *ring;
    struct complaint_decoder *decoder;
    struct strbuf id_text;
    struct frame_complaint told; // the one in hand
};

static void reader_destroy(void *self)
{
    struct complaint_reader *reader = self;
    complaint_decoder_destroy(reader->decoder);
    strbuf_fini(&reader->id_text);
    free(reader);
}

// Whom it is about, or where it does not say so, what.
static enum err make_tag(struct complaint_reader *reader, const struct complaint *complaint,
        struct arena *arena, uint8_t ret_tag[RECIPIENT_TAG_BYTES])
{
    if (!view_is_none(complaint->recipient)) {
        struct recipient recipient = recipient_normalise(complaint->recipient,
                recipient_kind_of_channel(complaint->channel),
                reader->config->identity.default_region, arena);
        if (recipient_is_unread(&recipient)) {
            return ERR_NO_MEMORY;
        }
        struct pseudonym pseudonym = keyring_pseudonym(keyring_current(reader->ring), recipient);
        memcpy(ret_tag, pseudonym.bytes, RECIPIENT_TAG_BYTES);
        return ERR_NONE;
    }
    strbuf_reset(&reader->id_text);
    strbuf_add_text(&reader->id_text, "message:");
    strbuf_add_view(&reader->id_text, complaint->message_id);
    uint8_t digest[SHA256_BYTES];
    digest_sha256(strbuf_view(&reader->id_text), digest);
    memcpy(ret_tag, digest, RECIPIENT_TAG_BYTES);
    return reader->id_text.failed;
}

static enum decode_result reader_read(void *self, const struct raw_message *raw,
        struct arena *arena, struct aside *ret_aside, struct decode_failure *ret_failure)
{
    struct complaint_reader *reader = self;
    struct complaint complaint;
    enum decode_result result =
            decode_complaint(reader->decoder, raw, arena, &complaint, ret_failure);
    if (result != DECODE_EVENT) {
        return result;
    }
    reader->told = (struct frame_complaint){.kind = complaint.kind,
            .occurred_at_ms = complaint.occurred_at.ms,
            .message_id = complaint.message_id};
    if (make_tag(reader, &complaint, arena, reader->told.tag) != ERR_NONE) {
        return DECODE_NO_ROOM;
    }
    struct view tenant = view_is_none(complaint.tenant_id) ? VIEW("default") : complaint.tenant_id;
    *ret_aside = (struct aside){
            .tenant_id = tenant,
            .occurred_at_ms = complaint.occurred_at.ms,
            .complaint = &reader->told,
            .key = {.ids = {[SCOPE_CAMPAIGN] = complaint.campaign_id,
                            [SCOPE_TEMPLATE] = complaint.template_id,
                            [SCOPE_SENDER] = complaint.sender_id,
                            [SCOPE_VENDOR] = complaint.vendor_id,
                            [SCOPE_TENANT] = tenant},
                    .channel = complaint.channel},
    };
    return DECODE_EVENT;
}

enum err complaint_line_create(
        struct aside_line **ret_line, const struct aside_line_options *options)
{
    static const struct aside_reader complaint_reader = {reader_read, reader_destroy, NULL};
    struct complaint_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return ERR_NO_MEMORY;
    }
    reader->config = options->config;
    reader->ring = options->ring;
    strbuf_init(&reader->id_text, ID_TEXT_BYTES);
    enum err e = complaint_decoder_create(&reader->decoder);
    if (e != ERR_NONE) {
        reader_destroy(reader);
        return e;
    }
    return aside_line_create(ret_line, options, &complaint_reader, reader);
}
