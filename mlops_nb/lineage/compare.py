"""Runs side by side: what differs in params, metrics, code and data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import msgspec

from mlops_nb.records.runs import Run
from mlops_nb.records.values import Plain

Group = Literal["run", "param", "metric", "data"]


class Difference(msgspec.Struct, frozen=True):
    """One line of a comparison: a value for each run, None where a run has none."""

    group: Group
    key: str
    values: tuple[Plain, ...]

    @property
    def same(self) -> bool:
        """Whether all runs agree. NaN agrees with NaN."""
        first = self.values[0]
        return all(value == first or (value != value and first != first) for value in self.values)  # noqa: PLR0124 - NaN


class Comparison(msgspec.Struct, frozen=True):
    """Several runs, line by line."""

    run_ids: tuple[str, ...]
    lines: tuple[Difference, ...]


def compare_runs(runs: Sequence[Run]) -> Comparison:
    """Line up runs: what they are, their params, their metrics' last values, and the data they touched."""
    lines = [
        *_lines("run", ("experiment", "name", "status", "duration_s", "commit"), runs, getattr),
        *_lines("param", _keys(run.params for run in runs), runs, lambda run, key: run.params.get(key)),
        *_lines("metric", _keys(run.metrics for run in runs), runs, lambda run, key: run.metric(key)),
        *_lines("data", ("used", "generated"), runs, _datasets),
    ]
    return Comparison(tuple(run.id for run in runs), tuple(lines))


def _lines(
    group: Group, keys: Iterable[str], runs: Sequence[Run], value: Callable[[Run, str], Plain]
) -> list[Difference]:
    found = [Difference(group, key, tuple(value(run, key) for run in runs)) for key in keys]
    return [line for line in found if any(value not in (None, "") for value in line.values)]


def _keys(mappings: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(key for mapping in mappings for key in mapping))


def _datasets(run: Run, role: str) -> str:
    links = [link for link in run.datasets if link.role == role]
    return ", ".join(f"{link.name}@{link.version}" if link.name else link.digest[:12] for link in links)
