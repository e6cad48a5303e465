"""The card under a tracked cell: what the run was, and what changed against the one before."""

from __future__ import annotations

import json

from mlops_nb._ids import short_id
from mlops_nb.magics import markup
from mlops_nb.magics.markup import Markup, Shown
from mlops_nb.records import text
from mlops_nb.records.runs import Run

MAX_ROWS = 12


def run_card(run: Run, previous: Run | None, fault: str = "") -> Shown:
    """Lay out a finished run. `previous` is the run that its metrics are compared with."""
    metrics = [_metric(run, previous, key) for key in run.metrics]
    params = [(key, text.param(value)) for key, value in run.params.items()]
    return Shown(_plain(run, previous, params, metrics, fault), _rich(run, previous, params, metrics, fault))


def not_recorded(reason: str) -> Shown:
    """The card when there is no run: the cell ran, but the store could not be written."""
    rich = markup.card(markup.line(markup.strong("not recorded"), reason))
    return Shown(f"not recorded: {text.printable(reason)}", rich)


def _metric(run: Run, previous: Run | None, key: str) -> tuple[str, str, str]:
    now = run.metric(key)
    before = previous.metric(key) if previous else None
    return key, text.number(now), text.change(now, before)


def _rich(
    run: Run, previous: Run | None, params: list[tuple[str, str]], metrics: list[tuple[str, str, str]], fault: str
) -> Markup:
    link = markup.command_link(short_id(run.id), "mlops-nb:open-run", json.dumps({"id": run.id}))
    parts: list[object] = [
        markup.line(
            markup.status(run.status),
            markup.strong(run.name or run.experiment),
            markup.muted(run.experiment) if run.name else "",
            link,
            markup.muted(text.duration(run.duration_s)),
        )
    ]
    if run.error:
        parts.append(markup.line(markup.text(run.error[:300])))
    if params:
        shown = ", ".join(f"{markup.text(key)}={markup.code(value)}" for key, value in params[:MAX_ROWS])
        parts.append(markup.line(Markup(markup.muted("params ") + shown), _more(params)))
    if metrics:
        against = f"against {short_id(previous.id)}" if previous and any(row[2] for row in metrics) else ""
        rows = [(markup.muted(key), markup.strong(now), step) for key, now, step in metrics[:MAX_ROWS]]
        parts.append(markup.table(("metric", "value", against) if against else (), rows, numeric=(1, 2)))
        parts.append(_more(metrics))
    if run.datasets:
        parts.append(markup.line(Markup(markup.muted("data ") + markup.text(_data(run)))))
    if fault:
        parts.append(markup.line(markup.muted(fault)))
    return markup.card(*parts)


def _plain(
    run: Run, previous: Run | None, params: list[tuple[str, str]], metrics: list[tuple[str, str, str]], fault: str
) -> str:
    head = f"{text.STATUS_SIGNS[run.status]} {run.status}  {run.name or run.experiment}  {short_id(run.id)}"
    lines = [f"{head}  {text.duration(run.duration_s)}"]
    if run.error:
        lines.append(f"  {run.error[:300]}")
    if params:
        lines.append("  params   " + ", ".join(f"{key}={value}" for key, value in params[:MAX_ROWS]) + _more(params))
    width = max((len(key) for key, _, _ in metrics), default=0)
    for key, now, step in metrics[:MAX_ROWS]:
        lines.append(f"  {key:<{width}}  {now:>10}" + (f"  {step}" if step else ""))
    if previous and any(step for _, _, step in metrics):
        lines.append(f"  (changes against {short_id(previous.id)})")
    if run.datasets:
        lines.append(f"  data     {_data(run)}")
    if fault:
        lines.append(f"  {fault}")
    return text.printable("\n".join(lines))


def _more(rows: list[tuple[str, str]] | list[tuple[str, str, str]]) -> str:
    return f" and {len(rows) - MAX_ROWS} more" if len(rows) > MAX_ROWS else ""


def _data(run: Run) -> str:
    named = [f"{link.role} {link.name}@{link.version}" if link.name else link.digest[:12] for link in run.datasets]
    return ", ".join(dict.fromkeys(named))
