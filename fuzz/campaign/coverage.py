"""Which lines the inputs reach, as llvm-cov says, and which regions have a reason for not being reached.

Lines are counted as llvm-cov counts them.  A line counts as reached if any part of
it is; a region is finer ("if (x) return -1;" has two), so reasons are asked for by region.
"""
import json
import os
import shutil
import subprocess
import tempfile
from fnmatch import fnmatch
from pathlib import Path

from engines import die_with_parent

CODE = 0       # of a region's kinds
SECONDS = 900  # that one program may take for all the inputs of a harness


class Failed(Exception):
    """A tool failed, or an input ended the program that should only replay it."""


def tool(name):
    found = shutil.which(name)
    if not found:
        raise Failed(f"{name} is not installed: tools/deps install fuzz")
    return found


def _run(command, **options):
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, preexec_fn=die_with_parent,
                              check=False, timeout=SECONDS, **options)
    except subprocess.TimeoutExpired:
        raise Failed(f"{command[0]} did not end within {SECONDS} s") from None
    if done.returncode != 0:
        tail = done.stderr.decode(errors="replace")[-2000:]
        raise Failed(f"{command[0]}: exit status {done.returncode}\n{tail}")
    return done.stdout


def measure(harnesses, inputs, root):
    """Replays inputs(harness), a list of directories and files, and returns what was reached.

    Returns {file: {"lines": {line: count}, "functions": [...], "regions": [...], ...}} for
    the files below root/src, paths relative to root.  regions are the outermost that were
    not reached; missed and reached are sets of all.  Raises Failed.
    """
    root = Path(root).resolve()
    with tempfile.TemporaryDirectory(prefix="quiesce-coverage.") as place:
        profiles, programs = [], []
        for harness in harnesses:
            profile = Path(place) / f"{harness.name}.profraw"
            _run([harness.coverage, *inputs(harness)], env={**os.environ, "LLVM_PROFILE_FILE": str(profile)})
            profiles.append(profile)
            programs.append(harness.coverage)
        merged = Path(place) / "merged"
        _run([tool("llvm-profdata"), "merge", "-sparse", "-o", merged, *profiles])
        objects = [word for program in programs[1:] for word in ("-object", program)]
        common = [f"-instr-profile={merged}", programs[0], *objects]
        lines = _run([tool("llvm-cov"), "export", "-format=lcov", *common]).decode(errors="replace")
        detail = json.loads(_run([tool("llvm-cov"), "export", "-format=text", *common]))
    files = _lines(lines, root)
    _functions(detail["data"][0]["functions"], files, root)
    return files


def _below(path, root):
    """The path relative to root if it is one of ours, else None."""
    try:
        relative = Path(os.path.normpath(root / path)).relative_to(root).as_posix()
    except ValueError:
        return None
    return relative if relative.startswith("src/") else None


def _empty():
    return {"lines": {}, "functions": [], "regions": [], "missed": set(), "reached": set()}


def _lines(lcov, root):
    files, current = {}, None
    for line in lcov.splitlines():
        if line.startswith("SF:"):
            name = _below(line[3:], root)
            current = files.setdefault(name, _empty())["lines"] if name else None
        elif line.startswith("DA:") and current is not None:
            at, count = line[3:].split(",")[:2]
            current[int(at)] = max(current.get(int(at), 0), int(count))
    return files


def _functions(functions, files, root):
    """Adds functions and regions.  A function that several programs contain stands there several times."""
    seen = {}
    for function in functions:
        name = _below(function["filenames"][0], root)
        if name not in files:
            continue
        regions = [r for r in function["regions"] if r[7] == CODE and r[5] == 0]
        key = (name, function["name"].split(":")[-1], tuple(regions[0][:4]))
        counts = seen.setdefault(key, {})
        for region in regions:
            counts[tuple(region[:4])] = max(counts.get(tuple(region[:4]), 0), region[4])
    for (name, function, first), counts in sorted(seen.items()):
        lines = {at: n for at, n in files[name]["lines"].items() if first[0] <= at <= first[2]}
        files[name]["functions"].append({
            "name": function, "line": first[0], "calls": counts[first], "lines": len(lines),
            "covered": sum(1 for n in lines.values() if n > 0), "uncovered": sorted(at for at, n in lines.items() if n == 0)})
        files[name]["missed"] |= {(function, region) for region, count in counts.items() if count == 0}
        files[name]["reached"] |= {(function, region) for region, count in counts.items() if count > 0}
        files[name]["regions"] += [{"function": function, "begin": r[:2], "end": r[2:]} for r in _outermost(counts)]


def _outermost(counts):
    """The regions that were never reached, without those that lie in another one."""
    missed = sorted((r for r, n in counts.items() if n == 0), key=lambda r: (r[0], r[1], -r[2], -r[3]))
    kept = []
    for region in missed:
        if not any(region[:2] >= other[:2] and region[2:] <= other[2:] for other in kept):
            kept.append(region)
    return kept


def matches(patterns, name, function=None):
    """Whether a pattern is about a file as a whole (FILE), or about a function of it (FILE:FUNCTION,...)."""
    for pattern in patterns:
        file, _, functions = pattern.partition(":")
        if fnmatch(name, file) and (not functions or (function is not None and any(fnmatch(function, f) for f in functions.split(",")))):
            return True
    return False


def share(files, patterns):
    """Lines, and lines reached, of the files and functions that match a pattern."""
    lines = reached = 0
    for name, file in files.items():
        if matches(patterns, name):
            lines += len(file["lines"])
            reached += sum(1 for n in file["lines"].values() if n > 0)
        else:
            chosen = [f for f in file["functions"] if matches(patterns, name, f["name"])]
            lines += sum(f["lines"] for f in chosen)
            reached += sum(f["covered"] for f in chosen)
    return lines, reached


def strangers(files, patterns):
    """Of patterns those that name a function which is in no harness."""
    for pattern in patterns:
        file, _, functions = pattern.partition(":")
        for one in functions.split(",") if functions else []:
            if not any(fnmatch(f["name"], one) for name in files if fnmatch(name, file) for f in files[name]["functions"]):
                yield f"{file}:{one}"


def beyond(files, one, wanted):
    """The regions of wanted(file, function) that one reaches and files does not: {file: regions}."""
    found = {name: {region for region in file["missed"] & one[name]["reached"] if wanted(name, region[0])}
             for name, file in files.items() if name in one}
    return {name: regions for name, regions in found.items() if regions}


def newly_reached(files, one, wanted):
    """Moves what beyond() finds from missed to reached in files, and names it: file:line."""
    new = []
    for name, regions in beyond(files, one, wanted).items():
        files[name]["missed"] -= regions
        files[name]["reached"] |= regions
        new += sorted({f"{name}:{region[0]}" for _, region in regions})
    return new


# ---- reasons ---------------------------------------------------------------------


class Reasons:
    """fuzz/uncovered.txt: what must be reached, and why some of it cannot.

        group NAME PERCENT PATTERN...     files (FILE), or functions (FILE:FUNCTION,...), that together reach so
                                          many of their lines
        FILE FUNCTION "TEXT" REASON       a region that begins in a line with TEXT; "*": each of the function
    """

    def __init__(self, path):
        self.path, self.groups, self.rows = Path(path), [], []
        for number, line in enumerate(self.path.read_text().splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            words = line.split(None, 3)
            if words[0] == "group" and len(words) == 4:
                self.groups.append((words[1], float(words[2]), words[3].split()))
                continue
            rest = line.split(None, 2)[2] if len(words) > 2 else ""
            text, _, reason = rest[1:].rpartition('" ') if rest.startswith('"') else ("", "", "")
            if not text or not reason.strip():
                raise Failed(f'{path}:{number}: expected: FILE FUNCTION "TEXT" REASON')
            self.rows.append({"file": words[0], "function": words[1], "text": text, "reason": reason.strip(),
                              "line": number, "used": False})

    def wanted(self, name, function=None):
        return any(matches(patterns, name, function) for _, _, patterns in self.groups)

    def of_file(self, name, file):
        """The regions of a file that a group asks for."""
        return [region for region in file["regions"] if self.wanted(name, region["function"])]

    def apply(self, files, root):
        """Gives each region of the wanted files its text, and its reason if there is one."""
        for name, file in files.items():
            regions = self.of_file(name, file)
            source = (Path(root) / name).read_text(errors="replace").splitlines() if regions else []
            for region in regions:
                region["text"] = source[region["begin"][0] - 1].strip()
                region["reason"] = self._find(name, region)

    def _find(self, name, region):
        for row in self.rows:
            if row["file"] == name and row["function"] == region["function"] and \
                    (row["text"] == "*" or row["text"] in region["text"]):
                row["used"] = True
                return row["reason"]
        return None

    def problems(self, files):
        """What keeps the checked-in corpora from being enough: one line each."""
        for name, percent, patterns in self.groups:
            lines, covered = share(files, patterns)
            for stranger in strangers(files, patterns):
                yield f"{self.path}: {name}: no harness has {stranger}"
            if lines == 0:
                yield f"{self.path}: no line of the group {name} is in any harness"
            elif covered * 100 < percent * lines:
                yield f"{name}: {covered} of {lines} lines are reached ({covered * 100 / lines:.1f} %), not {percent:g} %"
        for name, file in sorted(files.items()):
            for region in self.of_file(name, file):
                if not region["reason"]:
                    yield f"{name}:{region['begin'][0]}: {region['function']}: not reached, and no reason: {region['text']}"
        for row in self.rows:
            if not row["used"]:
                yield f"{self.path}:{row['line']}: stale: {row['file']} {row['function']} \"{row['text']}\""
