"""What went wrong, told apart: the stack that a sanitizer prints, and the signature made from it."""
import re
import signal
import subprocess
from pathlib import Path

from engines import environment, start

FRAMES = 3
SECONDS = 60

FRAME = re.compile(r"^\s*#(\d+) 0x[0-9a-f]+ (?:in )?(.*?)(?: (\S+:\d+(?::\d+)?)| \(\S+\+0x[0-9a-f]+\).*)?$")
KINDS = (
    (re.compile(r"ERROR: libFuzzer: (timeout|out-of-memory|deadly signal|fuzz target exited)"), "{}"),
    (re.compile(r"ERROR: AddressSanitizer: (\S+)"), "{}"),
    (re.compile(r"ERROR: LeakSanitizer: (detected memory leaks)"), "leak"),
    (re.compile(r"WARNING: MemorySanitizer: (\S+)"), "{}"),
    (re.compile(r"runtime error: (.*)"), "undefined behaviour: {}"),
)
# The machinery of the sanitizers, of libFuzzer and of libc says nothing about the defect.
MACHINERY = re.compile(r"^(__asan|__interceptor|__sanitizer|__ubsan|__lsan|__msan|__GI_|__pthread_kill|__libc_|__assert_fail|"
                       r"fuzzer::|std::|abort|raise|gsignal|pthread_kill|main$|_start|LLVMFuzzerTestOneInput|mem(cpy|set|move|cmp)|"
                       r"str(len|cmp|cpy|ncmp|chr)|malloc|calloc|realloc|free$|<unknown|__restore_rt|\(|<null>)")


def kind_of(text):
    """In a few words what a sanitizer or libFuzzer said, without numbers that differ from run to run."""
    for pattern, form in KINDS:
        found = pattern.search(text)
        if found:
            return re.sub(r"0x[0-9a-f]+|\d{4,}", "N", form.format(found[1])).strip()
    return "unknown"


def frames_of(text):
    """The first stack in the text: pairs of function and file:line.

    A second one, of where the memory was freed or allocated, is not looked at.
    """
    frames, last = [], -1
    for line in text.splitlines():
        found = FRAME.match(line)
        if not found:
            continue
        if int(found[1]) <= last:
            break
        last = int(found[1])
        frames.append((found[2].split("(")[0].strip(), re.sub(r"^.*?/(?=(src|fuzz|include|tests)/)", "", found[3] or "")))
    return frames


def told_apart_by(frames):
    """The names of the top frames that are no machinery."""
    own = [function for function, _ in frames if function and not MACHINERY.match(function)]
    return own[:FRAMES]


class Crash:
    """One input, run again under libFuzzer's program without the engine."""

    def __init__(self, harness, path):
        self.harness, self.path = harness, Path(path)
        self.text = self._run()
        self.kind = kind_of(self.text) if self.reproduced else f"{self.path.name.split('-')[0]}, and not again"
        self.frames = frames_of(self.text)
        # Where a hang is interrupted is chance.
        top = [] if self.kind == "timeout" else told_apart_by(self.frames)
        self.signature = " < ".join([f"{harness.name}: {self.kind}", *top])

    def command(self):
        """Words that show it again, from the folder of the source."""
        options = self.harness.options()
        return [str(self.harness.libfuzzer), f"-timeout={options['timeout']}",
                f"-rss_limit_mb={options['rss_limit_mb']}", str(self.path)]

    def _run(self):
        """Runs it, keeps what was printed beside the input; reproduced says if it failed again."""
        log = self.path.with_name(self.path.name + ".txt")
        with open(log, "wb") as file:
            process = start(self.command(), file, environment())
            try:
                self.status = process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                self.status = -signal.SIGKILL
        self.reproduced = self.status != 0
        return log.read_text(errors="replace")

    def record(self):
        return {"harness": self.harness.name, "file": str(self.path), "kind": self.kind,
                "signature": self.signature, "frames": [f"{f} {p}".strip() for f, p in self.frames[:12]],
                "command": " ".join(self.command()), "reproduced": self.reproduced,
                "bytes": self.path.stat().st_size}
