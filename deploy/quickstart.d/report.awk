# quickstart.awk: compares what quickstart saw with the truth, and prints the table that it ends with.
#
#   awk -f quickstart.awk kind=label FILE kind=sent FILE kind=verdict FILE kind=alert FILE kind=command FILE
#
# Labels are the generator's; the other files have a record's Kafka timestamp (ms), a tab, and the key (sent) or the
# value. Exit status: 0 when every verdict and reason is the true one and the planted batch alone was held, else 1.

# The text of a string, number or array member of the object in `json`; the first of that name. What we read is our own
# programs' output, which has no space between the tokens.
function member(json, name,    at, text) {
    at = index(json, "\"" name "\":")
    if (at == 0) {
        return ""
    }
    text = substr(json, at + length(name) + 3)
    if (substr(text, 1, 1) == "\"") {
        text = substr(text, 2)
        return substr(text, 1, index(text, "\"") - 1)
    }
    if (substr(text, 1, 1) == "[") {
        return substr(text, 1, index(text, "]"))
    }
    match(text, /^[^,}\]]*/)
    return substr(text, 1, RLENGTH)
}

# From an object member on, so that member() finds what is in it.
function within(json, name) {
    return substr(json, index(json, "\"" name "\":{"))
}

function row(name, text) {
    printf "  %-26s %s\n", name, text
}

function thousands(number,    text) {
    for (text = sprintf("%d", number); match(text, /^[0-9][0-9][0-9][0-9]/); ) {
        sub(/[0-9][0-9][0-9]($|,)/, ",&", text)
    }
    return text
}

function one_or_more(count, one, more) {
    return thousands(count) " " (count == 1 ? one : more)
}

kind == "label" {
    id = member($0, "message_id")
    expected[id] = member($0, "expected")
    reasons[id] = member($0, "reasons")
    is_bad[id] = member($0, "incident") != "null" && expected[id] == "misdirected"
    bad_count += is_bad[id]
    truth_count += expected[id] == "misdirected"
    message_count++
}

kind != "label" {
    tab = index($0, "\t")
    at_ms = substr($0, 1, tab - 1) + 0
    json = substr($0, tab + 1)
}

kind == "sent" && is_bad[json] && (first_bad_ms == 0 || at_ms < first_bad_ms) {
    first_bad_ms = at_ms
}

kind == "verdict" {
    id = member(json, "message_id")
    if (id in judged_ms) {
        repeated++
        next
    }
    judged_ms[id] = at_ms
    judged_count++
    verdict = member(json, "verdict")
    is_flagged = verdict == "misdirected"
    flagged_count += is_flagged
    right += is_flagged && expected[id] == "misdirected"
    wrong += is_flagged && expected[id] != "misdirected"
    missed += !is_flagged && expected[id] == "misdirected"
    passed += !is_flagged && expected[id] != "misdirected"
    differing += verdict != expected[id] || member(json, "reasons") != reasons[id]
}

kind == "alert" && member(json, "type") != "incident.closed" {
    alerts[++alert_count] = json
}

kind == "command" && member(json, "action") == "hold" {
    target = within(json, "target")
    if (member(target, "kind") == "message") {
        held_singly++
    } else if (!((member(target, "kind") "/" member(target, "id")) in held)) {
        held[member(target, "kind") "/" member(target, "id")] = 1
        if (++hold_count == 1) {
            hold_ms = at_ms
            hold_kind = member(target, "kind")
            hold_id = member(target, "id")
            hold_tenant = member(target, "tenant_id")
            hold_incident = member(json, "incident_id")
            hold_tier = member(json, "tier")
        }
    }
}

function print_verdicts() {
    row("messages judged", thousands(judged_count) " of " thousands(message_count) \
        (repeated > 0 ? ", " thousands(repeated) " of them more than once" : ", each of them once"))
    row("flagged as misdirected", thousands(flagged_count) "; in truth there are " thousands(truth_count))
    row("  rightly flagged", thousands(right))
    row("  wrongly flagged", thousands(wrong))
    row("  missed", thousands(missed))
    row("  rightly let pass", thousands(passed))
    row("verdicts with all reasons", differing == 0 ? "all as labelled" : \
        thousands(differing) " differ from their labels")
}

function print_incident(    i, evidence) {
    for (i = 1; i <= alert_count; i++) {
        if (member(alerts[i], "incident_id") == hold_incident && member(alerts[i], "tier") == hold_tier) {
            break
        }
    }
    row("incident", hold_kind " " hold_id " of " hold_tenant " (" hold_incident ")")
    if (i <= alert_count) {
        evidence = within(alerts[i], "evidence")
        row("  likely cause", member(within(alerts[i], "cause"), "likely"))
        row("  evidence", member(evidence, "misdirected") " of " member(evidence, "judged") \
            " messages misdirected; usual is " sprintf("%.2f", member(evidence, "baseline") * 100) " %")
        row("  log-likelihood ratio", sprintf("%.1f, above the threshold of %.1f", \
            member(evidence, "log_likelihood_ratio"), member(evidence, "threshold")))
        row("  false alarms", "at most one in " thousands(member(evidence, "false_alarm_budget")) \
            " healthy messages")
    }
}

function print_hold(    id, escaped) {
    for (id in judged_ms) {
        escaped += is_bad[id] && judged_ms[id] <= hold_ms
    }
    row("time to hold", sprintf("%.2f s after the batch's first wrong message was sent", \
        (hold_ms - first_bad_ms) / 1000))
    row("judged before the hold", thousands(escaped) " of the batch's " \
        one_or_more(bad_count, "misdirected message", "misdirected messages"))
    row("held one by one", thousands(held_singly) ", those among them")
    if (hold_count > 1) {
        row("other holds", thousands(hold_count - 1))
    }
}

END {
    print_verdicts()
    if (hold_count > 0) {
        print_incident()
        print_hold()
    } else {
        row("incident", "none was held")
    }
    is_good = judged_count == message_count && repeated == 0 && wrong == 0 && missed == 0 && differing == 0 &&
        hold_count == 1 && hold_kind == "campaign" && hold_id == planted
    exit !is_good
}
