"""The checked-in corpora: which inputs of a campaign come into them, and which of those have become needless.

What was written for the project has a name that says what it is, and stays.  What was
adopted of a campaign is named found-DIGEST: it is there only for what it reaches.

An input is put in place whole, by a rename, and a needless one is taken away by itself, so
whenever this is ended every file is an input and the corpora reach all that they did.
"""
import os
import shutil
import tempfile
from pathlib import Path

from coverage import Failed, beyond, measure, newly_reached
from engines import copy_seeds, digest, libfuzzer_merge

FOUND = "found-"
SECONDS = 900  # that libFuzzer may take for all the inputs of a harness


def is_found(path):
    return path.name.startswith(FOUND)


def by_size(paths):
    return sorted(paths, key=lambda path: (path.stat().st_size, path.name))


def inputs_of(folders):
    """The files of the folders that are there, the smallest first."""
    return by_size(path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_file())


def new_edges(harness, wanted, paths):
    """Of paths those that reach an edge which the seeds that are wanted and smaller ones do not, the smallest first.

    One run of libFuzzer looks at all of them.  Raises Failed.
    """
    with tempfile.TemporaryDirectory(prefix="quiesce-corpus.") as place:
        known, offered, names = Path(place) / "known", Path(place) / "offered", {}
        known.mkdir()
        offered.mkdir()
        copy_seeds(harness, known, wanted)
        for path in paths:
            names[digest(path)] = path
            shutil.copy(path, offered / digest(path))
        log = Path(place) / "log"
        if not libfuzzer_merge(harness, known, offered, log, SECONDS, "-use_counters=0"):
            tail = log.read_text(errors="replace")[-2000:]
            raise Failed(f"{harness.libfuzzer} could not tell which inputs of {harness.name} reach something:\n{tail}")
        return by_size(names[path.name] for path in known.iterdir() if path.name in names)


def new_regions(harness, paths, files, wanted):
    """Of paths those that reach, in this order, what files does not have: (path, what).  files is brought up to date.

    Where the whole of them reaches nothing new, one measurement says so; else each half is looked at.
    """
    if not paths:
        return []
    one = measure([harness], lambda _: paths, ".")
    if len(paths) == 1:
        new = newly_reached(files, one, wanted)
        return [(paths[0], new)] if new else []
    if not beyond(files, one, wanted):
        return []
    half = len(paths) // 2
    return new_regions(harness, paths[:half], files, wanted) + new_regions(harness, paths[half:], files, wanted)


def put(path, target):
    """A copy that is there as a whole or not at all."""
    fresh = target.with_name(f".{target.name}.new")
    try:
        shutil.copy(path, fresh)
        os.replace(fresh, target)
    finally:
        fresh.unlink(missing_ok=True)


def adopt(harnesses, directory, wanted):
    """Copies the inputs of a campaign that reach a region which the corpora do not, the smallest first.

    Yields the new path and what it reaches.  The few that reach a new edge are looked at
    first; the many others are then, as a rule, one measurement.  Raises Failed.
    """
    files = measure(harnesses, lambda harness: harness.seeds, ".")
    for harness in harnesses:
        found = inputs_of([Path(directory) / harness.name / "corpus"])
        if not found:
            continue
        first = new_edges(harness, lambda path: True, found)
        rest = [path for path in found if path not in set(first)]
        for path, new in (row for part in (first, rest) for row in new_regions(harness, part, files, wanted)):
            target = harness.source / "corpus" / harness.name / f"{FOUND}{digest(path)[:8]}"
            target.parent.mkdir(exist_ok=True)
            put(path, target)
            yield target, new


def minimise(harnesses, wanted):
    """Takes those adopted inputs away that reach no edge and no region beyond what is written and the smaller ones.

    Yields their paths.  Raises Failed, with the corpus of that harness as it was.
    """
    for harness in harnesses:
        inputs = inputs_of(harness.seeds)
        found = [path for path in inputs if is_found(path)]
        if not found:
            continue
        kept = new_edges(harness, lambda path: not is_found(path), found)
        rest = [path for path in found if path not in set(kept)]
        files = measure([harness], lambda _: [path for path in inputs if path not in set(rest)], ".")
        kept += [path for path, _ in new_regions(harness, rest, files, wanted)]
        for path in found:
            if path not in kept:
                path.unlink()
                yield path
