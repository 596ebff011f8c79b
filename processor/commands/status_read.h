// Reads the topics that a status board is made of, each from its beginning to the end that it has now.
#pragma once

#include "commands/status_board.h"
#include "policy/config.h"

enum status_depth {
    STATUS_COMMANDS, // what people have commanded: all that confirm needs
    STATUS_ALL,
    STATUS_INCIDENT, // and of one incident whom it has reached
};

// What goes wrong is told on stderr. ERR_DEADLINE, ERR_UNAVAILABLE of a topic that is not there.
MUST_CHECK enum err status_read(struct status_board *board, const struct config *config,
        const char *who, int64_t timeout_ms, enum status_depth depth);
