// One NDJSON file, line by line, for score: every complaint names file and line.
#pragma once

#include "common/arena.h"
#include "common/json_scan.h"
#include "common/line_reader.h"
#include "common/strbuf.h"

enum { SCORE_FIELDS_MAX = 32, SCORE_LINE_MAX_BYTES = 64 * 1024 * 1024 };

// Where lines come from: a file, or a text in memory that a run has just put out.
struct score_source {
    const char *path; // what complaints call it
    struct view text; // none = the file at `path`
};

struct score_file {
    const char *path;
    int fd; // -1: the text
    struct line_reader *lines;
    struct view rest; // of the text
    struct json_pointers *pointers;
    struct arena *scratch;                      // values of the line in hand
    struct json_value values[SCORE_FIELDS_MAX]; // by pointer
    uint64_t line;                              // of the line in hand, from 1; 0 = none yet
    struct strbuf *why;
};

struct score_data;

// Reads the source: the values at the JSON Pointers of each line that is not blank go to `take`,
// with `data`. ERR_NO_INPUT; ERR_DATA for a line that is no JSON object with each member once;
// ERR_NO_MEMORY; what `take` returns. `why` gets the reason in words.
MUST_CHECK enum err score_file_each(const struct score_source *source, const char *const *pointers,
        size_t pointer_count, enum err (*take)(struct score_data *data, struct score_file *file),
        struct score_data *data, struct strbuf *why);

// Says in `why` what is wrong with the line in hand. Always ERR_DATA.
MUST_CHECK enum err score_file_fault(struct score_file *file, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

// Values by the index of their pointer; `name` is for complaints. Absent and null are the same: a
// view of none, the word -1, the given default.
MUST_CHECK enum err score_take_text(
        struct score_file *file, size_t i, const char *name, bool needed, struct view *ret_text);
MUST_CHECK enum err score_take_word(struct score_file *file, size_t i, const char *name,
        const char *const *words, size_t word_count, int *ret_word);
MUST_CHECK enum err score_take_integer(struct score_file *file, size_t i, const char *name,
        int64_t default_value, int64_t *ret_number);
// RFC 3339, in ms; -1 where there is none.
MUST_CHECK enum err score_take_time(
        struct score_file *file, size_t i, const char *name, int64_t *ret_ms);
// NAN where there is none.
MUST_CHECK enum err score_take_number(
        struct score_file *file, size_t i, const char *name, double *ret_number);
