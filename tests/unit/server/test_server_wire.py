"""The panel's types (labextension/src/wire.ts) name the very fields of the records."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from mlops_nb.records import data, journal, models, runs

WIRE = Path(__file__).parents[3] / "labextension" / "src" / "wire.ts"
RECORDS: dict[str, type[msgspec.Struct]] = {
    "IRun": runs.Run,
    "IRunDetails": runs.RunDetails,
    "IMetricSummary": runs.MetricSummary,
    "IPoint": runs.Point,
    "IDatasetLinked": journal.DatasetLinked,
    "IModelLinked": journal.ModelLinked,
    "IArtifact": journal.ArtifactLogged,
    "IEnvironment": journal.EnvironmentCaptured,
    "ICodeState": journal.CodeState,
    "IHost": journal.Host,
    "IProcessTrace": journal.ProcessTrace,
    "IOutput": journal.OutputCaptured,
    "IResources": journal.ResourcesMeasured,
    "IFault": journal.CaptureFaulted,
    "IRunError": journal.RunError,
    "ISnapshot": data.Snapshot,
    "IModelVersion": models.ModelVersion,
}


def interfaces() -> dict[str, dict[str, bool]]:
    """Each interface's fields, and whether they may be left out."""
    found = {}
    for name, body in re.findall(r"export interface (\w+) \{\n(.*?)\n\}", WIRE.read_text(encoding="utf-8"), re.DOTALL):
        found[name] = {field: bool(mark) for field, mark in re.findall(r"^  (\w+)(\??):", body, re.MULTILINE)}
    return found


@pytest.mark.parametrize("name", RECORDS)
def test_types_mirror_the_records(name: str) -> None:
    record, mirrored = RECORDS[name], interfaces()[name]
    described = msgspec.structs.fields(record)
    # A journal line's time is not shown.
    is_line = issubclass(record, journal._Line)
    assert set(mirrored) == {field.encode_name for field in described} - ({"at"} if is_line else set())
    for field in described:
        if field.encode_name in mirrored:
            may_be_absent = record.__struct_config__.omit_defaults and not field.required
            assert mirrored[field.encode_name] == may_be_absent, f"{name}.{field.encode_name}"


def test_statuses_are_those_of_the_records() -> None:
    (listed,) = re.findall(r"export type Status = (.*);", WIRE.read_text(encoding="utf-8"))
    assert tuple(re.findall(r"'(\w+)'", listed)) == runs.STATUSES
