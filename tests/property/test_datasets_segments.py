"""For any column: layout does not show in the digest, every changed cell does, and what comes back is equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_nb.datasets import cutting, restore, take
from mlops_nb.datasets.encoding import digest_of
from mlops_nb.datasets.planes import lay_bare
from mlops_nb.records.data import Address


class Pieces:
    """Each segment is its own pack."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def find(self, digests: Sequence[str]) -> Mapping[str, Address]:
        return {digest: Address(digest, 0, len(self.kept[digest])) for digest in digests if digest in self.kept}

    def put_pack(self, pieces: Sequence[tuple[str, bytes]]) -> Sequence[Address]:
        self.kept.update(pieces)
        return [Address(digest, 0, len(piece)) for digest, piece in pieces]

    def read(self, address: Address) -> bytes:
        return self.kept[address.object]


CELLS = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.bool_(): st.booleans(),
    pa.float64(): st.floats(allow_nan=False),
    pa.string(): st.text(st.characters(codec="utf-8"), max_size=12),
    pa.large_binary(): st.binary(max_size=12),
    pa.timestamp("us", "UTC"): st.integers(-(2**40), 2**40),
    pa.list_(pa.int16()): st.lists(st.none() | st.integers(-9, 9), max_size=4),
    pa.struct([("a", pa.string()), ("b", pa.bool_())]): st.fixed_dictionaries(
        {"a": st.none() | st.sampled_from(["", "x", "xy"]), "b": st.none() | st.booleans()}
    ),
}


@st.composite
def columns(draw: st.DrawFn, *, min_size: int = 0) -> pa.Array:
    kind = draw(st.sampled_from(list(CELLS)))
    return pa.array(draw(st.lists(st.none() | CELLS[kind], min_size=min_size, max_size=30)), kind)


def digest(values: pa.Array | pa.ChunkedArray) -> str:
    return take(pa.table({"v": values}), Pieces()).manifest.digest


@settings(deadline=None)
@given(columns(), st.data())
def test_layout_does_not_show(values, data):
    places = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=4)))
    chunks = [values[a:b] for a, b in zip([0, *places], [*places, len(values)], strict=True)]
    around = pa.concat_arrays([values, values, values])
    assert digest(pa.chunked_array(chunks, values.type)) == digest(values)
    assert digest(around[len(values) : 2 * len(values)]) == digest(values)


def shown(cell: object) -> str:
    """Tells -0.0 from 0.0 and True from 1, but not one order of a struct's fields from another."""
    return repr(sorted(cell.items()) if isinstance(cell, dict) else cell)


@settings(deadline=None)
@given(columns(min_size=1), st.data())
def test_a_changed_cell_shows(values, data):
    cells = values.to_pylist() if not pa.types.is_timestamp(values.type) else values.cast(pa.int64()).to_pylist()
    place = data.draw(st.integers(0, len(cells) - 1))
    old = cells[place]
    cells[place] = data.draw((st.none() | CELLS[values.type]).filter(lambda new: shown(new) != shown(old)))
    assert digest(pa.array(cells, values.type)) != digest(values)


@settings(deadline=None)
@given(columns())
def test_what_comes_back_is_equal(values):
    pieces = Pieces()
    table = pa.table({"v": values})
    assert restore(take(table, pieces).manifest, pieces).equals(table)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(["float", "few", "text", "list"]),
    place=st.floats(0, 1),
    inserted=st.integers(1, 500),
)
def test_segments_before_and_after_an_insertion_are_found_again(seed, kind, place, inserted):
    random = np.random.default_rng(seed)
    values = {
        "float": lambda: pa.array(random.normal(size=200_000)),
        "few": lambda: pa.array(random.integers(0, 3, 200_000)),
        "text": lambda: pa.array(random.integers(0, 10**9, 150_000)).cast(pa.large_string()),
        "list": lambda: pa.LargeListArray.from_arrays(np.arange(0, 200_001, 4), random.normal(size=200_000)),
    }[kind]()
    at = int(place * len(values))
    longer = pa.concat_arrays([values[:at], values[:inserted], values[at:]])

    def names(array: pa.Array) -> list[str]:
        plane = lay_bare(array)
        ends = cutting.cut(plane)
        assert ends[-1] == len(array)
        assert ends == sorted(set(ends))
        return [digest_of(plane, *span) for span in zip([0, *ends], ends, strict=False)]

    before = set(names(values))
    # The segment that was cut in two, and, rarely, the next few until both find the same boundary again.
    assert len(set(names(longer)) - before) <= 4
