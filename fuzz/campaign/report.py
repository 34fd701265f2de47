"""The report: what is known of a campaign, as one dictionary (report.json), and the page made from it."""
import json
import re
import subprocess
import time
from pathlib import Path

from coverage import Failed, measure, share
from engines import environment, start
from page import page
from store import History, read_records, write_whole

WORST = 10
TIMED_RUNS = 20
TIMED_SECONDS = 60.0  # for the times of all inputs of all harnesses together
EXECUTED = re.compile(rb"^Executed (.*) in (\d+) ms")


def _harness(harness, history, directory):
    turns = [turn for turn in history.turns.values() if turn["harness"] == harness.name]
    seconds = sum(turn.get("seconds", 0.0) for turn in turns)
    executions = sum(turn.get("executions", 0) for turn in turns)
    best, growth = 0, []
    for at, edges in sorted(sample for turn in turns for sample in turn["samples"]):
        if edges > best:
            best = edges
            growth.append((round(at, 1), edges))
    engines = {}
    for turn in turns:
        engine = engines.setdefault(turn["engine"], {"turns": 0, "seconds": 0.0, "executions": 0})
        engine["turns"] += 1
        engine["seconds"] = round(engine["seconds"] + turn.get("seconds", 0.0), 1)
        engine["executions"] += turn.get("executions", 0)
    files = [path for path in (directory / harness.name / "corpus").glob("*") if path.is_file()]
    return {
        "name": harness.name, "seconds": round(seconds, 1), "executions": executions,
        "per_second": round(executions / seconds) if seconds else 0, "engines": engines, "edges": best,
        "features": max((turn.get("features", 0) for turn in turns), default=0),
        "peak_rss_mib": max((turn.get("rss", 0) for turn in turns), default=0), "growth": growth,
        "new_inputs": len(files), "new_bytes": sum(path.stat().st_size for path in files),
        "minimised": {k: history.minimised[harness.name][k] for k in ("before", "after")}
        if harness.name in history.minimised else None,
        "set_aside": harness.name in history.aside,
    }


def _starved(record):
    """libFuzzer's time for an input is that of the clock: on a busy machine it runs out for nothing."""
    return not record["reproduced"] and Path(record["file"]).name.startswith("timeout-")


def _crashes(history):
    """One for each signature: the smallest input that shows it, and how often it was met."""
    kinds = {}
    for record in history.crashes:
        if _starved(record):
            continue
        kind = kinds.setdefault(record["signature"], {"count": 0, "first": record["clock"]})
        kind["count"] += 1
        better = (not record["reproduced"], record["bytes"]) < (not kind.get("reproduced", False), kind.get("bytes", 1 << 60))
        if "file" not in kind or better:
            kind.update({k: record[k] for k in ("harness", "kind", "signature", "frames", "command", "file",
                                                "reproduced", "bytes", "engine")})
    return sorted(kinds.values(), key=lambda kind: kind["first"])


def _inputs(harness, directory):
    folders = [*harness.seeds, directory / harness.name / "corpus"] if directory else harness.seeds
    return [folder for folder in folders if folder.is_dir()]


def _timed(harness, folders, log, until):
    """Milliseconds that each input takes in libFuzzer's program: pairs of time and path.

    What has not been run at until, a time of the monotonic clock, is left out.
    """
    paths = [path for folder in folders for path in sorted(folder.iterdir()) if path.is_file()]
    found = {}
    for runs, chosen in ((1, paths), (TIMED_RUNS, None)):
        if chosen is None:
            chosen = sorted(found, key=found.get, reverse=True)[:3 * WORST]
        for begin in range(0, len(chosen), 500):
            with open(log, "wb") as file:
                process = start([harness.libfuzzer, f"-runs={runs}", *chosen[begin:begin + 500]], file, environment())
                try:
                    process.wait(max(0.0, until - time.monotonic()))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            for line in log.read_bytes().splitlines():
                said = EXECUTED.match(line)
                if said:
                    found[Path(said[1].decode(errors="surrogateescape"))] = int(said[2]) / runs
    return [(ms, path) for path, ms in found.items()]


def worst(harnesses, directory, log, seconds):
    """The slowest and the largest inputs of all corpora; seconds is how long they may be timed, 0: not at all."""
    slow, large = [], []
    begun = time.monotonic()
    for number, harness in enumerate(harnesses, 1):
        folders = _inputs(harness, directory)
        if seconds > 0: # each has its share, and what those before it have left
            until = begun + seconds * number / len(harnesses)
            slow += [(ms, harness.name, path) for ms, path in _timed(harness, folders, log, until)]
        large += [(path.stat().st_size, harness.name, path) for folder in folders for path in folder.iterdir() if path.is_file()]
    return ([{"ms": ms, "harness": name, "file": str(path), "bytes": path.stat().st_size}
             for ms, name, path in sorted(slow, reverse=True)[:WORST]],
            [{"bytes": count, "harness": name, "file": str(path)} for count, name, path in sorted(large, reverse=True)[:WORST]])


def covered(harnesses, directory, root, reasons):
    """The coverage of the seeds and, if there is one, the campaign's corpus."""
    files = measure(harnesses, lambda harness: _inputs(harness, directory), root)
    reasons.apply(files, root)
    return {
        "groups": [{"name": name, "wanted": percent, "patterns": patterns, "lines": lines, "covered": reached}
                   for name, percent, patterns in reasons.groups for lines, reached in [share(files, patterns)]],
        "files": [_file(name, file, root) for name, file in sorted(files.items()) if file["lines"]],
        "problems": list(reasons.problems(files)),
    }


def _file(name, file, root):
    source = (Path(root) / name).read_text(errors="replace").splitlines()
    uncovered = sorted(at for at, count in file["lines"].items() if count == 0)
    return {"file": name, "lines": len(file["lines"]), "covered": len(file["lines"]) - len(uncovered),
            "uncovered": [{"line": at, "text": source[at - 1]} for at in uncovered if at <= len(source)],
            "functions": file["functions"], "regions": file["regions"]}


def build(harnesses, directory, root, reasons, title, how=None, with_coverage=True, seconds=TIMED_SECONDS):
    """Gathers everything.  directory: of a campaign, or None for the checked-in corpora alone.

    seconds: how long the inputs may be timed.
    """
    records, torn = read_records(directory) if directory else ([], 0)
    history = History(records)
    log = (Path(directory) if directory else harnesses[0].build) / "timing.txt"
    rows = [_harness(harness, history, Path(directory)) for harness in harnesses] if directory else []
    coverage, failed = None, None
    if with_coverage:
        try:
            coverage = covered(harnesses, directory and Path(directory), root, reasons)
        except Failed as failure:
            failed = str(failure)
    slowest, largest = worst(harnesses, directory and Path(directory), log, seconds)
    log.unlink(missing_ok=True)
    return {
        "title": title, "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "ended": how,
        "begun": history.begun and time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(history.begun)),
        "clock": round(history.clock, 1), "legs": history.legs, "torn_lines": torn,
        "seconds": round(sum(row["seconds"] for row in rows), 1),
        "executions": sum(row["executions"] for row in rows),
        "harnesses": rows, "crashes": _crashes(history),
        "starved": sum(_starved(record) for record in history.crashes), "slowest": slowest, "largest": largest,
        "coverage": coverage, "coverage_failed": failed,
    }


def write(report, directory):
    """Writes report.json and report.html, each whole or not at all."""
    write_whole(Path(directory) / "report.json", json.dumps(report, indent=1) + "\n")
    write_whole(Path(directory) / "report.html", page(report))
