// The same job in Kafka Streams, as small as it can be: who is not in the relationships has a message held, and campaigns with
// many of those are held. A global table (RocksDB) holds the relationships in place of Redis; campaigns are counted behind a
// repartition topic in place of the tally log. At least once, as wrongnumber's default.
//
//   java -cp LIBS/* Counterpart.java BOOTSTRAP GROUP OUTBOUND RELATIONSHIPS COMMANDS STATE_DIR
//
// Relationships: key = recipient as messages write it, value = a loader line. Prints RUNNING when it reads.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

public class Counterpart {
    static final ObjectMapper JSON = new ObjectMapper();
    static final Set<String> WATCHED = Set.of("collection", "reminder", "");
    static final Set<String> ENDED = Set.of("closed", "sold");
    static final long ALARM_AT = 5; // misdirected messages of a campaign,
    static final long ONE_IN = 5;   // and one of so many at least

    record Judged(JsonNode message, boolean isMisdirected) {}

    static JsonNode parse(byte[] bytes) {
        try {
            return JSON.readTree(bytes);
        } catch (java.io.IOException e) {
            return null; // a dead letter of ours; left out here
        }
    }

    static String text(JsonNode node, String name) {
        return node.path(name).asText("");
    }

    // no_record, other_tenant, wrong_debt, third_party, closed_loan; not: times, reassigned numbers, grace, exempt channels.
    static boolean isMisdirected(JsonNode message, byte[] record) {
        if (record == null) {
            return true;
        }
        JsonNode parties = parse(record).path("parties");
        String tenant = text(message, "tenant_id");
        String loan = text(message, "loan_id");
        boolean hasOwn = false;
        for (JsonNode party : parties) {
            boolean applies = text(party, "tenant_id").equals(tenant) && (loan.isEmpty() || text(party, "loan_id").equals(loan));
            hasOwn |= applies && !text(party, "role").equals("contact") && !ENDED.contains(text(party, "status"));
        }
        return !hasOwn;
    }

    static byte[] hold(String kind, String id, String tenant) {
        var target = JSON.createObjectNode().put("kind", kind).put("id", id).put("tenant_id", tenant);
        return JSON.createObjectNode().put("action", "hold").<com.fasterxml.jackson.databind.node.ObjectNode>set("target", target)
                .toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    public static void main(String[] args) throws Exception {
        Properties settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, args[1]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, args[5]);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 500);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0); // counts go on at once, not with the commit
        settings.put("auto.offset.reset", "earliest");
        settings.put("producer.linger.ms", 5);

        StreamsBuilder builder = new StreamsBuilder();
        GlobalKTable<String, byte[]> relationships =
                builder.globalTable(args[3], Consumed.with(Serdes.String(), Serdes.ByteArray()));
        KStream<byte[], Judged> judged = builder.stream(args[2], Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
                .mapValues(Counterpart::parse)
                .filter((key, message) -> message != null && WATCHED.contains(text(message, "purpose")))
                .leftJoin(relationships, (key, message) -> text(message, "recipient"),
                        (message, record) -> new Judged(message, isMisdirected(message, record)));
        judged.filter((key, it) -> it.isMisdirected())
                .map((key, it) -> KeyValue.pair(text(it.message(), "message_id"),
                        hold("message", text(it.message(), "message_id"), text(it.message(), "tenant_id"))))
                .to(args[4], Produced.with(Serdes.String(), Serdes.ByteArray()));
        judged.filter((key, it) -> it.message().hasNonNull("campaign_id"))
                .map((key, it) -> KeyValue.pair(text(it.message(), "tenant_id") + "/" + text(it.message(), "campaign_id"),
                        it.isMisdirected() ? 1L : 0L))
                .groupByKey(Grouped.with(Serdes.String(), Serdes.Long()))
                // Judged in the low half, misdirected in the high one.
                .aggregate(() -> 0L, (campaign, wrong, counts) -> counts + 1 + (wrong << 32),
                        Materialized.with(Serdes.String(), Serdes.Long()))
                .toStream()
                .filter((campaign, counts) -> counts >>> 32 >= ALARM_AT && (counts >>> 32) * ONE_IN >= (counts & 0xffffffffL))
                .mapValues((campaign, counts) -> hold("campaign", campaign.substring(campaign.indexOf('/') + 1),
                        campaign.substring(0, campaign.indexOf('/'))))
                .to(args[4], Produced.with(Serdes.String(), Serdes.ByteArray()));

        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        streams.setStateListener((now, before) -> System.out.println(now));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(5))));
        streams.start();
    }
}
