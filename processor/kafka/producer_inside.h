// Inside of the room: the client of a producer, another one after each rebuild.
#pragma once

#include "kafka/client.h"
#include "kafka/producer.h"

struct kafka_client *kafka_producer_client(const struct kafka_producer *producer);
