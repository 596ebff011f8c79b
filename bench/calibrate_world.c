// False alarms of the whole second half, on healthy worlds. It is told no baseline: the processor's
// configuration as it is.
#include <stdio.h>

#include "bench/calibrate.h"
#include "bench/false_alarms.h"
#include "bench/healthy_frames.h"
#include "bench/random.h"
#include "bench/score_json.h"
#include "commands/load_config.h"
#include "detect_line.h"

enum { OUT_BYTES = 4 << 20 };

static enum err run_world(const struct calibration *calibration, const struct config *config,
        uint32_t number, struct emitter *emitter, struct false_alarms *alarms,
        struct detect_counts *ret_counts)
{
    struct healthy_world *world =
            healthy_world_create(random_mix(calibration->seed, number), calibration->clump_rho);
    if (world == NULL) {
        return ERR_NO_MEMORY;
    }
    struct healthy_frames *frames = NULL;
    struct detect_line *line = NULL;
    enum err e = healthy_frames_create(&frames, world, calibration->sources);
    if (e == ERR_NONE) {
        e = detect_line_create(&line, config, emitter);
    }
    false_alarms_begin(alarms, world);
    uint64_t messages = calibration->healthy / calibration->worlds;
    for (int64_t i = 0; e == ERR_NONE && healthy_world_sent(world) < messages; i++) {
        struct frame frame;
        bool gap;
        e = healthy_frames_next(frames, &frame);
        if (e == ERR_NONE) {
            e = detect_line_frame(line, &frame, 0, i, false, NULL, &gap);
        }
        false_alarms_count(alarms);
    }
    if (e == ERR_NONE) {
        struct detect_counts counts = detect_line_counts(line);
        ret_counts->frames += counts.frames;
        ret_counts->gaps += counts.gaps;
        ret_counts->scopes_overflowed += counts.scopes_overflowed;
        ret_counts->incidents_overflowed += counts.incidents_overflowed;
    }
    detect_line_destroy(line);
    healthy_frames_destroy(frames);
    healthy_world_destroy(world);
    return e;
}

static void write_figure(struct json_out *out, const char *key, uint64_t count, uint64_t messages)
{
    double interval[2];
    poisson_interval(count, interval);
    double scale = messages > 0 ? 1e8 / (double)messages : NO_NUMBER;
    json_object(out, key);
    score_add_count(out, "count", count);
    score_add_number(out, "per_1e8", (double)count * scale);
    json_array(out, "interval");
    score_add_number(out, NULL, interval[0] * scale);
    score_add_number(out, NULL, interval[1] * scale);
    json_array_end(out);
    json_object_end(out);
}

static void write_counts(struct json_out *out, const char *key, const struct alarm_counts *counts)
{
    uint64_t messages = counts->messages;
    json_object(out, key);
    score_add_count(out, "messages", messages);
    write_figure(out, "notices", counts->opened[TIER_NOTICE], messages);
    write_figure(out, "alerts", counts->opened[TIER_ALERT], messages);
    write_figure(out, "alerts_of_streams", counts->streams[TIER_ALERT], messages);
    write_figure(out, "quarantines", counts->holds[TIER_QUARANTINE], messages);
    write_figure(out, "stops", counts->holds[TIER_STOP], messages);
    write_figure(out, "holds_above_ceiling",
            counts->holds_above[TIER_QUARANTINE] + counts->holds_above[TIER_STOP], messages);
    json_object_end(out);
}

static enum err print(const struct calibration *calibration, const struct false_alarms *alarms,
        const struct detect_counts *counts)
{
    static const char *const names[BAND_COUNT] = {
            "cold", "tenants_to_0.5%", "tenants_to_1%", "tenants_to_2%"};
    struct strbuf text;
    strbuf_init(&text, OUT_BYTES);
    struct json_out out;
    json_begin(&out, &text);
    json_object(&out, NULL);
    score_add_count(&out, "healthy", calibration->healthy);
    score_add_count(&out, "worlds", calibration->worlds);
    score_add_count(&out, "seed", calibration->seed);
    score_add_number(&out, "clumps", calibration->clump_rho);
    score_add_count(&out, "frames", counts->frames);
    score_add_count(&out, "gaps", counts->gaps);
    score_add_count(&out, "scopes_overflowed", counts->scopes_overflowed);
    struct alarm_counts settled = false_alarms_settled(alarms);
    write_counts(&out, "settled", &settled);
    for (unsigned band = 0; band < BAND_COUNT; band++) {
        write_counts(&out, names[band], &alarms->bands[band]);
    }
    strbuf_add_text(&text, ",\n\"holds\":[");
    strbuf_add_view(&text, strbuf_view(&alarms->shown));
    strbuf_add_text(&text, "]}\n");
    enum err e = text.failed;
    if (e == ERR_NONE && fwrite(text.p, 1, text.n, stdout) != text.n) {
        e = ERR_IO;
    }
    strbuf_fini(&text);
    return e;
}

enum err calibrate_world(const struct calibration *calibration)
{
    struct config *config = NULL;
    struct emitter emitter = {0};
    struct false_alarms alarms;
    struct detect_counts counts = {0};
    enum err e = false_alarms_init(&alarms);
    if (e == ERR_NONE) {
        e = command_load_config(&config, calibration->config_path);
    }
    if (e == ERR_NONE) {
        const struct emitter_options options = {.verdicts = VERDICTS_NONE,
                .writes_monitor = true,
                .group = VIEW("calibrate"),
                .instance = VIEW("calibrate")};
        e = emitter_init(&emitter, false_alarms_sink(&alarms), &options);
        for (uint32_t i = 0; i < calibration->worlds && e == ERR_NONE; i++) {
            e = run_world(calibration, config, i, &emitter, &alarms, &counts);
        }
        emitter_fini(&emitter);
    }
    if (e == ERR_NONE) {
        e = print(calibration, &alarms, &counts);
    }
    false_alarms_fini(&alarms);
    config_destroy(config);
    return e;
}
