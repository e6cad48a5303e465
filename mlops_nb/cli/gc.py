"""`mlops-nb gc`: free the bytes of what was deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops_nb.cli.options import examples, json_option, print_json, store_option, the_store
from mlops_nb.cli.tables import print_table, teach
from mlops_nb.records import text

if TYPE_CHECKING:
    from mlops_nb.retention import Plan

_DAY_S = 86_400
_SHOWN_PACKS = 8


@click.command(epilog=examples("mlops-nb gc", "mlops-nb gc --older-than 30 --yes", "mlops-nb gc --json"))
@click.option(
    "--older-than",
    metavar="DAYS",
    type=click.IntRange(min=0),
    default=0,
    help="Only what was deleted at least so many days ago.",
)
@click.option("--yes", is_flag=True, help="Do it. Without this, only say what would be done.")
@json_option
@store_option
def gc(older_than: int, yes: bool, as_json: bool) -> None:
    """Free the bytes of what was deleted, and of what was written but never finished.

    Shows what would go; --yes does it, and then nothing of that can be restored. Whatever a run, a snapshot or a model
    still needs stays, and so does what was written within the last hour. Others may work in the store meanwhile.
    """
    from mlops_nb.records.wire import to_plain
    from mlops_nb.retention import collect_garbage, plan_garbage

    store, older_than_s = the_store(), older_than * _DAY_S
    if not yes:
        plan = plan_garbage(store, older_than_s=older_than_s)
        if as_json:
            print_json({"done": False, "freed_bytes": plan.freed_bytes, "plan": to_plain(plan)})
        else:
            _print_plan(plan)
        return
    done = collect_garbage(store, older_than_s=older_than_s)
    if as_json:
        print_json({"done": True, **to_plain(done)})
    elif done.plan.empty:
        _print_plan(done.plan)
    else:
        counts = f"{text.number(done.journals)} journals and {text.number(done.objects)} objects"
        click.echo(f"freed {text.size(done.freed_bytes)}: {counts}")
        _print_rest(done.plan)


def _print_plan(plan: Plan) -> None:
    if plan.empty:
        teach("nothing to free", "delete runs, data or models first, or wait: what is younger than an hour stays")
    else:
        if plan.removals:
            rows = [
                (one.subject.reference, one.kind, text.ago(one.at), one.by, one.reason)
                for one in sorted(plan.removals, key=lambda one: one.at, reverse=True)
            ]
            print_table(("deleted", "kind", "when", "by", "why"), rows)
            click.echo()
        counts = f"{text.number(len(plan.journals))} journals and {text.number(len(plan.objects))} objects"
        click.echo(f"would free {text.size(plan.freed_bytes)}: {counts}")
    _print_rest(plan)
    if not plan.empty:
        click.echo("`mlops-nb gc --yes` does it; nothing of this can be restored then")


def _print_rest(plan: Plan) -> None:
    """What stays though nobody needs it, and why."""
    if plan.young_objects:
        young = f"{text.number(plan.young_objects)} objects, {text.size(plan.young_bytes)}"
        click.echo(f"stays for now: {young}, younger than an hour")
    packs = sorted(plan.shared_packs, key=lambda pack: pack.dead_bytes, reverse=True)
    if packs:
        dead = text.size(sum(pack.dead_bytes for pack in packs))
        click.echo(
            f"stays: {dead} that nobody needs, in {text.number(len(packs))} packs that others still need in part"
        )
    for pack in packs[:_SHOWN_PACKS]:
        click.echo(f"  {pack.digest[:12]}  {text.size(pack.dead_bytes)} of {text.size(pack.size_bytes)}")
