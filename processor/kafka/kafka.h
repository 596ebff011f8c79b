// What others may ask of the Kafka room without a client: the library's version and whether the
// properties of a configuration would be accepted.
#pragma once

#include "common/err.h"
#include "common/strbuf.h"
#include "policy/config.h"

// Of the librdkafka that is linked, such as "2.0.2".
const char *kafka_library_version(void);

// Builds the settings of every kind of client and throws them away. Appends `kafka.properties.NAME:
// what is wrong`, one a line, for each property that is unknown, has a bad value or would break a
// promise; ERR_CONFIG if there is any.
MUST_CHECK enum err kafka_check_properties(const struct config *config, struct strbuf *findings);
