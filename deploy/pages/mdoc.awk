# What mdoc writers share: words as they stand in a page, in lines of a page's source.

# Text as roff prints it: dashes of options stay dashes, a quoted `command` gets quotation marks.
function mdoc_text(text, out, open) {
    gsub(/\\/, "\\e", text)
    gsub(/--/, "\\-\\-", text)
    gsub(/ -/, " \\-", text)
    sub(/^-/, "\\-", text)
    out = ""
    while (match(text, /`/)) {
        out = out substr(text, 1, RSTART - 1) (open ? "\\(cq" : "\\(oq")
        open = !open
        text = substr(text, RSTART + 1)
    }
    return out text
}

# A filled paragraph: one sentence begins a line, and no line is long.
function mdoc_fill(text, words, count, i, line) {
    count = split(mdoc_text(text), words, / +/)
    line = ""
    for (i = 1; i <= count; i++) {
        if (line != "" && length(line) + 1 + length(words[i]) > 76) {
            mdoc_line(line)
            line = ""
        }
        line = line == "" ? words[i] : line " " words[i]
        if (words[i] ~ /[.!?]\)?$/) {
            mdoc_line(line)
            line = ""
        }
    }
    if (line != "") {
        mdoc_line(line)
    }
}

# A line of text that is no request, whatever it begins with.
function mdoc_line(line) { print (line ~ /^[.']/ ? "\\&" : "") line }

# An argument of a macro.
function mdoc_quoted(text) {
    gsub(/\\/, "\\e", text)
    gsub(/"/, "\\(dq", text)
    return "\"" text "\""
}
