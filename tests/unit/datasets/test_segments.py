"""Segments: found again after an edit, packed, and never trusted when they are read."""

from __future__ import annotations

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from mlops_nb.datasets import cutting, restore, take, taking
from mlops_nb.errors import StoreCorruptError, StoreTooNewError

ROWS = 300_000


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    random = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "number": random.normal(size=ROWS),
            "count": np.arange(ROWS),
            "level": random.integers(0, 5, ROWS),
            "text": pd.array(np.char.add("name-", random.integers(0, 10**6, ROWS).astype(str)), dtype="str"),
            "sparse": pd.array(np.where(random.random(ROWS) < 0.1, None, random.normal(size=ROWS)), dtype="Float64"),
            "zero": 0,
        }
    )


EDITS = {
    "unchanged": lambda f: f.copy(),
    "a row on top": lambda f: pd.concat([f.iloc[[77]], f], ignore_index=True),
    "a row in the middle": lambda f: pd.concat([f.iloc[:99_999], f.iloc[[5]], f.iloc[99_999:]], ignore_index=True),
    "a row less": lambda f: f.drop(index=150_000).reset_index(drop=True),
    "a hundredth more": lambda f: pd.concat([f, f.iloc[: ROWS // 100]], ignore_index=True),
    "a cell": lambda f: f.assign(number=f["number"].where(f.index != 1234, 0.5)),
    "the columns' order": lambda f: f[f.columns[::-1]],
}
NEW = {"unchanged": 0, "the columns' order": 0, "a cell": 1}


@pytest.mark.parametrize("edit", EDITS)
def test_after_an_edit_nearly_all_segments_are_found_again(edit, frame, pieces):
    first = take(frame, pieces)
    edited = EDITS[edit](frame)
    second = take(edited, pieces)
    assert second.new_segments <= NEW.get(edit, 2 * frame.shape[1])
    assert second.reused_bytes >= 0.75 * second.manifest.logical_bytes
    assert second.stored_bytes == sum(map(len, pieces.packs)) - first.stored_bytes
    assert_frame_equal(restore(second.manifest, pieces), edited)


def test_segments_have_their_sizes(frame, pieces):
    manifest = take(frame, pieces).manifest
    numbers = [segment.rows * 8 for segment in manifest.columns[0].segments]
    assert all(cutting.MIN_BYTES <= size <= cutting.MAX_BYTES for size in numbers[:-1])
    assert len(numbers) > 4
    constant = manifest.columns[-1].segments
    assert len({segment.digest for segment in constant}) <= 2
    assert sum(segment.rows for segment in constant) == ROWS


def test_a_value_larger_than_a_segment_is_one(pieces):
    table = pa.table({"s": ["x" * (cutting.MAX_BYTES + 1), "y", "z" * cutting.MAX_BYTES]})
    assert restore(take(table, pieces).manifest, pieces).equals(table)


def test_equal_columns_are_stored_once(pieces):
    taken = take(pd.DataFrame({"a": [1, 2], "b": [1, 2]}), pieces)
    assert (taken.new_segments, taken.reused_segments, taken.reused_bytes) == (1, 1, 16)


def test_packs_are_handed_over_before_they_grow_too_large(pieces, monkeypatch, frame):
    monkeypatch.setattr(taking, "PACK_BYTES", 200_000)
    monkeypatch.setattr(taking, "_BATCH_BYTES", 1)
    manifest = take(frame, pieces).manifest
    assert len(pieces.packs) > 3
    assert all(len(pack) < 200_000 + cutting.MAX_BYTES for pack in pieces.packs)
    assert_frame_equal(restore(manifest, pieces), frame)


SMALL = pa.table(
    {
        "n": [1, None, 3],
        "s": ["a", None, "bc"],
        "c": pa.array(["x", "y", "x"]).dictionary_encode(),
        "l": [[1], None, []],
    }
)


def test_any_flipped_bit_is_found(pieces):
    manifest = take(SMALL, pieces).manifest
    sound = bytes(pieces.packs[0])
    for place in range(len(sound)):
        damaged = bytearray(sound)
        damaged[place] ^= 1 << (place % 8)
        pieces.packs[0] = bytes(damaged)
        with pytest.raises(StoreCorruptError, match=r"column '[nscl]' is damaged"):
            restore(manifest, pieces)


@pytest.mark.parametrize("harm", [lambda b: b[:-1], lambda b: b"", lambda b: b[::-1]])
def test_shortened_and_shuffled_packs_are_found(harm, pieces):
    manifest = take(SMALL, pieces).manifest
    pieces.packs[0] = harm(pieces.packs[0])
    with pytest.raises(StoreCorruptError, match=r"column '[nscl]' is damaged"):
        restore(manifest, pieces)


def test_a_missing_pack_is_damage_that_names_the_column(pieces):
    manifest = take(SMALL, pieces).manifest
    pieces.packs.clear()
    with pytest.raises(StoreCorruptError, match="column 'n' is damaged: no pack 0"):
        restore(manifest, pieces)


def test_a_sound_segment_in_the_wrong_place_is_found(pieces):
    manifest = take(pa.table({"a": [1, 2], "b": [3, 4]}), pieces).manifest
    a, b = manifest.columns
    swapped = msgspec.structs.replace(a.segments[0], address=b.segments[0].address)
    for column in (
        msgspec.structs.replace(a, segments=(swapped,)),
        msgspec.structs.replace(a, segments=b.segments),
        msgspec.structs.replace(a, segments=()),
    ):
        with pytest.raises(StoreCorruptError, match="'a'"):
            restore(msgspec.structs.replace(manifest, columns=(column, b)), pieces)


@pytest.mark.parametrize("schema", ["", "?", "AAAA"])
def test_a_damaged_schema_is_found(schema, pieces):
    manifest = take(SMALL, pieces).manifest
    with pytest.raises(StoreCorruptError, match="schema"):
        restore(msgspec.structs.replace(manifest, schema=schema), pieces)


def test_a_newer_manifest_says_upgrade(pieces):
    manifest = take(SMALL, pieces).manifest
    for newer in ({"format": 99}, {"python_type": "cudf.DataFrame"}):
        with pytest.raises(StoreTooNewError, match="upgrade"):
            restore(msgspec.structs.replace(manifest, **newer), pieces)
