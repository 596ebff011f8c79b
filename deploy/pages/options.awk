# Writes the options of the configuration file's page from `wrongnumber check --describe`; with -f mdoc.awk. Those of the
# file's top level come first, the others by the mapping that they are in.
/^[^ ]/ {
    name = $0
    at = index(name, ".")
    group = at > 0 ? substr(name, 1, at - 1) : ""
    if (!(group in members)) {
        groups[++group_count] = group
    }
    members[group] = members[group] name "\n"
    next
}
{
    sub(/^ +/, "")
    texts[name] = texts[name] $0 "\n"
}
function print_group(group, title, names, count, i, lines, line_count, j) {
    print ".Ss " title
    print ".Bl -tag -width Ds"
    count = split(members[group], names, "\n")
    for (i = 1; i < count; i++) {
        print ".It Cm " mdoc_quoted(names[i])
        line_count = split(texts[names[i]], lines, "\n")
        for (j = line_count - 1; j >= 1; j--) {
            mdoc_fill(toupper(substr(lines[j], 1, 1)) substr(lines[j], 2) ".")
        }
    }
    print ".El"
}
END {
    if ("" in members) {
        print_group("", "Top level")
    }
    for (g = 1; g <= group_count; g++) {
        if (groups[g] != "") {
            print_group(groups[g], groups[g])
        }
    }
}
