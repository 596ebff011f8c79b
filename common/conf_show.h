// How options are told to people: what they expect, and which one a mistyped key may have meant.
// The inner half of conf_bind.
#pragma once

#include "common/conf_bind.h"

// Appends "a, b or c".
void conf_words_add(struct strbuf *sb, const char *const *words);
// Appends what a value of the option is: "a duration from 1ms to 30s".
void conf_option_add_expected(struct strbuf *sb, const struct conf_option *option);
// The path that the unknown `key` of section `parent` may have meant: its nearest sibling, else the
// same word in another section. None when nothing is near.
struct view conf_option_nearest(
        const struct conf_table *table, struct view parent, struct view key);
