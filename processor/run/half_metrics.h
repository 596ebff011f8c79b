// What every half puts on the board (ops/board.h): its consumer, its producer, what it has told, and
// whether it is ready. Once a second, on the half's thread.
#pragma once

#include "kafka/client_metrics.h"
#include "kafka/kafka_metrics.h"
#include "ops/board.h"

extern const struct metric_table told_metrics;

struct half;

// The clients of a half, as the label `client` names them.
enum half_client { HALF_CONSUMER, HALF_PRODUCER, HALF_URGENT };

struct half_meter {
    struct board_place *place; // NULL = nobody looks
    struct metric_page *consumer;
    struct metric_page *producer;
    struct metric_page *told;
    struct client_meter clients[3];      // by enum half_client
    struct kafka_consumer_counts before; // of consumers that were given up
};

// Puts the half's pages up; `place` may be NULL. The place, and the half's config, outlive the half.
void half_meter_init(struct half *half, struct board_place *place);
// Publishes everything of the half, by its role too. Nothing where nobody looks.
void half_publish(struct half *half);
// Its consumer is about to be closed, and another one to take its place.
void half_meter_keep(struct half *half);
