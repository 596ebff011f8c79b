// By which policy a tally partition is folded: the one that its log has named last.
#include <stdlib.h>

#include "common/clock.h"
#include "detect_line_inside.h"
#include "policy/policy_text.h"

enum { FINDINGS_MAX_BYTES = 16 * 1024 };

void line_policy_init(struct detect_line *line, const struct policy *own)
{
    line->policy = own;
    line->own = own;
    line->of_start = own;
    strbuf_init(&line->named.text, FRAME_POLICY_MAX_BYTES);
}

static void line_policy_drop(struct line_policy *named)
{
    config_destroy(named->config);
    strbuf_fini(&named->text);
}

void line_policy_fini(struct detect_line *line)
{
    line_policy_drop(&line->named);
}

// Makes what a frame or a snapshot says; it is put in the place of what the line has by the caller.
static enum err make(const struct detect_line *line, struct view text, struct view version,
        struct line_policy *ret_named)
{
    struct strbuf findings;
    struct line_policy named = {.serial = 0};
    strbuf_init(&findings, FINDINGS_MAX_BYTES);
    strbuf_init(&named.text, FRAME_POLICY_MAX_BYTES);
    strbuf_add_view(&named.text, text);
    enum err e = named.text.failed;
    if (e == ERR_NONE) {
        e = policy_text_read(&named.config, text, version, line->of_start, &findings);
    }
    strbuf_fini(&findings);
    if (e != ERR_NONE) {
        line_policy_drop(&named);
        return e;
    }
    *ret_named = named;
    return ERR_NONE;
}

enum err line_take_policy(struct detect_line *line, const struct delta *delta)
{
    const struct frame_policy *policy = &delta->frame->policy;
    if (policy->serial <= line->highest_serial) {
        return ERR_NONE;
    }
    bool is_same = line->named.config != NULL &&
                   view_is(policy->version, line->named.config->policy.version) &&
                   view_equal(policy->text, strbuf_view(&line->named.text));
    if (!is_same) {
        struct line_policy named;
        enum err e = make(line, policy->text, policy->version, &named);
        if (e != ERR_NONE) {
            if (e == ERR_NO_MEMORY) {
                return e;
            }
            line->policies_refused++;
            line->highest_serial = policy->serial; // as whoever can read it has it
            return ERR_NONE;
        }
        line->policy = &named.config->policy;
        decide_change_policy(line->decide, delta, line->policy);
        line_policy_drop(&line->named);
        line->named = named;
    }
    line->highest_serial = policy->serial;
    line->named.serial = policy->serial;
    line->named.told_ms = fold_log_time_ms(line->fold);
    return ERR_NONE;
}

void line_policy_note_time(struct detect_line *line)
{
    if (line->named.serial > 0 && line->named.told_ms == 0) {
        line->named.told_ms = fold_log_time_ms(line->fold);
    }
}

void detect_line_set_policy(struct detect_line *line, const struct policy *policy)
{
    bool is_new = line->own != policy;
    line->own = policy;
    if (line->named.config == NULL && is_new) {
        line->policy = policy;
        decide_set_policy(line->decide, policy);
    }
}

struct detect_policy detect_line_policy(const struct detect_line *line)
{
    return (struct detect_policy){view_of(line->policy->version), line->named.serial,
            line->highest_serial, line->named.told_ms, line->policies_refused};
}

void line_policy_archive(struct detect_line *line, struct archive *archive)
{
    archive_mark(archive, "policy");
    struct line_policy *named = &line->named;
    int64_t serial = named->serial;
    archive_i64(archive, &line->highest_serial, 0, INT64_MAX - 1);
    archive_i64(archive, &serial, 0, line->highest_serial);
    if (serial == 0) {
        return;
    }
    int64_t told_ms = named->told_ms;
    struct view version =
            named->config != NULL ? view_of(named->config->policy.version) : VIEW_NONE;
    struct view text = strbuf_view(&named->text);
    archive_i64(archive, &told_ms, 0, CLOCK_END_MS);
    archive_view(archive, &version, POLICY_VERSION_HEX);
    archive_view(archive, &text, FRAME_POLICY_MAX_BYTES);
    if (!archive_reads(archive) || !archive_is_good(archive)) {
        return;
    }
    struct line_policy restored;
    enum err e = make(line, text, version, &restored);
    if (e != ERR_NONE) {
        archive_fail(archive, e == ERR_NO_MEMORY ? e : ERR_DATA, "policy: its text");
        return;
    }
    line_policy_drop(named);
    *named = restored;
    named->serial = serial;
    named->told_ms = told_ms;
    line->policy = &named->config->policy;
    decide_set_policy(line->decide, line->policy);
}
