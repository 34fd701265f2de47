"""The engines: how one is started for a turn, and what its output says.

A turn is one run of one engine on one harness.  libFuzzer tells of itself on
standard error, in lines that parse_libfuzzer() reads; AFL++ keeps a file of
facts, which Afl.sample() reads.
"""
import configparser
import ctypes
import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
DEFAULTS = {"max_len": "65536", "timeout": "30", "rss_limit_mb": "1024"}

STATUS = re.compile(rb"^#(\d+)\s+(\w+)\s+cov: (\d+) ft: (\d+) corp: (\d+)/\S+(?:.*? rss: (\d+)Mb)?")
FINAL = re.compile(rb"^stat::(\w+):\s+(\d+)")
ARTIFACT = re.compile(rb"Test unit written to (\S+)")
FINALS = {b"number_of_executed_units": "executions", b"peak_rss_mb": "rss", b"slowest_unit_time_sec": "slowest"}


class Harness:
    """Where the parts of one harness lie.  build is build/fuzz, source the folder fuzz."""

    def __init__(self, name, build, source):
        self.name, self.build, self.source = name, Path(build), Path(source)
        self.libfuzzer = self.build / "libfuzzer" / name
        self.afl = self.build / "afl" / name
        self.afl_mutator = self.build / "afl" / f"{name}.so"
        self.coverage = self.build / "coverage" / name
        self.dictionary = self.build / "dict" / f"{name}.dict"
        self.seeds = [path for path in (self.source / "corpus" / name, self.source / "regressions" / name)
                      if path.is_dir()]

    def has_dictionary(self):
        """libFuzzer refuses one without words."""
        return self.dictionary.exists() and self.dictionary.stat().st_size > 0

    def options(self):
        """Options of libFuzzer: the section of fuzz/NAME.options over the defaults.

        Its max_len is of the turns that are to be fast; whatever must read every input has the default's.
        """
        parser = configparser.ConfigParser()
        parser.read(self.source / f"{self.name}.options")
        own = dict(parser["libfuzzer"]) if parser.has_section("libfuzzer") else {}
        own.pop("dict", None)
        return {**DEFAULTS, **own}


def environment(**more):
    """What every harness runs with: the first error ends it, with a stack that can be read."""
    symbolizer = shutil.which("llvm-symbolizer") or ""
    sanitizers = {
        "ASAN_OPTIONS": "abort_on_error=0:symbolize=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "ASAN_SYMBOLIZER_PATH": symbolizer,
        "UBSAN_SYMBOLIZER_PATH": symbolizer,
    }
    return {**os.environ, **sanitizers, **more}


def die_with_parent():
    """In a child: it must not go on when the campaign is killed, and a Ctrl-C is the campaign's to handle."""
    os.setsid()
    if LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        os._exit(126)


def start(command, log, env):
    return subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                            env=env, preexec_fn=die_with_parent)


def descendants(pid):
    """What a process has started, and what that has: AFL++'s server of forks is in a session of its own."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it ended
        children.setdefault(int(words[1]), []).append(int(stat.parent.name))
    found = list(children.get(pid, []))
    for one in found:
        found += children.get(one, [])
    return found


def seconds_waited(pids):
    """How long processes could have run, but had no processor (proc(5), schedstat); 0 where the kernel does not tell."""
    waited = 0
    for pid in pids:
        try:
            waited += int(Path(f"/proc/{pid}/schedstat").read_text().split()[1])
        except (OSError, IndexError):
            continue  # it ended, or is not told
    return waited / 1e9


def parse_libfuzzer(line, facts):
    """Takes what one line of libFuzzer's output says into facts."""
    status, final, artifact = STATUS.match(line), FINAL.match(line), ARTIFACT.search(line)
    if status:
        facts["executions"] = int(status[1])
        facts["edges"], facts["features"], facts["corpus"] = int(status[3]), int(status[4]), int(status[5])
        if status[6]:
            facts["rss"] = int(status[6])
    elif final and final[1] in FINALS:
        facts[FINALS[final[1]]] = int(final[2])
    elif artifact:
        facts.setdefault("artifacts", []).append(os.fsdecode(artifact[1]))


class Turn:
    """One run of an engine, to be polled.  facts has what is known so far."""
    engine = "?"

    def __init__(self, harness, store, number, seconds):
        self.harness, self.store, self.number, self.allotted = harness, store, number, seconds
        self.corpus = store.place(harness.name, "corpus")
        self.artifacts = store.place(harness.name, "artifacts")
        self.facts = {"executions": 0}
        self.starved = False  # it was killed, but had waited for a processor for most of its time
        self.log_path = store.new_log(harness.name, number)
        self.began = time.monotonic()
        with open(self.log_path, "wb") as log:
            self.process = start(self.command(), log, self.environment())
        self.log = open(self.log_path, "rb")
        self.rest = b""

    def command(self):
        raise NotImplementedError

    def environment(self):
        return environment()

    def seconds(self):
        return time.monotonic() - self.began

    def sample(self):
        """Reads what the engine has said since the last time."""

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def overdue(self):
        """An engine that does not end although its time is over."""
        return self.seconds() > self.allotted * 1.5 + 30

    def kill(self):
        """With all that it has started, which nobody would end that is stopped between two inputs."""
        below = descendants(self.process.pid)
        self.starved = seconds_waited([self.process.pid, *below]) > self.allotted / 2
        self.process.kill()
        self.process.wait()
        for pid in below:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def finish(self):
        """After its end: the last facts; inputs that the engine kept elsewhere go into the corpus."""
        self.sample()
        self.log.close()


class LibFuzzer(Turn):
    engine = "libfuzzer"

    def options(self):
        return self.harness.options()

    def command(self):
        words = [self.harness.libfuzzer, f"-max_total_time={max(1, int(self.allotted - 0.5))}", "-print_final_stats=1",
                 f"-artifact_prefix={self.artifacts}/", "-reload=5"]
        words += [f"-{key}={value}" for key, value in self.options().items()]
        if self.harness.has_dictionary():
            words.append(f"-dict={self.harness.dictionary}")
        return words + [self.corpus] + self.harness.seeds

    def sample(self):
        lines = (self.rest + self.log.read()).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            parse_libfuzzer(line, self.facts)


class LongInputs(LibFuzzer):
    """libFuzzer with inputs of any length, where a harness's own options keep them short."""

    def options(self):
        return {**super().options(), "max_len": DEFAULTS["max_len"]}


class Afl(Turn):
    """Each turn begins with the corpus of that moment, so what is kept is in the corpus alone."""
    engine = "afl"

    def command(self):
        self.out = self.store.place(self.harness.name, "afl")
        shutil.rmtree(self.out)
        words = ["afl-fuzz", "-V", max(1, int(self.allotted - 0.5)), "-i", self._inputs(), "-o", self.out,
                 "-t", int(self.harness.options()["timeout"]) * 1000, "-m", "none", "-G", DEFAULTS["max_len"]]
        if self.harness.has_dictionary():
            words += ["-x", self.harness.dictionary]
        return words + ["--", self.harness.afl]

    def environment(self):
        """The structure-aware mutator of a harness takes turns with AFL++'s own mutations."""
        mutator = {"AFL_CUSTOM_MUTATOR_LIBRARY": str(self.harness.afl_mutator.resolve())} if self.harness.afl_mutator.exists() else {}
        return environment(**mutator, AFL_NO_UI="1", AFL_SKIP_CPUFREQ="1", AFL_NO_AFFINITY="1", AFL_NO_COLOR="1",
                           AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES="1", AFL_NO_WARN_INSTABILITY="1",
                           ASAN_OPTIONS="abort_on_error=1:symbolize=0:detect_leaks=0",
                           UBSAN_OPTIONS="halt_on_error=1:abort_on_error=1:symbolize=0")

    def _inputs(self):
        """AFL++ takes one folder, of small files: the corpus of today and the seeds."""
        place = self.store.directory / self.harness.name / "afl-in"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        (place / "empty").write_bytes(b"\n")
        for folder in [self.corpus, *self.harness.seeds]:
            for path in folder.iterdir():
                if 0 < path.stat().st_size <= int(DEFAULTS["max_len"]):
                    shutil.copy(path, place / path.name)
        return place

    def sample(self):
        stats = self.out / "default" / "fuzzer_stats"
        if not stats.exists():
            return
        for line in stats.read_text(errors="replace").splitlines():
            key, _, value = (part.strip() for part in line.partition(":"))
            if key == "execs_done":
                self.facts["executions"] = int(value)
            elif key == "peak_rss_mb":
                self.facts["rss"] = int(value)

    def finish(self):
        super().finish()
        self.facts["taken"] = take_over(self.out / "default" / "queue", self.corpus)
        crashes = list((self.out / "default").glob("crashes/id:*")) + list((self.out / "default").glob("hangs/id:*"))
        for path in crashes:
            kind = "timeout" if path.parent.name == "hangs" else "crash"
            copy = self.artifacts / f"{kind}-{digest(path)}"
            if not copy.exists():
                shutil.copy(path, copy)
                self.facts.setdefault("artifacts", []).append(str(copy))


def digest(path):
    return hashlib.sha1(Path(path).read_bytes()).hexdigest()


def take_over(folder, corpus):
    """Copies what AFL++ found itself into the corpus, under the names that libFuzzer gives."""
    taken = 0
    for path in folder.glob("id:*"):
        if ",orig:" in path.name:
            continue
        copy = corpus / digest(path)
        if not copy.exists():
            shutil.copy(path, copy)
            taken += 1
    return taken


def libfuzzer_merge(harness, target, corpus, log, seconds, *words):
    """Copies those of corpus into the folder target that reach what those there do not, the smallest first.

    Returns whether libFuzzer could do it in that time; target is of no use if not.
    """
    options = harness.options()
    command = [harness.libfuzzer, "-merge=1", f"-max_len={DEFAULTS['max_len']}", f"-timeout={options['timeout']}",
               f"-rss_limit_mb={options['rss_limit_mb']}", f"-artifact_prefix={target.parent}/merge-", *words, target, corpus]
    with open(log, "wb") as file:
        process = start(command, file, environment())
    try:
        return process.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False


def copy_seeds(harness, target, wanted=lambda path: True):
    """Copies the seeds that are wanted into a folder, under names of their own.  Returns the copies."""
    copies = []
    for path in (path for folder in harness.seeds for path in folder.iterdir() if path.is_file() and wanted(path)):
        copies.append(target / f"seed-{len(copies)}")
        shutil.copy(path, copies[-1])
    return copies


def merge(harness, store, seconds):
    """Replaces the corpus by the least of it that reaches all it reaches beyond the seeds.

    Returns how many inputs there were and are, or None if libFuzzer could not do
    it in that time; the corpus is then as it was.
    """
    corpus = store.place(harness.name, "corpus")
    fresh = store.directory / harness.name / "corpus.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    seeds = copy_seeds(harness, fresh)
    before = sum(1 for _ in corpus.iterdir())
    if not libfuzzer_merge(harness, fresh, corpus, store.new_log(harness.name, 0), seconds):
        shutil.rmtree(fresh)
        return None
    for path in seeds:
        path.unlink()
    after = sum(1 for _ in fresh.iterdir())
    store.exchange_corpus(harness.name, fresh)
    return before, after
