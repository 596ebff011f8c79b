# stream.sh: the day goes into the outbound topic, and what comes of it is shown as it happens. Sourced by quickstart,
# which sets what it uses.
# shellcheck shell=bash disable=SC2034,SC2154

judged_count() { wc -l <"$dir/verdicts.out"; }

# Seconds since the stream began.
stamp() {
    local since=$(($(now_ms) - stream_begin))
    printf '%3d.%d s' $((since / 1000)) $((since % 1000 / 100))
}

erase_passing() {
    if [[ -n $is_terminal ]]; then
        printf '\r\e[K'
    fi
}

# Prints what `watch` has written since: incidents, and holds of more than one message. What comes at one moment is put
# in the order in which it follows from each other, since alerts and commands are different topics.
show_news() {
    local line at
    local -a news=()
    while IFS= read -r -u 7 line; do
        case $line in
        *' message msg-'*) held_singly=$((held_singly + 1)) ;;
        *' incident.opened '*) news+=("1$line") ;;
        *' incident.'*) news+=("2$line") ;;
        *) news+=("3$line") ;;
        esac
        if ((${#news[@]} == 1)); then
            sleep 0.2 # the rest of it
        fi
    done
    ((${#news[@]} > 0)) || return 0
    at=$(stamp)
    erase_passing
    while IFS= read -r line; do
        printf '    %s  %s%s%s\n' "$at" "$bold$red" "${line#* }" "$plain"
    done < <(printf '%s\n' "${news[@]}" | sort -s -k1.1,1.1)
}

# stream_part MESSAGES SECONDS: that many lines from descriptor 6 to the producer, evenly over that time, but never so
# many ahead of the verdicts that the sandbox could drop something.
stream_part() {
    local count=$1 length_ms=$(($2 * 1000)) begin due done_count=0
    local -a lines
    begin=$(now_ms)
    while ((done_count < count)); do
        due=$(((($(now_ms) - begin) * count + length_ms - 1) / length_ms))
        due=$((due > count ? count : due))
        if ((due > done_count && sent - $(judged_count) < unread_max)); then
            mapfile -t -u 6 -n $((due - done_count)) lines
            ((${#lines[@]} > 0)) || return 1
            printf '%s\n' "${lines[@]}" >&5
            done_count=$((done_count + ${#lines[@]})) sent=$((sent + ${#lines[@]}))
        fi
        show_news
        show_passing "$sent of $messages messages sent, $held_singly wrong numbers held one by one"
        if ! is_running "$processor_pid" || ! is_running "$producer_pid" || [[ ! -d $dir ]]; then
            return 1
        fi
        sleep 0.05
    done
}

all_are_judged() {
    show_news
    (($(judged_count) + $(fetch collections.dead-letter.v1 '\n' | wc -l) >= messages))
}
campaign_is_held() {
    show_news
    grep -q ' hold .* campaign ' "$dir/watch.out"
}

# The message's id is its key, which spreads the day over the 16 partitions.
stream_day() {
    local before
    log=$dir/processor.log
    sed 's/^{"message_id":"\([^"]*\)"/\1\t&/' "$dir/data/events.ndjson" >"$dir/keyed.tsv"
    before=$(grep -n -m 1 '"incident":"' "$dir/data/labels.ndjson" | cut -d: -f1)
    before=$((before - 1)) messages=$(wc -l <"$dir/keyed.tsv")
    mkfifo "$dir/producer.fifo"
    setsid kcat -b "$bootstrap" -P -t collections.outbound.v1 -K $'\t' -X linger.ms=5 -X log_level=3 \
        <"$dir/producer.fifo" >"$dir/producer.log" 2>&1 8>&- 9>&- &
    producer_pid=$!
    pids+=("$producer_pid")
    exec 5>"$dir/producer.fifo" 6<"$dir/keyed.tsv" 7<"$dir/watch.out"
    rm -f "$dir/producer.fifo"
    stream_begin=$(now_ms) sent=0 held_singly=0
    stream_part "$before" "$day_seconds" || return 1
    erase_passing
    printf '    %s  campaign %s begins to send\n' "$(stamp)" "$campaign"
    stream_part $((messages - before)) "$batch_seconds" || return 1
    exec 5>&- 6<&-
    wait "$producer_pid" || return 1
    unset 'pids[-1]'
    await all_are_judged && await campaign_is_held
}
