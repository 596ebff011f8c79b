// What stands in the audit log as JSON, as HTML for people who do not read JSON: words in the place of
// names, percent in the place of fractions, tables in the place of braces.
#pragma once

#include "common/strbuf.h"
#include "common/view.h"

// Any JSON value: an object becomes a table of its members, an array a list. A view of none is a dash.
void words_add_json(struct strbuf *sb, struct view json);
// A time as clock_format or zone_format wrote it, to the second: "2026-11-22 08:00:00 +08:00".
void words_add_time(struct strbuf *sb, struct view time);
// "campaign X of lender Y" of a scope or target.
void words_add_scope(struct strbuf *sb, struct view scope);
// Causes, likeliest first, with what each means.
void words_add_cause(struct strbuf *sb, struct view cause);
// Reasons that messages had, with what each means and how many had it.
void words_add_reasons(struct strbuf *sb, struct view reasons);
// What the evidence comes to, in sentences.
void words_add_evidence(struct strbuf *sb, struct view evidence);

// The values at some JSON Pointers of a record, as text; none where there is none. NULL at the end of
// `pointers`. They are good until `words_done`.
enum { WORDS_FIELDS_MAX = 12 };
struct words_fields {
    struct view texts[WORDS_FIELDS_MAX];
    struct arena *arena;
};
// False where the record is no JSON object, or memory is out; nothing is to be done then.
bool words_read(struct words_fields *fields, struct view record, const char *const *pointers);
void words_done(struct words_fields *fields);
