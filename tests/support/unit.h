// The frame of a unit-test program: one CUnit suite a file, run whole or by test name.
#pragma once

#include <CUnit/CUnit.h>

struct unit_test {
    const char *name;
    void (*run)(void);
};

// Runs `tests` (ended by an entry without a name) as suite `suite`. With arguments, only the tests
// named in argv[1..]. Returns the program's exit status: 0 when every assertion held.
int unit_main(int argc, char **argv, const char *suite, const struct unit_test *tests);

// Compares two strings of bytes and prints both when they differ.
void unit_check_text(const char *what, const char *got, const char *expected);
