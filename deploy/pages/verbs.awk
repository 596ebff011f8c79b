# Writes one verb's part of a man page from the parts of its --help (help.awk); with -f mdoc.awk.
# -v verb=NAME -v what=TEXT: the verb, and what the program's own --help says of it.
BEGIN {
    FS = "\t"
    print ".Ss " verb
    mdoc_fill(toupper(substr(what, 1, 1)) substr(what, 2) ".")
    in_usage = 0
    in_list = 0
}

# The options of a term, such as `-c, --config FILE`.
function option_term(term, forms, count, i, out, name, argument, optional) {
    sub(/^-/, "", term)
    count = split(term, forms, /, *-/)
    out = ""
    for (i = 1; i <= count; i++) {
        name = forms[i]
        argument = ""
        if (match(name, / /)) {
            argument = substr(name, RSTART + 1)
            name = substr(name, 1, RSTART - 1)
        }
        optional = ""
        if (match(name, /\[=.*\]$/)) {
            optional = " Ns Op = Ns Ar " mdoc_quoted(substr(name, RSTART + 2, RLENGTH - 3))
            name = substr(name, 1, RSTART - 1)
        }
        gsub(/-/, "\\-", name)
        out = out (i > 1 ? " , " : "") "Fl " name optional (argument != "" ? " Ar " mdoc_quoted(argument) : "")
    }
    return out
}
# A form of the verb; too long a one goes on in an indented line.
function print_usage(text, words, count, i, line) {
    count = split(mdoc_text(text), words, / /)
    line = words[1]
    for (i = 2; i <= count; i++) {
        if (length(line) + 1 + length(words[i]) > 72) {
            print line
            line = "   "
        }
        line = line " " words[i]
    }
    print line
}
function end_usage() { if (in_usage) { print ".Ed" } in_usage = 0 }
function end_list() { if (in_list) { print ".El" } in_list = 0 }

$1 == "usage" {
    if (!in_usage) {
        print ".Bd -unfilled -offset indent"
        in_usage = 1
    }
    print_usage($2)
}
$1 == "para" {
    end_usage()
    end_list()
    print ".Pp"
    mdoc_fill(toupper(substr($2, 1, 1)) substr($2, 2))
}
# The last line of a help text that says how to ask for more is for the terminal.
$1 == "item" && $2 !~ / VERB --help$/ {
    end_usage()
    if (!in_list) {
        print ".Bl -tag -width Ds"
        in_list = 1
    }
    print ".It " ($2 ~ /^-/ ? option_term($2) : "Cm " mdoc_quoted($2))
    mdoc_fill($2 ~ /--help/ ? "this text" : $3)
}
END { end_usage(); end_list() }
