// A table of options ties a configuration's tree (conf.h) to a struct: one row gives an option's
// path, type, default, range and meaning, and reading, checking, printing and describing all come
// from it.
#pragma once

#include <stddef.h>

#include "common/conf.h"

enum conf_type {
    CONF_TEXT,     // char *, owned; min and max in bytes
    CONF_FILE,     // char *, owned: the path of a file
    CONF_WORD,     // uint32_t or enum: the index in `words`
    CONF_WORDS,    // uint32_t: bit i is words[i]; a list, at least `min` of them
    CONF_BOOL,     // bool
    CONF_COUNT,    // uint32_t
    CONF_PERCENT,  // uint32_t, millionths: 0.5%
    CONF_DURATION, // int64_t, ms: 20ms 5s 10m 26h 3d
    CONF_SIZE,     // int64_t, bytes: 512B 64KiB 16MiB 1GiB
    CONF_MAP,      // a mapping with keys of the user's own; see struct conf_map
    CONF_LIST,     // a list, kept by a struct conf_map too; its entries have no keys
};

struct conf_reader;

// How a CONF_MAP or CONF_LIST is kept. `target` is the whole struct.
struct conf_map {
    const char *of; // what a list has, for people; NULL = texts
    void (*clear)(void *target);
    // Takes one entry (its key, if it has one, is unique), or reports what is wrong with it.
    void (*add)(struct conf_reader *reader, const struct conf_node *entry, const char *path,
            void *target);
    // Called after the last entry, `map` being the mapping; may be NULL.
    void (*check)(struct conf_reader *reader, const struct conf_node *map, const char *path,
            void *target);
    // Appends what follows `key:` in the configuration in force, with a line feed at the end.
    void (*print)(struct strbuf *sb, const void *target, unsigned indent);
    bool is_private; // of a list: findings do not show what its entries hold
};

struct conf_option {
    const char *path; // "kafka.group"; options of one section stand together
    enum conf_type type;
    size_t offset;
    // The default: plain text, of lists and maps YAML. NULL = none, and then null may be written.
    const char *fallback;
    int64_t min;
    int64_t max;
    const char *const *words;               // ended by NULL
    const char *(*check)(struct view text); // of a text: what is expected, NULL when it is that
    const struct conf_map *map;
    const char *text; // what it means, for people
};

struct conf_table {
    const struct conf_option *options;
    size_t count;
};

// What a file said of an option.
struct conf_place {
    struct conf_mark mark; // of the value; {0, 0} where the file does not name it
    bool is_given;         // the file names it, and not as null
    bool is_wrong;         // something was reported about it
};

// Sets every option of `target` (zeroed before) to its default. ERR_NO_MEMORY.
MUST_CHECK enum err conf_bind_defaults(const struct conf_table *table, void *target);
// Sets what the tree says and reports everything that is wrong with it; the options that are wrong
// keep what they were. `ret_places` gets one entry an option (zeroed before; may be NULL). `root`
// may be NULL. ERR_CONFIG when anything was reported, ERR_NO_MEMORY.
MUST_CHECK enum err conf_bind(const struct conf_table *table, const struct conf_node *root,
        void *target, struct conf_place *ret_places, struct conf_report *report);
// Frees what the target's options own.
void conf_release(const struct conf_table *table, void *target);
// Appends three lines an option: path; type, default and range; meaning.
void conf_describe(const struct conf_table *table, struct strbuf *sb);
// Appends the target as YAML that reads back as the same.
void conf_print(const struct conf_table *table, const void *target, struct strbuf *sb);
// Appends text as a YAML scalar in double quotes.
void conf_print_text(struct strbuf *sb, const char *text);
// Appends the words whose bits are set as a YAML list: [a, b].
void conf_print_words(struct strbuf *sb, const char *const *words, uint32_t bits);
// Whether an option has the same value in two targets.
bool conf_is_same(const struct conf_option *option, const void *a, const void *b);
// The option's row, or the table's count when there is none.
size_t conf_option_find(const struct conf_table *table, struct view path);

// For conf_map.add: the scalar with its ${VAR} filled in, good until the next call. False when it
// was reported.
bool conf_read_text(struct conf_reader *reader, const struct conf_node *node, const char *path,
        const char *expected, struct view *ret_text);
// A list of words as bits.
bool conf_read_words(struct conf_reader *reader, const struct conf_node *node, const char *path,
        const char *const *words, uint32_t *ret_bits);
// A mapping with a table of its own, such as an entry of a list: sets what it says in `target`, which is
// at its defaults; findings name `path` before the table's paths. `ret_places` gets one entry an option
// (zeroed before). False when something was reported.
bool conf_read_entry(struct conf_reader *reader, const struct conf_node *node, const char *path,
        const struct conf_table *table, void *target, struct conf_place *ret_places);
// Which options a mapping gave, as bits of their indices; tables of 32 options at most.
uint32_t conf_places_given(const struct conf_table *table, const struct conf_place *places);
// Appends such a mapping as an entry of a list, with the options of `given`.
void conf_print_entry(const struct conf_table *table, const void *target, uint32_t given,
        struct strbuf *sb, unsigned indent);
struct conf_report *conf_reader_report(struct conf_reader *reader);
