// What the processor's log says of what it has told: incidents, holds, commands of people. Scopes and ids, never a
// recipient, nor the texts that people give as reasons, which may name one.
#pragma once

#include "model/action.h"

void told_log_alert(const struct alert_action *alert);
void told_log_command(const struct command_action *command); // of a scope
