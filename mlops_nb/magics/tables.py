"""Tables under a cell: runs, snapshots, models, and all about one run."""

from __future__ import annotations

import json
from collections.abc import Sequence

from mlops_nb._ids import short_id
from mlops_nb.magics import markup
from mlops_nb.magics.markup import Markup, Shown
from mlops_nb.records import text
from mlops_nb.records.data import Snapshot
from mlops_nb.records.models import ModelVersion
from mlops_nb.records.rows import SNAPSHOT_HEADERS, SNAPSHOT_NUMERIC, most_common, snapshot_row
from mlops_nb.records.runs import Run, RunDetails

MAX_METRICS = 5
MAX_PARAMS = 3


def runs(found: Sequence[Run]) -> Shown:
    """Runs, newest first, with the metrics that most of them have."""
    if not found:
        return _teach("no runs yet", "put %%track on top of a cell and run it")
    metrics = most_common([list(run.metrics) for run in found], MAX_METRICS)
    params = most_common([list(run.params) for run in found], MAX_PARAMS)
    headers = ("run", "experiment", "name", "status", "when", "took", *params, *metrics)
    numeric = range(6 + len(params), 6 + len(params) + len(metrics))
    plain, rich = [], []
    for run in found:
        when, took = text.ago(run.started_at), text.duration(run.duration_s)
        values = [
            *(text.param(run.params[key], 20) if key in run.params else "" for key in params),
            *(text.number(run.metric(key)) if key in run.metrics else "" for key in metrics),
        ]
        sign = f"{text.STATUS_SIGNS[run.status]} {run.status}"
        plain.append((short_id(run.id), run.experiment, run.name, sign, when, took, *values))
        rich.append((_link(run.id), run.experiment, run.name, markup.status(run.status), when, took, *values))
    return _shown(headers, plain, rich, numeric)


def snapshots(found: Sequence[Snapshot]) -> Shown:
    """Snapshots, newest first."""
    if not found:
        return _teach("no snapshots yet", "%snapshot df --name flights keeps the first")
    rows = [snapshot_row(one) for one in found]
    return _shown(SNAPSHOT_HEADERS, rows, rows, SNAPSHOT_NUMERIC)


def models(found: Sequence[ModelVersion]) -> Shown:
    """Model versions, newest first."""
    if not found:
        return _teach("no registered models yet", "%register model --name delays stores the first")
    headers = ("model", "alias", "type", "size", "when", "run", "message")
    plain, rich = [], []
    for one in found:
        aliases, kind = ", ".join(one.aliases), one.python_type.rpartition(".")[2]
        facts = (kind, text.size(one.size_bytes), text.ago(one.created_at))
        plain.append((one.reference, aliases, *facts, short_id(one.run_id), one.message))
        link = _link(one.run_id) if one.run_id else ""
        rich.append((one.reference, markup.strong(aliases), *facts, link, one.message))
    return _shown(headers, plain, rich, (3,))


def experiments(now: str, known: Sequence[str]) -> Shown:
    """Which experiment is set, and which there are."""
    others = ", ".join(name for name in known if name != now)
    plain = f"experiment {now}" + (f"  (others: {others})" if others else "")
    rich = markup.line(Markup(f"experiment <b>{markup.text(now)}</b>"), markup.muted(others) if others else "")
    return Shown(text.printable(plain), rich)


def run_info(run: Run, details: RunDetails) -> Shown:
    """All about one run, section by section."""
    environment, resources = details.environment, details.resources
    code = f"{run.commit[:10]}{' + changes' if run.dirty else ''}" if run.commit else ""
    peak = resources.peak_memory_bytes if resources else None
    cpu = f"{text.duration(resources.cpu_s)} CPU, {text.size(peak)} peak memory" if resources else ""
    facts = [
        ("run", f"{run.id} {run.name}".strip()),
        ("experiment", run.experiment),
        ("status", f"{text.STATUS_SIGNS[run.status]} {run.status}"),
        ("started", f"{text.moment(run.started_at)} UTC"),
        ("took", text.duration(run.duration_s)),
        ("resources", cpu),
        ("notebook", f"{run.notebook} {run.cell_id}".strip()),
        ("part of", run.parent_run_id),
        ("code", code),
        ("Python", f"{environment.python} on {environment.platform}" if environment else ""),
        ("tags", ", ".join(f"{key}={value}" if value else key for key, value in run.tags.items())),
        ("data", ", ".join(f"{link.role} {link.name}@{link.version}" for link in run.datasets)),
        ("models", ", ".join(f"{link.role} {link.name}@{link.version}" for link in run.models)),
        ("artifacts", ", ".join(one.name for one in details.artifacts)),
        *((f"param {key}", text.param(value, 200)) for key, value in run.params.items()),
        *((f"metric {key}", text.number(run.metric(key))) for key in run.metrics),
        *(("not recorded", f"{fault.where}: {fault.message}") for fault in details.faults),
    ]
    rows = [(key, value) for key, value in facts if value]
    blocks = [("source", details.source), ("output", details.output.text if details.output else "")]
    if details.error:
        blocks.append(("error", details.error.traceback or f"{details.error.kind}: {details.error.message}"))
    if environment:
        packages = "  ".join(f"{name}=={version}" for name, version in sorted(environment.packages.items()))
        blocks.append(("packages", packages))
    blocks = [(title, body) for title, body in blocks if body]
    return Shown(
        text.printable(_aligned((), rows) + "".join(f"\n\n{title}\n{body.rstrip()}" for title, body in blocks)),
        Markup(markup.table((), [(markup.muted(key), value) for key, value in rows]) + "".join(map(_folded, blocks))),
    )


def _folded(block: tuple[str, str]) -> str:
    title, body = block
    style = "max-height:24em;overflow:auto;white-space:pre-wrap"
    return f"<details><summary>{markup.text(title)}</summary><pre style='{style}'>{markup.text(body)}</pre></details>"


def _link(run_id: str) -> Markup:
    return markup.command_link(short_id(run_id), "mlops-nb:open-run", json.dumps({"id": run_id}))


def _shown(
    headers: Sequence[str], plain: Sequence[Sequence[str]], rich: Sequence[Sequence[object]], numeric: Sequence[int]
) -> Shown:
    return Shown(text.printable(_aligned(headers, plain)), markup.table(headers, rich, numeric))


def _teach(what: str, how: str) -> Shown:
    return Shown(f"{what}: {how}", markup.line(markup.muted(what), markup.code(how)))


def _aligned(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [tuple(headers), *rows] if headers else list(rows)
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return "\n".join(
        "  ".join(value.ljust(width) for value, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
