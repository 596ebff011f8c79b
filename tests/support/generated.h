// The generator as tests see it: options from words, and its messages beside what the processor says
// of them.
#pragma once

#include "bench/generate_scenario.h"

enum { GENERATED_LINE_BYTES = 1 << 16 };

// getopt wants what it does not change to be changeable.
char *generated_arg(const char *text);
// Options as from a command line without --out; fails the test when they are refused.
struct generate_options generated_options(const char *const *args);
#define OPTIONS(...) generated_options((const char *const[]){"--out", ".", __VA_ARGS__, NULL})
struct traffic *generated_traffic(const struct generate_options *options);

// Has the processor judge each message that the options make and fails the test where it does not
// say what the label says. Returns how many messages of each verdict there were.
struct scenario_counts generated_compare(const struct generate_options *options);
