// A program of verbs: finds the verb of the command line and runs it; answers --help and --version.
#pragma once

#include <stddef.h>

struct verb {
    const char *name;
    int (*run)(int argc, char **argv); // argv[0] is the verb; returns the exit status
    const char *text;
};

struct program {
    const char *name;
    const char *text;
    const struct verb *verbs; // ended by a row without a name
};

int program_run(const struct program *program, int argc, char **argv);
