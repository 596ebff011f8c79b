#!/usr/bin/env python3
"""Looks at a page of `wrongnumber-bench report`, and at pictures of it. Only the standard library.

    report_page.py whole PAGE RUN       closed, well-formed, labelled, and about every incident of the run
    report_page.py recomputed PAGE      every statistic was recomputed and agrees
    report_page.py picture PNG KIND     not blank, and light or dark
    report_page.py paper PDF RUN        a page of paper an incident at least
    report_page.py narrow PAGE WIDTH    prints a page that shows PAGE at that width and measures it
    report_page.py fits DOM             what was measured: nothing sticks out
"""
import html
import html.parser
import json
import pathlib
import re
import struct
import sys
import xml.etree.ElementTree
import zlib

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(html.parser.HTMLParser):
    """Collects what the checks look at; complains of tags that do not close."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.faults, self.ids, self.links = [], [], [], []
        self.headings, self.text, self.captions, self.tables, self.scripts = [], [], 0, 0, 0

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "src", "srcset", "action", "data", "poster") or name.startswith("on"):
                self.links.append((tag, name, value))
        self.captions += tag == "caption"
        self.tables += tag == "table"
        self.scripts += tag == "script"
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self.open[-3:]} at {self.getpos()}")
        elif tag not in VOID:
            self.open.pop()

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text.append(data)


def need(truth, what):
    if not truth:
        sys.exit(what)


def lines_of(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            pass


def check_closed(source, page):
    for tag, name, value in page.links:
        need(name == "href" and tag == "a" and value.startswith("#"), f"<{tag} {name}={value}>")
        need(value[1:] in page.ids, f"a link to {value}, which is nowhere")
    style = "".join(re.findall(r"<style>(.*?)</style>", source, re.S))
    need(not re.search(r"url\(|@import|expression\(", style), "the style loads something")
    rest = source.replace('xmlns="http://www.w3.org/2000/svg"', "")
    need("http:" not in rest and "https:" not in rest, "an address of somewhere else")
    need(page.scripts == 1, f"{page.scripts} scripts")


def check_charts(source):
    charts = re.findall(r'<svg class="(?:wide|narrow)".*?</svg>', source, re.S)
    need(len(charts) >= 2, "no charts")
    for chart in charts:
        root = xml.etree.ElementTree.fromstring(chart)
        name = "{http://www.w3.org/2000/svg}"
        need(root.find(name + "title").text and root.find(name + "desc").text, "a chart without words")
        need(not re.search(r"[\" MLH,(]-?(?:nan|inf)\b", chart), "a chart with numbers that are none")
        for path in root.iter(name + "path"):
            points = len(re.findall("[ML]", path.get("d")))
            need(points <= 481, f"{points} points in one curve")
    for chart in re.findall(r"<svg viewBox.*?</svg>", source, re.S):
        xml.etree.ElementTree.fromstring(chart)


def whole(path, run):
    source = pathlib.Path(path).read_text(encoding="utf-8")
    page = Page()
    page.feed(source)
    need(not page.open and not page.faults, f"open: {page.open}; {page.faults[:3]}")
    need(len(page.ids) == len(set(page.ids)), "an id twice")
    need(page.captions == page.tables, f"{page.tables} tables, {page.captions} captions")
    need(page.headings.count(1) == 1, f"headings: {page.headings}")
    for before, after in zip(page.headings, page.headings[1:]):
        need(after <= before + 1, f"a heading {after} below {before}")
    check_closed(source, page)
    check_charts(source)
    text = "".join(page.text)
    run = pathlib.Path(run)
    for alert in lines_of(run / "alerts.ndjson"):
        need(alert["incident_id"] in text, f"nothing of incident {alert['incident_id']}")
    verdicts = list(lines_of(run / "verdicts.ndjson"))
    need(f"{len(verdicts):,} messages" in text, "another number of messages")
    for verdict in verdicts[:500]:
        need(verdict["recipient_pseudonym"] not in source, "a recipient")


def recomputed(path):
    source = pathlib.Path(path).read_text(encoding="utf-8")
    sums = source.count("Check it yourself")
    need(sums > 0 and source.count("to the last digit.") == sums, "a sum that does not agree with its alert")
    need("do not equal the alerts" not in source, "curves that do not agree with their alerts")


def read_png(path):
    """The rows of an 8-bit RGB(A) PNG: width, bytes a pixel, rows."""
    data = pathlib.Path(path).read_bytes()
    need(data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG")
    at, packed = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
        elif kind == b"IDAT":
            packed += body
        at += 12 + size
    need(depth == 8 and colour in (2, 6), f"depth {depth}, colour {colour}")
    pixel = 3 if colour == 2 else 4
    raw, stride = zlib.decompress(packed), width * pixel
    above, rows = bytearray(stride), []
    for y in range(height):
        kind = raw[y * (stride + 1)]
        row = bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for x in range(stride if kind else 0):
            left = row[x - pixel] if x >= pixel else 0
            corner = above[x - pixel] if x >= pixel else 0
            guess = (0, left, above[x], (left + above[x]) // 2, None)[kind]
            if guess is None:
                first = left + above[x] - corner
                guess = min((abs(first - left), 0, left), (abs(first - above[x]), 1, above[x]),
                            (abs(first - corner), 2, corner))[2]
            row[x] = row[x] + guess & 255
        rows.append(row)
        above = row
    return width, pixel, rows


def picture(path, kind):
    width, pixel, rows = read_png(path)
    counts = {}
    for row in rows[::3]:
        for x in range(0, width * pixel, 2 * pixel):
            colour = bytes(row[x:x + 3])
            counts[colour] = counts.get(colour, 0) + 1
    paper = max(counts, key=counts.get)
    share = 1 - counts[paper] / sum(counts.values())
    need(len(counts) >= 40, f"{len(counts)} colours only")
    need(0.01 < share < 0.7, f"{share:.1%} is not paper")
    need(max(paper) < 64 if kind == "dark" else min(paper) > 192, f"the paper is {paper.hex()}")


def paper(path, run):
    data = pathlib.Path(path).read_bytes()
    need(data.startswith(b"%PDF"), "no PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b", data))
    incidents = {alert["incident_id"] for alert in lines_of(pathlib.Path(run) / "alerts.ndjson")}
    need(pages > len(incidents), f"{pages} pages for {len(incidents)} incidents")


MEASURE = """<script>
addEventListener("load", function () {
    var width = document.documentElement.clientWidth, out = [];
    document.querySelectorAll("body *").forEach(function (e) {
        var box = e.getBoundingClientRect();
        if (box.width > 0 && !e.closest(".scroll") && (box.right > width + 1 || box.left < -1) &&
            !e.closest(".skip") && !e.closest("thead")) {
            out.push(e.tagName + " " + e.getAttribute("class") + " " + Math.round(box.left) + ".." +
                Math.round(box.right) + " " + e.textContent.slice(0, 40));
        }
    });
    var wide = document.documentElement.scrollWidth > width ? ["the page scrolls sideways"] : [];
    parent.document.body.setAttribute("data-measured", JSON.stringify({width: width, out: wide.concat(out)}));
});
</script>"""


def narrow(path, width):
    source = pathlib.Path(path).read_text(encoding="utf-8").replace("</body>", MEASURE + "</body>")
    print(f'<!DOCTYPE html><body style="margin:0"><iframe width="{width}" height="2400" style="border:0" '
          f'srcdoc="{html.escape(source)}"></iframe></body>')


def fits(path):
    found = re.search(r'data-measured="([^"]*)"', pathlib.Path(path).read_text(encoding="utf-8"))
    need(found, "nothing was measured")
    measured = json.loads(html.unescape(found.group(1)))
    need(measured["width"] < 400, f"{measured['width']} pixels are no telephone")
    need(not measured["out"], "\n".join(measured["out"][:20]))


if __name__ == "__main__":
    {"whole": whole, "recomputed": recomputed, "picture": picture, "paper": paper, "narrow": narrow,
     "fits": fits}[sys.argv[1]](*sys.argv[2:])
