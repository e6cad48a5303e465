"""Whatever is recorded comes back equal, and folding may be interrupted anywhere."""

from __future__ import annotations

import math

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_nb.errors import UsageError
from mlops_nb.records import journal, ledger
from mlops_nb.records.data import Address, Column, Manifest, Segment
from mlops_nb.records.fold import fold_run
from mlops_nb.records.names import check_name, parse_reference
from mlops_nb.records.values import MAX_TEXT, clean_text, number, plain
from mlops_nb.records.wire import decode_entry, decode_line, decode_manifest, encode, encode_line, to_plain
from mlops_nb.store.journal import decode_lines

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ANY_TEXT = st.text(max_size=30) | st.sampled_from(["\ud800", "a\udfffb", "\x00", "\x1b[2J"])
FINITE = st.floats(allow_nan=False, allow_infinity=False)
INT = st.integers(-(2**63), 2**63 - 1)
PLAIN = st.recursive(
    st.none() | st.booleans() | INT | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def struct(kind: type, **more: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Values of a struct whose fields are filled by their types."""
    strategies = {
        str: TEXT,
        float: FINITE,
        int: INT,
        float | str: FINITE | st.sampled_from(["nan", "inf", "-inf"]),
    }
    hints = {field.name: field.type for field in msgspec.structs.fields(kind)}
    named = {name: more[name] if name in more else strategies.get(hint) for name, hint in hints.items()}
    found = {name: st.from_type(hints[name]) if strategy is None else strategy for name, strategy in named.items()}
    return st.builds(kind, **found)


METRIC_VALUE = FINITE | st.sampled_from(["nan", "inf", "-inf"])
HOST = struct(journal.Host)
STARTED = struct(journal.RunStarted, host=HOST)
ERROR = struct(journal.RunError)
CODE = struct(journal.CodeState, dirty=st.none() | st.booleans())
LATER = st.one_of(
    struct(journal.ParamLogged, value=PLAIN),
    struct(journal.MetricLogged, value=METRIC_VALUE),
    struct(journal.MetricLogged, value=METRIC_VALUE, key=st.sampled_from(["a", "b"])),
    struct(journal.ParamLogged, value=PLAIN, key=st.sampled_from(["a", "b"])),
    struct(journal.TagSet),
    struct(journal.ArtifactLogged),
    struct(journal.DatasetLinked, rows=st.none() | INT),
    struct(journal.ModelLinked),
    struct(journal.EnvironmentCaptured, packages=st.dictionaries(TEXT, TEXT, max_size=3), code=st.none() | CODE),
    struct(journal.OutputCaptured),
    struct(journal.ResourcesMeasured, peak_memory_bytes=st.none() | INT),
    struct(journal.CaptureFaulted),
    struct(journal.RunFinished, error=st.none() | ERROR),
)
ACTION = st.one_of(
    struct(ledger.RunSealed),
    struct(ledger.SnapshotPublished),
    struct(
        ledger.ModelRegistered,
        packages=st.dictionaries(TEXT, TEXT, max_size=3),
        datasets=st.lists(TEXT, max_size=3).map(tuple),
    ),
    struct(ledger.AliasMoved),
)
SEGMENT = struct(Segment, address=struct(Address))
COLUMN = struct(Column, segments=st.lists(SEGMENT, max_size=2).map(tuple), categories=st.just(()))


def test_every_kind_of_line_and_action_is_tried():
    kinds = {kind.__name__ for kind in journal.Line.__args__}
    assert kinds == {
        "RunStarted", "ParamLogged", "MetricLogged", "TagSet", "ArtifactLogged", "DatasetLinked", "ModelLinked",
        "EnvironmentCaptured", "OutputCaptured", "ResourcesMeasured", "CaptureFaulted", "RunFinished",
    }  # fmt: skip


@given(STARTED | LATER)
def test_lines_round_trip(line):
    data = encode_line(line)
    assert data.count(b"\n") == 1
    assert decode_line(data) == line
    assert list(decode_lines(data * 2)) == [line, line]


@given(st.builds(ledger.Entry, number=INT, previous=TEXT, at=FINITE, by=TEXT, action=ACTION))
def test_entries_round_trip(entry):
    assert decode_entry(encode(entry)) == entry
    assert to_plain(entry)["action"]["type"]


@given(
    struct(Manifest, columns=st.lists(COLUMN, max_size=2).map(tuple), extras=st.dictionaries(TEXT, PLAIN, max_size=2))
)
def test_manifests_round_trip(manifest):
    assert decode_manifest(encode(manifest)) == manifest


@given(STARTED, st.lists(LATER, max_size=12), st.data())
@settings(max_examples=60)
def test_folding_may_be_interrupted_anywhere(first, rest, data):
    lines = [first, *rest]
    whole = fold_run(lines)
    cut = data.draw(st.integers(1, len(lines)))
    assert fold_run(lines[cut:], fold_run(lines[:cut])) == whole
    one_by_one = None
    for line in lines:
        one_by_one = fold_run([line], one_by_one)
    assert one_by_one == whole
    assert msgspec.json.decode(encode(whole), type=type(whole)) == whole


@given(st.binary(max_size=60))
def test_any_bytes_read_without_an_error(data):
    assert isinstance(list(decode_lines(data)), list)


@given(struct(journal.TagSet, key=ANY_TEXT, value=ANY_TEXT))
def test_texts_that_no_file_can_hold_are_escaped(line):
    back = decode_line(encode_line(line))
    assert back.value == line.value.encode("utf-8", "backslashreplace").decode()


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | ANY_TEXT
        | st.binary(max_size=5)
        | st.complex_numbers(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.tuples(inner, inner)
            | st.dictionaries(ANY_TEXT | st.integers(), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_any_param_value_becomes_plain_and_stays_it(value):
    kept = plain(value)
    assert plain(kept) == kept
    assert msgspec.json.decode(encode(kept)) == kept


@given(st.floats() | st.integers(-(10**300), 10**300) | st.booleans())
def test_numbers_keep_their_value(value):
    kept = number("m", value)
    assert type(kept) is float
    assert kept == float(value) or math.isnan(kept)


@given(st.text(), st.integers(1, 50))
def test_clean_texts_are_short_and_encodable(text, limit):
    assert clean_text(text).encode() is not None
    assert len(clean_text("x" * 5000)) == MAX_TEXT
    if text.isascii():
        assert len(clean_text(text, limit)) <= limit


@given(ANY_TEXT)
def test_a_name_that_is_accepted_stays_accepted(text):
    try:
        name = check_name("dataset", text)
    except UsageError as fault:
        assert fault.message.isprintable()  # noqa: PT017 - either outcome is right
        return
    assert check_name("dataset", name) == name
    assert parse_reference("dataset", f"{name}@7").name == name
