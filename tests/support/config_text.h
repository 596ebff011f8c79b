// A configuration from the text of a test.
#pragma once

#include "policy/config.h"

// Writes a file of its own, whose name it puts into `ret_path`.
void config_text_write(char ret_path[32], const char *text);
// Reads a configuration; NULL, and what is wrong with it in `findings`, which is emptied first.
struct config *config_text_load(const char *yaml, struct strbuf *findings);
// One that has to be good.
struct config *config_text_good(const char *yaml);
