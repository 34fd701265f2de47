"""What a campaign shows while it runs: a table that is drawn again on a terminal, lines elsewhere."""
import os
import shutil
import sys
import time

REDRAW = 0.5


def number(value):
    """12345678 as 12,345,678."""
    return f"{value:,}"


def span(seconds):
    """Seconds as 1:02:03."""
    seconds = max(0, int(seconds))
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def size(count):
    """Bytes in two or three figures."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


class Display:
    def __init__(self, stream=sys.stdout):
        self.stream = stream
        self.live = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.drawn, self.lines = 0.0, 0

    def say(self, text):
        """One line that stays."""
        self._erase()
        print(text, file=self.stream, flush=True)

    def turned(self, turn, end, seconds):
        if not self.live:
            facts = turn.facts
            self.say(f"{turn.harness.name:14} {turn.engine:9} {seconds:6.1f} s {number(facts['executions']):>12} executions"
                     f" {facts.get('edges', '-'):>6} edges  {end}")

    def crash(self, crash):
        self.say(f"CRASH {crash.signature}\n      {' '.join(crash.command())}")

    def _erase(self):
        if self.lines:
            self.stream.write(f"\x1b[{self.lines}A\x1b[J")
            self.lines = 0

    def draw(self, campaign):
        now = time.monotonic()
        if not self.live or now - self.drawn < REDRAW:
            return
        self.drawn = now
        width = shutil.get_terminal_size().columns
        lines = [line[:width - 1] for line in self._table(campaign, width)]
        self._erase()
        self.stream.write("".join(f"{line}\n" for line in lines))
        self.stream.flush()
        self.lines = len(lines)

    def _table(self, campaign, width):
        clock, total = campaign.clock(), campaign.left_at_start
        gone = min(total, clock - campaign.before)
        bar = max(10, min(40, width - 50))
        full = int(bar * gone / total) if total else bar
        yield f"[{'#' * full}{'.' * (bar - full)}] {span(gone)} of {span(total)}   kinds of crashes: {len(campaign.signatures)}"
        yield f"{'harness':14} {'now':>9} {'time':>8} {'executions':>14} {'per second':>10} {'edges':>6} {'corpus':>7}"
        running = {}
        for turn in campaign.running:
            running.setdefault(turn.harness.name, turn)
        for harness in campaign.harnesses:
            yield self._row(harness.name, campaign, running.get(harness.name))

    @staticmethod
    def _row(name, campaign, turn):
        seconds = executions = edges = corpus = 0
        for past in campaign.history.turns.values():
            if past["harness"] == name and not (turn and past["id"] == turn.number):
                seconds += past.get("seconds", 0.0)
                executions += past.get("executions", 0)
                edges, corpus = max(edges, past.get("edges", 0)), past.get("corpus", corpus)
        now = "aside" if name in campaign.aside else ""
        rate = executions / seconds if seconds else 0
        if turn:
            now = turn.engine
            rate = turn.facts["executions"] / max(0.1, turn.seconds())
            seconds += turn.seconds()
            executions += turn.facts["executions"]
            edges, corpus = max(edges, turn.facts.get("edges", 0)), turn.facts.get("corpus", corpus)
        return (f"{name:14} {now:>9} {span(seconds):>8} {number(executions):>14} {number(int(rate)):>10}"
                f" {number(edges):>6} {number(corpus):>7}")

    def close(self, campaign):
        """The last state stays on the screen."""
        self.drawn = 0.0
        self.draw(campaign)
        self.lines = 0
