"""Two gcs in a loop, with hardly any grace, among processes that write and share: nothing needed is lost."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from mlops_nb import lineage, retention
from mlops_nb.errors import ConflictError, NotFoundError
from mlops_nb.lineage.audit import audit_store
from mlops_nb.store import Store, open_store
from mlops_nb.tracking.data import load

WRITERS = 3
ROUNDS_S = 4.0
GRACE_S = 0.02
"""More than the file system's clock may lag, and far less than a snapshot takes: writers do lose what they found."""

WRITER = """
import json, random, sys, time
import numpy as np, pandas as pd
from mlops_nb.store import open_store
from mlops_nb.tracking import start_run
from mlops_nb.tracking.data import snapshot

store, number, until = open_store(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
chance = random.Random(number)
columns = [np.random.default_rng(seed).random(20_000) for seed in range(4)]
print("ready", flush=True)
sys.stdin.readline()
began = time.monotonic()
while time.monotonic() - began < until:
    picked = chance.sample(range(4), 2)
    frame = pd.DataFrame({f"c{seed}": columns[seed] for seed in picked})
    frame["new"] = chance.random()
    taken = snapshot(frame, f"data{chance.randrange(3)}", store=store)
    run = start_run(store, experiment="e", kind="script")
    text = f"artifact {chance.randrange(4)}"
    digest = run.log_artifact(text.encode(), "a.txt")
    run.finish()
    fact = {"reference": taken.reference, "new": float(frame["new"].iloc[0]), "picked": picked}
    print(json.dumps({**fact, "run": run.id, "artifact": digest, "text": text}), flush=True)
"""


def delete_some(store: Store, chance: random.Random) -> None:
    """Most of what there is, so that what is shared hangs by few threads."""
    for one in lineage.list_snapshots(store):
        if chance.random() < 0.7:
            with suppress(NotFoundError):  # the other deleted it
                retention.delete_snapshot(store, one.reference)
    for run in lineage.list_runs(store):
        if chance.random() < 0.7:
            with suppress(ConflictError, NotFoundError):  # it still runs, or the other deleted it
                retention.delete_run(store, run.id)


def collect(root: Path, chance: random.Random) -> int:
    """Delete and collect for a while. Returns the objects that are gone."""
    store, swept, began = open_store(root), 0, time.monotonic()
    while time.monotonic() - began < ROUNDS_S:
        delete_some(store, chance)
        swept += retention.collect_garbage(store, grace_s=GRACE_S).objects
    return swept


def frame_of(fact: dict[str, object]) -> object:
    import numpy as np
    import pandas as pd

    picked = fact["picked"]
    assert isinstance(picked, list)
    frame = pd.DataFrame({f"c{seed}": np.random.default_rng(seed).random(20_000) for seed in picked})
    frame["new"] = fact["new"]
    return frame


@pytest.fixture
def facts(tmp_path: Path) -> list[dict[str, object]]:
    """What the writers were told is kept, after a few seconds of a gc among them."""
    store = open_store(tmp_path / "store")
    store.create()
    command = [sys.executable, "-c", WRITER, str(store.root)]
    writers = [
        subprocess.Popen(
            [*command, str(n), str(ROUNDS_S + 0.5)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for n in range(WRITERS)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    with ThreadPoolExecutor() as pool:
        collectors = [pool.submit(collect, store.root, random.Random(seed)) for seed in (7, 8)]
        swept = sum(collector.result() for collector in collectors)
    told = [writer.communicate(timeout=60)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * WRITERS
    assert swept > 20
    return [json.loads(line) for text in told for line in text.splitlines()]


def test_nothing_that_is_needed_is_lost(tmp_path: Path, facts: list[dict[str, object]]) -> None:
    store = open_store(tmp_path / "store")
    retention.collect_garbage(store, grace_s=0.0)
    assert audit_store(store).findings == ()
    assert len(facts) > 20
    kept = {one.reference for one in lineage.list_snapshots(store)}
    runs = {run.id for run in lineage.list_runs(store)}
    assert runs
    loaded = 0
    for fact in facts:
        if fact["reference"] in kept:
            assert load(str(fact["reference"]), store=store).equals(frame_of(fact))
            loaded += 1
        if fact["run"] in runs:
            assert store.objects.get(str(fact["artifact"])) == str(fact["text"]).encode()
    assert loaded
    assert len({fact["reference"] for fact in facts}) == len(facts), "no version number is given twice"
