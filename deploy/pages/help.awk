# Reads what `PROGRAM VERB --help` prints and gives its parts, one a line, with tabs between them:
#
#   usage TEXT         the forms of the verb, one each, on one line
#   para TEXT          a paragraph
#   item TERM TEXT     an option or a word with what it means
#
# The form of a help text: the usage comes first, up to an empty line. A line that is indented and has a dash, or two
# spaces behind its first words, is an item; lines indented as far as its text go on with it. All else is paragraphs.
function finish() {
    if (kind != "") {
        gsub(/ +/, " ", text)
        print kind "\t" (kind == "item" ? term "\t" : "") text
    }
    kind = ""
}
function indent_of(line) { match(line, /^ */); return RLENGTH }
function begin_item(line, rest) {
    finish()
    kind = "item"
    item_indent = indent_of(line)
    rest = substr(line, item_indent + 1)
    if (match(rest, /  +/)) {
        term = substr(rest, 1, RSTART - 1)
        text = substr(rest, RSTART + RLENGTH)
        text_column = item_indent + RSTART + RLENGTH - 1
    } else {
        term = rest
        text = ""
        text_column = item_indent + 5
    }
}
BEGIN { in_usage = 1 }
/^$/ { finish(); in_usage = 0; next }
in_usage && tolower($1) == "usage:" {
    finish()
    kind = "usage"
    sub(/^[Uu]sage: */, "")
    text = $0
    program = $1
    next
}
in_usage && $1 == program { finish(); kind = "usage"; sub(/^ */, ""); text = $0; next }
in_usage { sub(/^ */, ""); text = text " " $0; next }
kind == "item" && $1 !~ /^--?[a-z]/ && indent_of($0) >= text_column { sub(/^ */, ""); text = text " " $0; next }
/^  +-/ || /^  +[^ ]+( [^ ]+)*   *[^ ]/ { begin_item($0); next }
kind == "para" { sub(/^ */, ""); text = text " " $0; next }
{ finish(); kind = "para"; sub(/^ */, ""); text = $0 }
END { finish() }
