// SIGHUP: reads the configuration again, and puts its policy in force, or says why not.
#pragma once

#include "commands/options.h"
#include "run/policy_feed.h"

// `running` is what the process started with: but for what a new policy may change it has to be the
// same. Otherwise, and when anything is wrong with it, the old policy stays in force, and the log names
// each finding. Told with the versions. Whether it is in force.
bool reload_policy(const struct options *options, const struct config *running,
        struct policy_feed *feed, char ret_version[POLICY_VERSION_HEX + 1]);
