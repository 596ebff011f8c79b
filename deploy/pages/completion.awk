# Writes the rows of the completion's table, a verb each, from the parts of its --help (help.awk).
# -v key=PROGRAM/VERB. A verb's own verbs, such as `audit verify`, and words that a form of it has, are completed as well; so
# are the values of an option that its forms or its item name, and files for those that want one.
function add_option(form, name, argument, at) {
    at = index(form, " ")
    name = at > 0 ? substr(form, 1, at - 1) : form
    argument = at > 0 ? substr(form, at + 1) : ""
    sub(/\[?=.*/, "", name) # an argument that may be left out, --wait[=TIME], is nothing to complete
    if (name !~ /^--?[A-Za-z0-9][A-Za-z0-9-]*$/) {
        return
    }
    if (!(name in has)) {
        has[name] = 1
        order[++count] = name
    }
    if (argument ~ /^[a-z0-9_]+(\|[a-z0-9_]+)*$/) {
        add_values(name, argument)
    } else if (argument ~ /FILE|CONFIG|DIR/) {
        values[name] = argument ~ /DIR/ ? "<directory>" : "<file>"
    } else if (argument != "" && values[name] == "") {
        values[name] = "<any>"
    }
}
function add_values(name, text) {
    gsub(/\|/, " ", text)
    values[name] = values[name] == "" || values[name] ~ /^</ ? text : values[name] " " text
}
BEGIN {
    FS = "\t"
    next_word = split(key, key_words, "[ /]") + 1
}
$1 == "usage" {
    n = split($2, words, " ")
    has_own_verbs = has_own_verbs || words[next_word] == "VERB"
    if (words[next_word] ~ /^[a-z][a-z]+$/ && !(words[next_word] in is_word)) {
        is_word[words[next_word]] = 1
        subwords = subwords (subwords == "" ? "" : " ") words[next_word]
    }
    for (i = 2; i <= n; i++) {
        value = words[i]
        gsub(/[][().]/, "", value)
        name = words[i - 1]
        gsub(/[][()]/, "", name)
        if (name ~ /^--/ && words[i - 1] !~ /\]/ && value ~ /^[a-z]+(\|[a-z]+)*$/) {
            usage_values[name] = value
        }
    }
}
$1 == "item" && has_own_verbs && $2 ~ /^[a-z]+$/ { subwords = subwords (subwords == "" ? "" : " ") $2 }
$1 == "item" && $2 ~ /^-/ {
    n = split($2, forms, /, */)
    last = ""
    for (i = n; i >= 1; i--) {
        # The argument is named once, behind the last form.
        if (index(forms[i], " ") > 0) {
            last = substr(forms[i], index(forms[i], " "))
        }
        add_option(index(forms[i], " ") > 0 ? forms[i] : forms[i] (forms[i] ~ /^-[A-Za-z]$/ ? last : ""))
    }
}
END {
    line = subwords
    for (i = 1; i <= count; i++) {
        line = line (line == "" ? "" : " ") order[i]
    }
    printf "    [%s]=\"%s\"\n", key, line
    for (name in usage_values) {
        if ((name in has) && values[name] ~ /^<any>|^$/) {
            values[name] = ""
            add_values(name, usage_values[name])
        }
    }
    for (i = 1; i <= count; i++) {
        if (values[order[i]] != "") {
            printf "    [%s %s]=\"%s\"\n", key, order[i], values[order[i]]
        }
    }
}
