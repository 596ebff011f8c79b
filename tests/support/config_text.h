// A configuration from the text of a test.
#pragma once

#include "policy/config.h"

// Writes a file of its own, whose name it puts into `ret_path`.
void config_text_write(char ret_path[32], const char *text);
// Reads a configuration; NULL, and what is wrong with it in `findings`, which is emptied first.
struct config *config_text_load(const char *yaml, struct strbuf *findings);
// Checks that it is refused with that finding, of which the file's name is left out.
void config_text_refused(const char *yaml, const char *finding);
// One that has to be good.
struct config *config_text_good(const char *yaml);
