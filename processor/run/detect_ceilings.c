#include "run/detect_ceilings.h"

#include "common/log.h"

void detect_tell_ceilings(int32_t partition, const struct detect_line *line)
{
    struct detect_counts counts = detect_line_counts(line);
    if (counts.scopes_overflowed > 0) {
        log_error("detect",
                "tally partition %d: %llu scopes are known, detector.max_scopes; new ones are not "
                "watched",
                partition, (unsigned long long)counts.scopes);
    }
    if (counts.incidents_overflowed > 0) {
        log_error("detect",
                "tally partition %d: %llu incidents are open, detector.max_incidents; others are "
                "not told and nothing of theirs is held",
                partition, (unsigned long long)counts.incidents);
    }
    if (counts.recent_overflowed > 0) {
        log_error("detect",
                "tally partition %d: %llu misdirected messages are not remembered, "
                "detector.max_scopes "
                "at a time are; they count, but their recipients count again",
                partition, (unsigned long long)counts.recent_overflowed);
    }
    if (counts.clearable_overflowed > 0) {
        log_error("detect",
                "tally partition %d: %llu misdirected messages were too many to be kept for a "
                "minute; late records do not correct their counts",
                partition, (unsigned long long)counts.clearable_overflowed);
    }
}
