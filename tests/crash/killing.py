"""A warm process that forks writers, kills them, and looks at what they left. Run by `test_kill_at_any_point`.

    python killing.py FOLDER KILLS

Forking costs milliseconds where starting Python and pandas costs a second. This process itself never writes a run, so
it has no threads that a child would miss. It prints one JSON object: how many were killed where, and what did not hold.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from boundaries import FEWER_MODES, MODES, Cut, watch

EIGHT = 8
ALL_MODES = 1000
"""From how many kills on every boundary is met in every way."""
STEPS = 10
"""How many steps a life tells before its end, and one for the end."""

GENERATION = 12
"""How many random kills one store sees before a fresh one is begun."""


class Child:
    """A forked process that does `what` and tells its steps through a pipe."""

    def __init__(self, what: str, root: Path, seed: int, cut: Cut | None = None, *, watched: bool = True) -> None:
        self._out, told = os.pipe()
        self._heard = b""
        self.pid = os.fork()
        if self.pid:
            os.close(told)
            return
        code = 1
        try:
            os.close(self._out)
            _work(what, root, seed, told, cut if watched else None, watched=watched)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    def kill_after(self, steps: int, further_s: float) -> None:
        """Kill it some time after it told so many steps (or ended)."""
        while self._heard.count(b"\n") < steps and (byte := os.read(self._out, 1)):
            self._heard += byte
        time.sleep(further_s)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> tuple[int, list[str]]:
        """How it ended (negative: the signal), and the whole lines that it told."""
        with os.fdopen(self._out, "rb") as file:
            told = self._heard + file.read()
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status), told[: told.rfind(b"\n") + 1].decode().splitlines()


def _work(what: str, root: Path, seed: int, out: int, cut: Cut | None, *, watched: bool) -> None:
    import life

    write = os.write
    seen = watch((str(root), os.environ["MLOPS_NB_CACHE"]), cut) if watched else []

    def tell(*words: Any) -> None:
        write(out, json.dumps(words).encode() + b"\n")

    if what == "count":
        life.live(root, seed, tell)
        write(out, json.dumps([seen, [name for name in sys.modules if not name.startswith("_")]]).encode() + b"\n")
    elif what == "count reader":
        life.look(root, seed, tell)
        write(out, json.dumps([seen, []]).encode() + b"\n")
    else:
        {"live": life.live, "look": life.look}[what](root, seed, tell)


class Harness:
    """The kinds of fire, one method each."""

    def __init__(self, folder: Path, modes: tuple[str, ...]) -> None:
        self._folder = folder
        self._modes = modes
        self._chance = random.Random(20261121)
        self._stores = 0
        self._seed = 0
        self._told: list[str] = []
        self._root = folder / "store-0"
        self._keep: set[Path] = set()
        self.killed: Counter[str] = Counter()
        self.failures: list[str] = []
        self.boundaries: list[str] = []
        self.life_s = 0.0

    def warm_up(self) -> None:
        """Find the boundaries of a life, and load what a life needs, so that the next children have it."""
        self.boundaries, modules = self._count("count", self._fresh())
        for name in modules:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        gc.freeze()  # a child that counts no references of what it inherits need not copy it
        self._whole_life(self._fresh())
        begun = time.perf_counter()
        Child("live", self._fresh(), self._next_seed(), watched=False).wait()
        self.life_s = time.perf_counter() - begun

    def every_boundary(self) -> None:
        """Each boundary of a first life in a fresh store."""
        for number, what in enumerate(self.boundaries, 1):
            for mode in self._modes:
                if mode != "half" or what.endswith("(bytes)"):
                    self._one(f"{mode} {number} {what}", Cut(number, mode))

    def every_boundary_of_a_reader(self) -> None:
        """Each boundary of a reader that closes an orphan."""
        root = self._fresh()
        self._orphan(root)
        boundaries, _ = self._count("count reader", root)
        for number, what in enumerate(boundaries, 1):
            for mode in self._modes:
                if mode != "half" or what.endswith("(bytes)"):
                    self._one_reader(f"reader {mode} {number} {what}", Cut(number, mode))

    def random_moments(self, count: int) -> None:
        """One writer after the other in a store that goes through many deaths."""
        root = self._fresh()
        for n in range(count):
            if n % GENERATION == 0:
                self._whole_life(root)
                root = self._fresh()
            with self._noting(f"random {n}", root):
                child = Child("live", root, self._next_seed(), watched=False)
                self._kill_somewhere(child)
                code, lines = child.wait()
                assert code in {0, -signal.SIGKILL}, code
                self.killed["random" if code else "too late"] += 1
                self._told += lines
                self._check(root)
        self._whole_life(root)

    def eight_at_once(self, rounds: int) -> None:
        """Eight writers on one fresh store, half of which are killed while the others go on."""
        for n in range(rounds):
            root = self._fresh()
            with self._noting(f"eight {n}", root):
                children = [Child("live", root, self._next_seed(), watched=False) for _ in range(EIGHT)]
                for child in children[: EIGHT // 2]:
                    self._kill_somewhere(child)
                for child in children:
                    code, lines = child.wait()
                    is_victim = child in children[: EIGHT // 2]
                    assert code == 0 or (is_victim and code == -signal.SIGKILL), code
                    self.killed["of eight" if code else "ended, of eight"] += 1
                    self._told += lines
                self._check(root)
                self._whole_life(root)

    def _kill_somewhere(self, child: Child) -> None:
        child.kill_after(self._chance.randrange(STEPS), self._chance.random() * self.life_s / STEPS)

    def _one(self, name: str, cut: Cut) -> None:
        root = self._fresh()
        with self._noting(name, root):
            code, self._told = Child("live", root, self._next_seed(), cut).wait()
            # Which folders of objects are there already is chance, so the last boundaries may not be met.
            assert code == -signal.SIGKILL or (code == 0 and cut.number > len(self.boundaries) - 6), code
            self.killed[cut.mode if code else "too late"] += 1
            self._check(root)
            self._whole_life(root)

    def _one_reader(self, name: str, cut: Cut) -> None:
        root = self._fresh()
        self._orphan(root)
        with self._noting(name, root):
            code, _ = Child("look", root, 0, cut).wait()
            assert code == -signal.SIGKILL, code
            self.killed["reader"] += 1
            self._check(root)
            self._whole_life(root)

    def _whole_life(self, root: Path) -> None:
        """The store works on: another writer comes and is not disturbed."""
        code, lines = Child("live", root, self._next_seed(), watched=False).wait()
        assert code == 0, code
        self._told += lines
        self._check(root)

    def _orphan(self, root: Path) -> None:
        """A store with a run that was cut off in the middle, its last line torn."""
        write = next(n for n, what in enumerate(self.boundaries, 1) if what == "os.write (bytes)")
        code, self._told = Child("live", root, self._next_seed(), Cut(write + 4, "half")).wait()
        assert code == -signal.SIGKILL, code

    def _count(self, what: str, root: Path) -> tuple[list[str], list[str]]:
        code, told = Child(what, root, self._next_seed()).wait()
        assert code == 0, code
        seen, modules = json.loads(told[-1])
        return seen, modules

    def _check(self, root: Path) -> None:
        import life

        store = life.check(root, self._told)
        store.index.close()

    def _next_seed(self) -> int:
        self._seed += 1
        return self._seed

    def _fresh(self) -> Path:
        self._stores += 1
        self._told = []
        if self._root not in self._keep:
            shutil.rmtree(self._root, ignore_errors=True)
        self._root = self._folder / f"store-{self._stores}"
        return self._root

    @contextlib.contextmanager
    def _noting(self, name: str, root: Path) -> Any:
        try:
            yield
        except Exception:  # whatever did not hold is the report's, and the next kill goes on
            self.failures.append(f"{name} ({root}):\n{traceback.format_exc(limit=-4)}")
            self._keep.add(root)


def main() -> None:
    """Kill, look, report."""
    folder, kills = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    harness = Harness(folder, MODES if kills >= ALL_MODES else FEWER_MODES)
    harness.warm_up()
    times: dict[str, float] = {}

    def timed(name: str, do: Callable[[], None]) -> None:
        begun = time.perf_counter()
        do()
        times[name] = round(time.perf_counter() - begun, 1)

    timed("boundaries", harness.every_boundary)
    timed("reader", harness.every_boundary_of_a_reader)
    rest = max(3 * EIGHT, kills - sum(harness.killed.values()))
    timed("random", lambda: harness.random_moments(rest * 2 // 3))
    timed("eight", lambda: harness.eight_at_once(rest // 3 // (EIGHT // 2)))
    report = {
        "boundaries": harness.boundaries,
        "killed": harness.killed,
        "failures": harness.failures,
        "life_s": round(harness.life_s, 4),
        "times_s": times,
    }
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
