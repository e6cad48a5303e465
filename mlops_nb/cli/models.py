"""`mlops-nb models`: registered models, and one version with where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops_nb._ids import short_id
from mlops_nb.cli import suggestions
from mlops_nb.cli.deletion import deletion_options, tell_entries
from mlops_nb.cli.options import examples, json_option, print_json, store_option, the_store
from mlops_nb.cli.program import Group
from mlops_nb.cli.tables import print_facts, print_table, teach
from mlops_nb.errors import NotFoundError
from mlops_nb.records import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops_nb.records.models import ModelVersion
    from mlops_nb.records.runs import Run
    from mlops_nb.store import Store


@click.group(cls=Group)
def models() -> None:
    """Registered models: list their versions, show, delete or restore one.

    A version is named `delays@3` or by an alias, `delays@champion`; `delays` alone means the newest.
    """


@models.command("list", epilog=examples("mlops-nb models list", "mlops-nb models list delays --json"))
@click.argument("name", required=False, shell_complete=suggestions.models)
@json_option
@store_option
def list_(name: str | None, as_json: bool) -> None:
    """List the versions of all models, or of NAME, newest first."""
    from mlops_nb.lineage import list_models

    store = the_store()
    found = list_models(store, name)
    if as_json:
        print_json(found)
    elif found:
        print_models(found)
    else:
        teach(
            f"no registered models in {store.root} yet", "%register model --name delays in a notebook keeps the first"
        )


@models.command(epilog=examples("mlops-nb models show delays@champion", "mlops-nb models show delays@3 --json"))
@click.argument("reference", metavar="REF", shell_complete=suggestions.models)
@json_option
@store_option
def show(reference: str, as_json: bool) -> None:
    """Show the version REF: what it is, and the run and the data that it came from."""
    from mlops_nb.lineage import get_model
    from mlops_nb.records.wire import to_plain

    store = the_store()
    one = get_model(store, reference)
    run, data = _find_run(store, one), _name_data(store, one)
    if as_json:
        print_json({**to_plain(one), "run": to_plain(run), "data": data})
        return
    print_facts(
        [
            ("model", one.reference),
            ("alias", ", ".join(one.aliases)),
            ("message", one.message),
            ("type", one.python_type),
            ("kept as", f"{one.flavor}, {text.size(one.size_bytes)}"),
            ("registered", f"{text.moment(one.created_at)} UTC by {one.created_by}"),
            ("needs", "  ".join(f"{name}=={version}" for name, version in sorted(one.packages.items()))),
            *(("data", name) for name in data),
            ("run", f"{one.run_id} {run.name}".strip() if run else one.run_id),
            ("experiment", run.experiment if run else ""),
            *((f"param {key}", text.param(value, 200)) for key, value in (run.params if run else {}).items()),
            *((f"metric {key}", text.number(run.metric(key))) for key in (run.metrics if run else ()) if run),
            ("digest", one.digest),
            ("load it", f'mb.load_model("{one.name}@{one.aliases[0] if one.aliases else one.version}")'),
        ]
    )


@models.command(epilog=examples("mlops-nb models delete delays@2 -m 'holds personal data'"))
@click.argument("reference", metavar="REF", shell_complete=suggestions.models)
@deletion_options
@json_option
@store_option
def delete(reference: str, reason: str, force: bool, as_json: bool) -> None:
    """Delete the version REF from every list. `models restore` undoes it until `gc` frees the bytes.

    A version that an alias points to is refused without --force. Its number is never used again.
    """
    from mlops_nb.retention import delete_model

    tell_entries([delete_model(the_store(), reference, reason, force=force)], as_json=as_json)


@models.command(epilog=examples("mlops-nb models restore delays@2"))
@click.argument("reference", metavar="REF")
@json_option
@store_option
def restore(reference: str, as_json: bool) -> None:
    """Bring the deleted version REF back, as long as no `gc` freed its bytes."""
    from mlops_nb.retention import restore_model

    tell_entries([restore_model(the_store(), reference)], as_json=as_json)


def print_models(found: Sequence[ModelVersion]) -> None:
    """A table of model versions."""
    headers = ("model", "alias", "type", "size", "when", "run", "message")
    rows = [
        (
            one.reference,
            ", ".join(one.aliases),
            one.python_type.rpartition(".")[2],
            text.size(one.size_bytes),
            text.ago(one.created_at),
            short_id(one.run_id),
            one.message,
        )
        for one in found
    ]
    print_table(headers, rows, numeric=(3,), spare=(3, 2))


def _find_run(store: Store, one: ModelVersion) -> Run | None:
    from mlops_nb.lineage import get_run

    try:
        return get_run(store, one.run_id) if one.run_id else None
    except NotFoundError:
        return None


def _name_data(store: Store, one: ModelVersion) -> list[str]:
    """The data behind a model as `flights@3`, or by digest where no version has it any more."""
    from mlops_nb.lineage import list_snapshots

    names = {snapshot.digest: snapshot.reference for snapshot in reversed(list_snapshots(store))}
    return [names.get(digest, digest[:12]) for digest in one.datasets]
