"""What a campaign keeps: a directory that outlives kill -9 at any moment.

    DIR/lock             held (flock) while a campaign works here
    DIR/results.jsonl    what happened, one JSON object on each line
    DIR/NAME/corpus/     inputs that reached something new, named by their digest
    DIR/NAME/artifacts/  inputs that crashed, hung or took too much memory, and
                         beside each, as FILE.txt, what running it again printed
    DIR/NAME/afl/        what AFL++ made of its last turn
    DIR/NAME/log/        what the engine printed in its last turns
    DIR/report.html, DIR/report.json

results.jsonl is only ever appended to, one write(2) a line.  A kill can tear the
last line and nothing else: a torn line is passed over when it is read, and counted.
"""
import errno
import fcntl
import json
import os
import shutil
from pathlib import Path

RESULTS = "results.jsonl"
LOGS_KEPT = 20

# Below this much room nothing is started: libFuzzer writes cut inputs where a disk is full, and says nothing.
ROOM_MIN = 8 << 20


class Busy(Exception):
    """Another campaign works in the directory."""


class Full(Exception):
    """There is no room in the directory for what has to be written."""


def is_full(error):
    """Whether this is about a disk, or a quota, that is full."""
    return isinstance(error, Full) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)


class Store:
    def __init__(self, directory):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"{directory}: another campaign works here") from None
        path = self.directory / RESULTS
        self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        size = os.fstat(self.file).st_size
        if size > 0 and os.pread(self.file, 1, size - 1) != b"\n":
            self._write(b"\n")
        for name in self.directory.iterdir():
            if (name / "corpus.old").exists():
                self._repair(name)

    def _write(self, line):
        try:
            if os.write(self.file, line) != len(line):
                raise Full(f"{self.directory}: no room for a line of {RESULTS}")
        except OSError as error:
            if is_full(error):
                raise Full(f"{self.directory}: {error.strerror}") from None
            raise

    def append(self, what, **values):
        """Adds one record.  Raises Full."""
        self._write(json.dumps({"what": what, **values}, separators=(",", ":")).encode() + b"\n")

    def room(self):
        """Raises Full if there is too little room to go on."""
        facts = os.statvfs(self.directory)
        if facts.f_bavail * facts.f_frsize < ROOM_MIN:
            raise Full(f"{self.directory}: less than {ROOM_MIN >> 20} MiB are free")

    def place(self, name, kind):
        """The directory of a kind (corpus, artifacts, log) of a harness; it is made if it is not there."""
        path = self.directory / name / kind
        path.mkdir(parents=True, exist_ok=True)
        return path

    def _repair(self, name):
        """Killed between the two renames of exchange_corpus()."""
        if not (name / "corpus").exists():
            (name / "corpus.old").rename(name / "corpus")
        shutil.rmtree(name / "corpus.old", ignore_errors=True)

    def exchange_corpus(self, name, fresh):
        """Puts the directory fresh in the place of a harness's corpus."""
        corpus, old = self.place(name, "corpus"), self.directory / name / "corpus.old"
        shutil.rmtree(old, ignore_errors=True)
        corpus.rename(old)
        Path(fresh).rename(corpus)
        shutil.rmtree(old)

    def new_log(self, name, turn):
        """Where the output of a turn goes; the oldest logs make room."""
        logs = sorted(self.place(name, "log").iterdir())
        for old in logs[:max(0, len(logs) - LOGS_KEPT + 1)]:
            old.unlink()
        return self.place(name, "log") / f"{turn:06}.txt"


def write_whole(path, text):
    """Replaces a file by one with this text, or leaves the old one as it is.  Raises Full."""
    path = Path(path)
    fresh = path.with_name(path.name + ".new")
    try:
        with open(fresh, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        if is_full(error):
            raise Full(f"{path}: {error.strerror}") from None
        raise


def read_records(directory):
    """The records of a campaign and how many lines were torn."""
    records, torn = [], 0
    path = Path(directory) / RESULTS
    if not path.exists():
        return records, torn
    with open(path, "rb") as file:
        for line in file:
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            if isinstance(record, dict) and isinstance(record.get("what"), str):
                records.append(record)
            elif line.strip():
                torn += 1
    return records, torn


class History:
    """The sums over the records of a campaign: what has been done, by harness, and what is left of the leg."""

    def __init__(self, records):
        self.clock = 0.0        # seconds that the campaign has run in all
        self.leg = None         # the last leg's record, if it has not come to its end
        self.legs = 0
        self.begun = None       # time(2) of the first leg
        self.turns = {}         # id -> the last that is known of a turn
        self.crashes = []
        self.minimised = {}     # harness -> its last record
        self.aside = set()      # harnesses set aside in the last leg
        self.rests = []
        for record in records:
            self._take(record)

    def _take(self, record):
        what = record["what"]
        self.clock = max(self.clock, record.get("clock", 0.0))
        if what == "leg":
            self.leg = record
            self.legs += 1
            self.begun = self.begun or record["at"]
            self.aside = set()
        elif what == "rest":
            self.rests.append(record)
            if record["reason"] == "time":
                self.leg = None
        elif what == "turn":
            self.turns[record["id"]] = {**record, "began": record["clock"], "samples": [], "end": "killed"}
        elif what in ("sample", "turned") and record["id"] in self.turns:
            turn = self.turns[record["id"]]
            turn.update({k: v for k, v in record.items() if k not in ("what", "id")})
            if record.get("edges"):
                turn["samples"].append((record["clock"], record["edges"]))
        elif what == "crash":
            self.crashes.append(record)
        elif what == "minimised":
            self.minimised[record["harness"]] = record
        elif what == "aside":
            self.aside.add(record["harness"])

    def left(self, time):
        """Seconds that are left of a leg of this length, or None if the last one came to its end."""
        if self.leg is None:
            return None
        return max(0.0, time - (self.clock - self.leg["clock"]))

    def leg_seconds(self):
        """Seconds of fuzzing in the leg that is open, by harness."""
        seconds = {}
        begin = self.leg["clock"] if self.leg else self.clock
        for turn in self.turns.values():
            if turn["began"] >= begin:
                seconds[turn["harness"]] = seconds.get(turn["harness"], 0.0) + turn.get("seconds", 0.0)
        return seconds
