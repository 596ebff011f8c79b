// What must be said of a made-up message: the table of design §4 a second time, written for the
// generator's own knowledge of the world and without a line of the processor's judge, so that each
// is a test of the other. It knows the default policy only.
#pragma once

#include "bench/generate_message.h"
#include "model/verdict.h"

struct label {
    enum verdict expected;
    reason_set reasons;
};

struct label label_message(const struct message *message);
