// Tables of constants that are generated once and checked in.
#pragma once

// Generates again what is in the file at `path`, with `argument` for generate_tables.py ("" = none),
// and fails the test unless it is the same to the byte.
void table_file_check(const char *path, const char *argument);
