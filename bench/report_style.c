// The page's looks, and the little script that opens what is folded before it is printed. One screen
// of rules for light, dark, narrow and paper; charts take their colours from here.
#include "bench/report_write.h"

// clang-format off
static const char *const style[] = {
        ":root{color-scheme:light dark;--paper:#fff;--card:#f6f7f8;--ink:#1b2026;--soft"
        ":#55606c;--line:#dde1e6;--grid:#e9ecef;--blue:#0b5cad;--red:#b3261e;--amber:#8"
        "a5a00;--green:#1c6b3c;--held:#f3d9d6;--bar:#c3cad2;--n0:#3b6fb6;--n1:#1c7f4b;-"
        "-n2:#9a3f93;--n3:#b3261e;--n4:#8a5a00}\n",
        "@media (prefers-color-scheme:dark){:root{--paper:#15181c;--card:#1d2126;--ink:"
        "#e7eaed;--soft:#a3adb8;--line:#343a42;--grid:#262b31;--blue:#7db4f2;--red:#ff8"
        "a80;--amber:#e8b25c;--green:#7fd3a0;--held:#4a2624;--bar:#4b5561;--n0:#7db4f2;"
        "--n1:#6fd09a;--n2:#e29bdc;--n3:#ff8a80;--n4:#e8b25c}}\n",
        "*{box-sizing:border-box}\n",
        "html{-webkit-text-size-adjust:100%;text-size-adjust:100%}\n",
        "body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-u"
        "i,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",sans-serif;font-variant-nume"
        "ric:tabular-nums}\n",
        "main,header,footer{max-width:54rem;margin:0 auto;padding:0 1.25rem}\n",
        "header{padding-top:3rem}footer{padding-bottom:3rem;color:var(--soft);font-size"
        ":.875rem}\n",
        "h1{font-size:1.9rem;line-height:1.2;margin:0 0 .25rem;letter-spacing:-.01em}\n",
        "h2{font-size:1.35rem;line-height:1.3;margin:3.5rem 0 .75rem}\n",
        "h3{font-size:1.05rem;margin:2rem 0 .5rem}\n",
        "p{margin:.6rem 0;max-width:44rem}\n",
        "a{color:var(--blue)}a:focus-visible,summary:focus-visible{outline:3px solid va"
        "r(--blue);outline-offset:2px}\n",
        ".skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem}\n",
        ".eyebrow{margin:0 0 .5rem;color:var(--soft);font-size:.875rem;letter-spacing:."
        "02em}\n",
        ".lede{font-size:1.15rem;line-height:1.55;margin:1rem 0 1.5rem}\n",
        ".note{color:var(--soft);font-size:.9rem}\n",
        "code{font:.9em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-w"
        "rap:anywhere}code.short{white-space:nowrap}\n",
        ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));ga"
        "p:.75rem;margin:1.5rem 0;padding:0;list-style:none}\n",
        ".tiles li{background:var(--card);border:1px solid var(--line);border-radius:.6"
        "rem;padding:.7rem .9rem}\n",
        ".tiles b{display:block;font-size:1.5rem;line-height:1.25;font-weight:600}\n",
        ".tiles span{color:var(--soft);font-size:.85rem;line-height:1.35;display:block}"
        "\n",
        ".badge{display:inline-block;border:1px solid currentColor;border-radius:1rem;p"
        "adding:0 .6rem;font-size:.85rem;font-weight:600;white-space:nowrap}\n",
        ".t-none,.t-notice{color:var(--soft)}.t-alert{color:var(--amber)}.t-quarantine,"
        ".t-stop{color:var(--red)}.ok{color:var(--green)}.bad{color:var(--red)}\n",
        ".incident{border-top:1px solid var(--line);margin-top:3.5rem;padding-top:.5rem"
        "}\n",
        ".incident h2{margin-top:1.5rem;overflow-wrap:anywhere}\n",
        ".scroll{overflow-x:auto;max-width:100%;margin:.75rem 0}\n",
        "table{border-collapse:collapse;width:100%;font-size:.92rem}\n",
        "caption{text-align:left;color:var(--soft);font-size:.9rem;padding:0 0 .4rem}\n",
        "th,td{text-align:left;vertical-align:top;padding:.4rem .75rem .4rem 0;border-b"
        "ottom:1px solid var(--line)}\n",
        "th:last-child,td:last-child{padding-right:0}\n",
        "thead th{color:var(--soft);font-weight:600;font-size:.85rem}\n",
        "tbody th{font-weight:500}\n",
        ".num{text-align:right;white-space:nowrap}.nowrap{white-space:nowrap}\n",
        "table.facts th{width:34%;color:var(--soft);font-weight:500}\n",
        "dl{margin:.75rem 0;display:grid;grid-template-columns:minmax(9rem,13rem) 1fr;g"
        "ap:.5rem 1.25rem}\n",
        "dt{font-weight:600}dd{margin:0;max-width:38rem}\n",
        "details{margin:1.25rem 0}td details{margin:0}summary{cursor:pointer;color:var("
        "--blue);font-weight:500}\n",
        ".sum{background:var(--card);border:1px solid var(--line);border-radius:.6rem;p"
        "adding:.75rem 1rem;margin:.75rem 0;overflow-wrap:anywhere}\n",
        ".sum p{margin:.25rem 0}\n",
        ".shares{list-style:none;margin:.75rem 0;padding:0;max-width:36rem}\n",
        ".shares li{display:grid;grid-template-columns:11rem 1fr 4rem;gap:0 .75rem;alig"
        "n-items:center;padding:.15rem 0}\n",
        ".shares i{display:block;height:.6rem;background:var(--grid);border-radius:.3re"
        "m;overflow:hidden}\n",
        ".shares i b{display:block;height:100%;background:var(--blue);border-radius:.3r"
        "em}\n",
        ".shares small{grid-column:1/-1;color:var(--soft);font-size:.85rem}.shares em{f"
        "ont-style:normal;text-align:right}\n",
        "figure{margin:1.25rem 0}figcaption{color:var(--soft);font-size:.9rem;margin-to"
        "p:.35rem;max-width:44rem}\n",
        "svg{display:block;width:100%;height:auto;overflow:visible}\n",
        "svg.narrow{display:none}\n",
        "svg text{fill:var(--soft);font:12.5px system-ui,-apple-system,\"Segoe UI\",Rob"
        "oto,\"Noto Sans\",sans-serif;font-variant-numeric:tabular-nums}\n",
        "svg text.halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-l"
        "inejoin:round}svg .strong{fill:var(--ink);font-weight:600}svg .start{text-anch"
        "or:start}svg .middle{text-anchor:middle}svg .end{text-anchor:end}\n",
        ".axis{stroke:var(--soft);stroke-width:1}.grid{stroke:var(--grid);stroke-width:"
        "1}\n",
        ".limit{stroke:var(--ink);stroke-width:1.2;stroke-dasharray:5 4;fill:none}\n",
        ".limit.soft{stroke:var(--soft);stroke-width:1}\n",
        ".when{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 3}.hold{stroke:var("
        "--red);stroke-width:1.5}\n",
        ".heldspan{fill:var(--held)}.bar{fill:var(--bar)}.barbad{fill:var(--red)}\n",
        ".lane{stroke:var(--line);stroke-width:1}.plant{stroke:var(--blue);stroke-width"
        ":3}\n",
        ".curve{fill:none;stroke-width:1.6;stroke-linejoin:round;opacity:.9}.curve.main"
        "{stroke-width:3;opacity:1}\n",
        ".n0{stroke:var(--n0)}.n1{stroke:var(--n1);stroke-dasharray:7 3}.n2{stroke:var("
        "--n2);stroke-dasharray:2 3}.n3{stroke:var(--n3)}.n4{stroke:var(--n4);stroke-da"
        "sharray:9 3 2 3}\n",
        ".curve.main{stroke-dasharray:none}\n",
        "svg text.n0,svg text.n1,svg text.n2,svg text.n3,svg text.n4{stroke:none;stroke"
        "-dasharray:none}\n",
        "svg text.n0{fill:var(--n0)}svg text.n1{fill:var(--n1)}svg text.n2{fill:var(--n"
        "2)}svg text.n3{fill:var(--n3)}svg text.n4{fill:var(--n4)}\n",
        ".rate{fill:none;stroke:var(--red);stroke-width:2;stroke-linejoin:round}\n",
        ".mark{fill:var(--soft);stroke:var(--paper);stroke-width:1.5;vector-effect:non-"
        "scaling-stroke}\n",
        ".mark.open{fill:var(--paper);stroke:var(--soft);stroke-width:2}.mark.alert{fil"
        "l:var(--amber)}.mark.quarantine,.mark.stop{fill:var(--red)}.mark.blue{fill:var"
        "(--blue)}.mark.inkopen{fill:var(--paper);stroke:var(--ink);stroke-width:1.8}\n",
        "path.mark.open{fill:none;stroke:var(--ink)}\n",
        ".keys{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;list-style:none;padding:0;m"
        "argin:.5rem 0;color:var(--soft);font-size:.88rem}\n",
        ".keys li{display:inline-flex;align-items:center;gap:.4rem}.keys svg{width:22px"
        ";height:16px;flex:none;display:block}\n",
        "@media (max-width:40rem){\n",
        "body{font-size:15.5px}header{padding-top:1.5rem}main,header,footer{padding-lef"
        "t:1rem;padding-right:1rem}h1{font-size:1.55rem}h2{font-size:1.2rem;margin-top:"
        "2.5rem}\n",
        "svg.wide{display:none}svg.narrow{display:block}\n",
        "dl{grid-template-columns:1fr;gap:.1rem 0}dd{margin-bottom:.6rem}\n",
        ".tiles{grid-template-columns:1fr 1fr}.tiles li:first-child{grid-column:1/-1}.s"
        "hares li{grid-template-columns:8.5rem 1fr 3.6rem;gap:0 .5rem}\n",
        "table.stack caption{display:block}table.stack thead{position:absolute;left:-99"
        "rem}table.stack,table.stack tbody,table.stack tr,table.stack td,table.stack th"
        "{display:block;width:auto}\n",
        "table.stack tr{border-bottom:1px solid var(--line);padding:.5rem 0}table.stack"
        " th,table.stack td{border:0;padding:.1rem 0;text-align:left;white-space:normal"
        "}\n",
        "table.stack td[data-l]::before{content:attr(data-l) \": \";color:var(--soft)}\n",
        "table.facts th{width:45%}}\n",
        "@media print{\n",
        ":root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--lin"
        "e:#bbb;--grid:#e4e4e4;--blue:#0b4a8f;--red:#a3140c;--amber:#704800;--green:#14"
        "532d;--held:#f0e2e0;--bar:#c6ccd2;--n0:#2a5b9e;--n1:#14693b;--n2:#7d2f77;--n3:"
        "#a3140c;--n4:#704800}\n",
        "@page{margin:16mm 14mm}\n",
        "body{font-size:10.5pt;-webkit-print-color-adjust:exact;print-color-adjust:exac"
        "t}\n",
        "main,header,footer{max-width:none;padding:0}header{padding-top:0}\n",
        "h2,h3,caption,summary{break-after:avoid}figure,.sum,.tiles,tr,dt,dd,table.fact"
        "s{break-inside:avoid}\n",
        ".incident{break-before:page;border-top:0;margin-top:0}.scroll{overflow:visible"
        "}\n",
        ".skip,nav{display:none}svg.narrow{display:none}svg.wide{display:block}a{color:"
        "inherit;text-decoration:none}\n",
        "details::details-content{content-visibility:visible;display:block}summary{colo"
        "r:var(--ink);list-style:none}}\n",
};

static const char *const script[] = {
        "addEventListener(\"beforeprint\",function(){document.querySelectorAll(\"detail"
        "s\").forEach(function(d){d.dataset.was=d.open?\"1\":\"\";d.open=true})});\n",
        "addEventListener(\"afterprint\",function(){document.querySelectorAll(\"details"
        "\").forEach(function(d){d.open=d.dataset.was===\"1\"})});\n",
};
// clang-format on

static void add_all(struct strbuf *out, const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        strbuf_add_text(out, lines[i]);
    }
}

void write_style(struct strbuf *out)
{
    strbuf_add_text(out, "<style>\n");
    add_all(out, style, sizeof style / sizeof style[0]);
    strbuf_add_text(out, "</style>\n");
}

void write_script(struct strbuf *out)
{
    strbuf_add_text(out, "<script>\n");
    add_all(out, script, sizeof script / sizeof script[0]);
    strbuf_add_text(out, "</script>\n");
}
