// The self-test of `delivery: transactional`: two transactions of offsets of a group of its own
// (GROUP.probe.INSTANCE), one committed and one aborted. Brokers that keep transactions then have the
// first one's offset and not the second one's. The broker of wrongnumber-bench sandbox, for one,
// answers everything well and keeps nothing.
#pragma once

#include <stdatomic.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "policy/config.h"

// Waits for brokers until *stop is set (then ERR_NONE). ERR_CONFIG with findings: transactions do not
// hold here or are not allowed to us, or a property is not acceptable. The outbound topic must be
// there; nothing is written to it.
MUST_CHECK enum err kafka_transaction_probe(
        const struct config *config, const atomic_bool *stop, struct strbuf *findings);
