"""What every place for journals must keep, local today; another kind of store adds itself to `PLACES`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_nb._ids import new_run_id
from mlops_nb.errors import NotFoundError, UsageError
from mlops_nb.records.journal import Host, MetricLogged, RunStarted
from mlops_nb.store.journal import Journals


def local(folder: Path) -> Journals:
    return Journals(folder)


PLACES = {"local": local}


class TestJournals:
    """One writer a run, readable at once, never mixed up."""

    @pytest.fixture(params=sorted(PLACES))
    def journals(self, request, tmp_path) -> Journals:
        return PLACES[request.param](tmp_path)

    def test_what_was_appended_is_readable_at_once(self, journals):
        run_id = new_run_id()
        writer = journals.create(run_id)
        written = [RunStarted(1.0, run_id=run_id, experiment="e", kind="cell", host=Host("h", 1))]
        writer.append(written[0])
        for step in range(50):
            written.append(MetricLogged(1.0, "m", step / 7, step))
            writer.append(written[-1])
            assert journals.read(run_id) == written
        writer.close()
        assert journals.read(run_id) == written

    def test_two_runs_are_kept_apart(self, journals):
        ids = [new_run_id(), new_run_id()]
        writers = [journals.create(run_id) for run_id in ids]
        for step in range(10):
            for n, writer in enumerate(writers):
                writer.append(MetricLogged(1.0, f"m{n}", 1.0, step))
        for n, run_id in enumerate(ids):
            assert {line.key for line in journals.read(run_id)} == {f"m{n}"}
        assert journals.list_ids() == sorted(ids)

    def test_an_id_is_given_once(self, journals):
        run_id = new_run_id()
        journals.create(run_id)
        with pytest.raises(FileExistsError):
            journals.create(run_id)

    def test_what_is_not_there_is_told(self, journals):
        assert journals.list_ids() == []
        with pytest.raises(NotFoundError):
            journals.read(new_run_id())

    @pytest.mark.parametrize("run_id", ["../x", "", "a/b", "\x00"])
    def test_only_run_ids_reach_a_path(self, journals, run_id):
        with pytest.raises(UsageError):
            journals.create(run_id)
