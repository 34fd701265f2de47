"""The report as one page of HTML that needs nothing else."""
from html import escape

from chart import growth
from display import number, size, span

STYLE = """
:root{--back:#f6f7f9;--card:#fff;--ink:#16202c;--dim:#5d6b7a;--line:#e2e6eb;--good:#0f8a4f;--bad:#c62828;--warn:#b7791f;--bar:#2563eb}
@media (prefers-color-scheme:dark){:root{--back:#12161b;--card:#1b2129;--ink:#e6eaef;--dim:#93a1b0;--line:#2c3540;--good:#4cc38a;--bad:#ff6b6b;--warn:#e5b567;--bar:#6a9dff}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:14px/1.5 system-ui,"Segoe UI","DejaVu Sans",sans-serif}
main{max-width:1080px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:24px;margin:0 0 2px}h2{font-size:17px;margin:34px 0 10px}
.dim{color:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px;overflow-x:auto}
.tile b{display:block;font-size:22px;font-variant-numeric:tabular-nums}.tile div{color:var(--dim);font-size:12px}
table{border-collapse:collapse;width:100%}th{font-weight:600;color:var(--dim);font-size:12px;text-align:left;border-bottom:1px solid var(--line)}
th,td{padding:5px 10px 5px 0;white-space:nowrap}td{border-bottom:1px solid var(--line)}tr:last-child td{border-bottom:0}
.n{text-align:right;font-variant-numeric:tabular-nums}.wide{white-space:normal;width:100%}
code,pre{font:12px/1.45 ui-monospace,"DejaVu Sans Mono",monospace}pre{margin:8px 0 0;white-space:pre;overflow-x:auto}
.command{background:var(--back);border:1px solid var(--line);border-radius:6px;padding:8px 10px}
.bar{display:inline-block;width:120px;height:8px;border-radius:4px;background:var(--line);overflow:hidden;vertical-align:middle}
.bar i{display:block;height:100%;background:var(--bar)}
details{border-bottom:1px solid var(--line)}details:last-child{border-bottom:0}
summary{cursor:pointer;display:flex;gap:12px;align-items:center;padding:6px 0}summary .name{flex:1;font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:12px}
details .in{padding:2px 0 14px 16px}.mono td{font:12px/1.45 ui-monospace,"DejaVu Sans Mono",monospace}
svg.growth{width:100%;height:auto;font:12px system-ui,"DejaVu Sans",sans-serif}svg.growth text{fill:var(--dim)}svg.growth .label{fill:revert-layer}
svg.growth path{fill:none;stroke-width:2}svg.growth .grid{stroke:var(--line)}
"""

ENDS = {"time": "complete", "interrupted": "interrupted; the same command goes on", "full": "stopped: no room on the disk",
        "aside": "stopped: every harness was set aside", "broken": "stopped"}


def _percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _bar(part, whole):
    return f'<span class="bar"><i style="width:{100 * part / whole if whole else 0:.1f}%"></i></span>'


def _table(heads, rows, kind=""):
    """heads: names, with a leading ">" for columns of numbers.  rows: cells that are HTML already."""
    numeric = [head.startswith(">") for head in heads]
    out = [f'<table class="{kind}"><tr>']
    out += [f'<th{" class=n" if n else ""}>{escape(head.lstrip(">"))}</th>' for head, n in zip(heads, numeric)]
    for row in rows:
        out.append("</tr><tr>")
        out += [f'<td{" class=n" if n else ""}>{cell}</td>' for cell, n in zip(row, numeric)]
    return "".join(out) + "</tr></table>"


def _tiles(report):
    tiles = []
    if report["harnesses"]:
        crashes = len(report["crashes"])
        tiles += [(span(report["seconds"]), "of fuzzing (all jobs together)"), (number(report["executions"]), "executions"),
                  (number(round(report["executions"] / report["seconds"])) if report["seconds"] else "-", "executions per second and job"),
                  (number(sum(row["edges"] for row in report["harnesses"])), "edges, over all harnesses"),
                  (f'<span class="{"bad" if crashes else "good"}">{crashes}</span>', "kinds of crashes")]
    if report["coverage"]:
        for group in report["coverage"]["groups"]:
            tiles.append((_percent(group["covered"], group["lines"]), f'lines: {escape(group["name"])}'))
    return '<div class="tiles">' + "".join(f'<div class="card tile"><b>{b}</b><div>{s}</div></div>' for b, s in tiles) + "</div>"


def _harnesses(report):
    if not report["harnesses"]:
        return ""
    rows = []
    for row in report["harnesses"]:
        engines = ", ".join(f'{name} {span(e["seconds"])}' for name, e in sorted(row["engines"].items()))
        rows.append((f'<b>{escape(row["name"])}</b>' + (' <span class="warn">set aside</span>' if row["set_aside"] else ""),
                     escape(engines), number(row["executions"]), number(row["per_second"]), number(row["edges"]),
                     number(row["features"]), f'{number(row["new_inputs"])} ({size(row["new_bytes"])})', f'{row["peak_rss_mib"]} MiB'))
    series = {row["name"]: row["growth"] for row in report["harnesses"]}
    return ('<h2>Growth of coverage</h2><div class="card"><p class="dim" style="margin:0 0 6px">Edges reached, over the time that the campaign ran</p>'
            + growth(series, report["clock"]) + '</div><h2>Harnesses</h2><div class="card">'
            + _table(["harness", "engines", ">executions", ">per second", ">edges", ">features", ">inputs beyond the seeds", ">peak memory"], rows) + "</div>")


def _crashes(report):
    if not report["harnesses"]:
        return ""
    starved = (f' <span class="dim">{report["starved"]} time(s) the clock ran out for an input that takes no time when it is run alone.</span>'
               if report["starved"] else "")
    if not report["crashes"]:
        return f'<h2>Crashes</h2><div class="card"><span class="good">None.</span>{starved}</div>'
    out = ["<h2>Crashes</h2>"]
    for crash in report["crashes"]:
        again = "" if crash["reproduced"] else ' <span class="warn">did not fail again when it was run alone</span>'
        frames = "\n".join(f"#{i} {frame}" for i, frame in enumerate(crash["frames"]))
        out.append(f'<div class="card" style="margin-bottom:12px"><b class="bad">{escape(crash["kind"])}</b> in <b>{escape(crash["harness"])}</b>{again}'
                   f'<br><span class="dim">{escape(crash["signature"])}</span><br>met {crash["count"]} times, first after {span(crash["first"])}, '
                   f'by {escape(crash["engine"])}; {size(crash["bytes"])}<pre>{escape(frames)}</pre>'
                   f'<p style="margin:10px 0 4px" class="dim">To see it again:</p><pre class="command">{escape(crash["command"])}</pre></div>')
    return "".join(out)


def _worst(report):
    slow = [(f'{row["ms"]:.2f} ms', escape(row["harness"]), size(row["bytes"]), f'<code>{escape(row["file"])}</code>') for row in report["slowest"]]
    large = [(size(row["bytes"]), escape(row["harness"]), f'<code>{escape(row["file"])}</code>') for row in report["largest"]]
    return ('<h2>Slowest inputs</h2><div class="card">' + _table([">time, sanitized", "harness", ">size", "input"], slow)
            + '</div><h2>Largest inputs</h2><div class="card">' + _table([">size", "harness", "input"], large) + "</div>")


def _file(file):
    functions = [(escape(f["name"]), number(f["calls"]), f'{f["covered"]} of {f["lines"]}', _percent(f["covered"], f["lines"]))
                 for f in file["functions"]]
    regions = [(str(r["begin"][0]), escape(r["function"]), f'<code>{escape(r.get("text", ""))}</code>',
                f'<span class="{"dim" if r.get("reason") else "bad"}">{escape(r.get("reason") or "no reason is given")}</span>')
               for r in file["regions"] if "text" in r]
    lines = "".join(f'{row["line"]:5}  {escape(row["text"])}\n' for row in file["uncovered"])
    return (f'<details><summary><span class="name">{escape(file["file"])}</span><span class="n">{file["covered"]} of {file["lines"]}</span>'
            f'{_bar(file["covered"], file["lines"])}<span class="n" style="width:60px">{_percent(file["covered"], file["lines"])}</span></summary><div class="in">'
            + (f"<b>Lines that were not reached</b><pre>{lines}</pre>" if lines else '<span class="good">Every line was reached.</span>')
            + (("<p><b>Regions that were not reached</b></p>" + _table([">line", "function", "text", "reason"], regions)) if regions else "")
            + "<p><b>Functions</b></p>" + _table(["function", ">calls", ">lines", ">reached"], functions, "mono") + "</div></details>")


def _coverage(report):
    coverage = report["coverage"]
    if coverage is None:
        failed = report["coverage_failed"]
        return f'<h2>Coverage</h2><div class="card bad">It could not be measured.<pre>{escape(failed)}</pre></div>' if failed else ""
    groups = [(escape(g["name"]), number(g["lines"]), number(g["covered"]), f'{_bar(g["covered"], g["lines"])} {_percent(g["covered"], g["lines"])}',
               f'{g["wanted"]:g} %') for g in coverage["groups"]]
    inside = [f for f in coverage["files"] if any(region.get("text") for region in f["regions"]) or f["covered"]]
    problems = "".join(f"<li>{escape(problem)}</li>" for problem in coverage["problems"])
    many = len(coverage["problems"])
    return ('<h2>Coverage</h2><div class="card">' + _table(["files", ">lines", ">reached", "share", ">wanted"], groups) + "</div>"
            + (f'<div class="card" style="margin-top:12px"><details{"" if many > 12 else " open"}><summary class="bad">{many} in want of inputs or reasons</summary><ul>{problems}</ul></details></div>' if many else "")
            + '<h2>Files</h2><div class="card">' + "".join(_file(f) for f in inside) + "</div>")


def page(report):
    if report["harnesses"]:
        about = (f'Begun {report["begun"]}, ran for {span(report["clock"])} in {report["legs"]} '
                 f'leg{"s" if report["legs"] != 1 else ""}: {escape(ENDS.get(report["ended"], report["ended"] or "goes on"))}.')
        if report["torn_lines"]:
            about += f' {report["torn_lines"]} record(s) were torn by a kill and are left out.'
    else:
        about = f'Replayed {report["made"]}.'
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<title>{escape(report["title"])}</title><style>{STYLE}</style><main><h1>{escape(report["title"])}</h1>'
            f'<div class="dim">{about}</div>{_tiles(report)}{_crashes(report)}{_harnesses(report)}{_coverage(report)}{_worst(report)}</main></html>\n')
