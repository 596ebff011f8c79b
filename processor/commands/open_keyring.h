// How every verb comes by its pseudonym keys.
#pragma once

#include "identity/keyring.h"
#include "policy/config.h"

// The keys that the configuration names, or the demo key. Reasons are added to `why`.
MUST_CHECK enum err open_keyring(
        struct keyring **ret_ring, const struct config *config, struct strbuf *why);
// The same with a warning of the demo key; reasons go to stderr.
MUST_CHECK enum err command_open_keyring(struct keyring **ret_ring, const struct config *config);
