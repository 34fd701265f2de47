"""The campaign itself: who runs when, what is kept of it, and how it ends."""
import signal
import time

from crashes import Crash
from engines import Afl, LibFuzzer, LongInputs, merge
from store import Full, History, is_full, read_records

TURN_MIN, TURN_MAX, TURNS = 5.0, 300.0, 4   # seconds of a turn; how many each harness should have
AFL_EVERY, AFL_TURN, LONG_TURN = 4, 2, 3      # of so many turns, which is AFL++'s, and which takes inputs of any length
SAMPLE, SAMPLE_GROWN = 5.0, 1.0             # seconds between two records of a turn that goes on; where it found more
SHORTEST = 0.5                              # seconds that must be left for another turn
TICK = 0.25
STOP = 5.0                                  # seconds that an engine has to end when it is asked to
SAME_MAX = 3                                # turns that ended at once with what is known: it is set aside
MERGE_MAX = 300.0

REASONS = {"time": "the time is over", "interrupted": "interrupted", "full": "no room on the disk",
           "aside": "every harness was set aside", "broken": "an engine does not work"}


class Campaign:
    """Runs until the time is over, or somebody or something stops it.

    store      where everything is kept
    harnesses  what is run
    seconds    how long a leg is: where the last one was stopped, it goes on for what is left
    jobs       how many engines at a time
    afl        whether AFL++ takes a share where a harness is built for it
    """

    def __init__(self, store, harnesses, seconds, jobs, display, afl=True):
        self.store, self.harnesses, self.jobs, self.display, self.afl = store, harnesses, jobs, display, afl
        self.history = History(read_records(store.directory)[0])
        self.before = self.history.clock
        self.begun = time.monotonic()
        left = self.history.left(seconds)
        self.resumed = left is not None and left > 0
        if not self.resumed:
            self._record("leg", time=seconds, jobs=jobs, at=time.time(), harnesses=[h.name for h in harnesses])
            left = seconds
        self.end = self.before + left
        self.left_at_start = left
        self.spent = self.history.leg_seconds()
        self.aside = {h.name for h in harnesses if h.name in self.history.aside}
        self.signatures = {crash["signature"] for crash in self.history.crashes}
        self.repeats = {}
        self.number = max(self.history.turns, default=0)
        self.running, self.reason = [], None

    def clock(self):
        """Seconds that the campaign has run in all, legs before this one included."""
        return self.before + time.monotonic() - self.begun

    def _record(self, what, **values):
        record = {"what": what, "clock": round(self.clock(), 3), **values}
        self.store.append(what, **{k: v for k, v in record.items() if k != "what"})
        self.history._take(record)

    def stop(self, reason):
        self.reason = self.reason or reason

    # ---- turns -----------------------------------------------------------------

    def _turn_seconds(self):
        count = max(1, len(self.harnesses) - len(self.aside))
        share = self.left_at_start * self.jobs / count
        turns = min(TURNS, max(1, int(share / TURN_MIN)))
        return min(TURN_MAX, max(1.0, share / turns))

    def _next(self):
        """The harness that had the least time in this leg and does not run now."""
        busy = {turn.harness.name for turn in self.running}
        free = [h for h in self.harnesses if h.name not in self.aside]
        idle = [h for h in free if h.name not in busy]
        return min(idle or free, key=lambda h: self.spent.get(h.name, 0.0), default=None)

    def _engine(self, harness):
        """Which engine's turn it is.  AFL++ has one state for a harness, so it runs once at a time."""
        count = sum(1 for turn in self.history.turns.values() if turn["harness"] == harness.name)
        taken = any(turn.harness is harness and turn.engine == "afl" for turn in self.running)
        wanted = self.afl and harness.afl.exists() and count % AFL_EVERY == AFL_TURN
        if wanted and not taken:
            return Afl
        return LongInputs if count % AFL_EVERY == LONG_TURN else LibFuzzer

    def _begin_turns(self):
        while len(self.running) < self.jobs and self.end - self.clock() >= SHORTEST:
            harness = self._next()
            if harness is None:
                self.stop("aside")
                return
            self.store.room()
            self.number += 1
            seconds = min(self._turn_seconds(), self.end - self.clock())
            engine = self._engine(harness)
            self._record("turn", id=self.number, harness=harness.name, engine=engine.engine)
            turn = engine(harness, self.store, self.number, seconds)
            turn.sampled, turn.edges = turn.began, None
            self.running.append(turn)

    def _poll(self):
        for turn in list(self.running):
            turn.sample()
            if turn.process.poll() is not None:
                self._end_turn(turn)
            elif turn.overdue():
                turn.kill()
                self._end_turn(turn)
            elif time.monotonic() - turn.sampled >= (SAMPLE_GROWN if turn.facts.get("edges") != turn.edges else SAMPLE):
                turn.sampled, turn.edges = time.monotonic(), turn.facts.get("edges")
                self.store.room()
                self._record("sample", id=turn.number, seconds=round(turn.seconds(), 3), **self._facts(turn))

    @staticmethod
    def _facts(turn):
        return {k: v for k, v in turn.facts.items() if k != "artifacts"}

    def _end_turn(self, turn):
        self.running.remove(turn)
        seconds = turn.seconds()
        turn.finish()
        name = turn.harness.name
        self.spent[name] = self.spent.get(name, 0.0) + seconds
        status = turn.process.returncode
        artifacts = [path for path in turn.facts.get("artifacts", []) if "slow-unit-" not in path]
        end = "crash" if artifacts else "time" if status == 0 else "stopped" if self.reason else \
            "starved" if turn.starved else "failed"
        self._record("turned", id=turn.number, seconds=round(seconds, 3), end=end, status=status, **self._facts(turn))
        fresh = [self._crash(turn, path) for path in artifacts]
        if end == "failed" or (end == "crash" and not any(fresh) and seconds < TURN_MIN):
            self._again(name, end, turn)
        elif end == "time":
            self.repeats.pop(name, None)
        self.display.turned(turn, end, seconds)

    def _crash(self, turn, path):
        """Looks at an input that failed.  Returns whether it is one of a new kind."""
        crash = Crash(turn.harness, path)
        fresh = crash.signature not in self.signatures
        self.signatures.add(crash.signature)
        self._record("crash", engine=turn.engine, turn=turn.number, **crash.record())
        if fresh:
            self.display.crash(crash)
        return fresh

    def _again(self, name, end, turn):
        """Nothing is won by running into the same thing over and over."""
        self.repeats[name] = self.repeats.get(name, 0) + 1
        if self.repeats[name] >= SAME_MAX:
            self.aside.add(name)
            self._record("aside", harness=name, log=str(turn.log_path), end=end)
            self.display.say(f"{name}: set aside, it {'does not run' if end == 'failed' else 'runs into the same again'}: {turn.log_path}")

    # ---- the whole ---------------------------------------------------------------

    def run(self):
        """Returns why it ended: one of REASONS.  The engines have ended then."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stop("interrupted"))
        try:
            while self.reason is None and (self.running or self.end - self.clock() >= SHORTEST):
                self._begin_turns()
                self._poll()
                self.display.draw(self)
                if self.reason is None:
                    time.sleep(TICK)
            self._end_running()
            self._minimise()
            self._record("rest", reason=self.reason or "time")
        except (Full, OSError) as error:
            self._kill_running()
            if not is_full(error):
                raise
            self.display.say(f"no room: {error}")
            self.reason = "full"
        self.display.close(self)
        return self.reason or "time"

    def _end_running(self):
        for turn in self.running:
            turn.interrupt()
        until = time.monotonic() + STOP
        for turn in list(self.running):
            try:
                turn.process.wait(max(0.1, until - time.monotonic()))
            except Exception:
                turn.kill()
            self._end_turn(turn)

    def _kill_running(self):
        for turn in self.running:
            turn.kill()
        self.running = []

    def _minimise(self):
        """New inputs are merged and reduced once the time is over; who interrupts does not wait for it."""
        for harness in self.harnesses:
            if self.reason is not None:
                return
            self.store.room()
            if harness.name in self.aside:
                continue
            self.display.say(f"{harness.name}: minimising")
            counts = merge(harness, self.store, MERGE_MAX)
            if counts:
                self._record("minimised", harness=harness.name, before=counts[0], after=counts[1])
            else:
                self.display.say(f"{harness.name}: the corpus could not be minimised and is left as it is")
