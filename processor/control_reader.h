// A raw message of the control topic → a command that may be trusted as far as there is a key, or why
// not: decoded, its signature checked, a recipient's number put behind its pseudonym. One thread.
#pragma once

#include "decode/decode_control.h"
#include "identity/keyring.h"
#include "policy/config.h"

struct control_reader;

// All but `findings`, which gets what is wrong with the control keys, are borrowed.
MUST_CHECK enum err control_reader_create(struct control_reader **ret_reader,
        const struct config *config, const struct keyring *ring, struct strbuf *findings);
void control_reader_destroy(struct control_reader *reader);
// The policy that holds without an end go by from now on; borrowed until another is set. Before that,
// the config's own.
void control_reader_set_policy(struct control_reader *reader, const struct policy *policy);

// As decode_control. A hold that names no end gets that of the policy's holds, from its issued_at on.
// No view of *ret_control leads to a number.
enum decode_result control_reader_read(const struct control_reader *reader,
        const struct raw_message *raw, struct arena *arena, struct control *ret_control,
        struct decode_failure *ret_failure);
