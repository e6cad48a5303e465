/**
 * One run in a list: what it is, how it went, what it measured.
 */
import type { ReactElement } from 'react';
import { usePanel } from '../components/context';
import { StatusIcon, StatusWord } from '../components/status';
import {
  formatAgo,
  formatDuration,
  formatMetric,
  formatMoment,
  runSeconds,
  runTitle,
  shortId
} from '../model/format';
import type { IRun } from '../wire';

const MAIN_METRICS = 4;

export function RunRow(props: {
  run: IRun;
  now: number;
  roving: { 'data-rove': string; tabIndex: number };
}): ReactElement {
  const { model, trans } = usePanel();
  const { run, now, roving } = props;
  const seconds = runSeconds(run, now);
  const metrics = Object.entries(run.metrics);
  return (
    <li>
      <button
        {...roving}
        className="mlops-row"
        onClick={() => model.openRun(run.id)}
        title={trans.__('Open run %1', run.id)}
      >
        <StatusIcon status={run.status} />
        <span className="mlops-row-body">
          <span className="mlops-line">
            <span className="mlops-row-title mlops-grow mlops-cut">{runTitle(run)}</span>
            <span className="mlops-quiet" title={formatMoment(run.started_at)}>
              {formatAgo(run.started_at)}
            </span>
          </span>
          <span className="mlops-line mlops-quiet">
            <span className="mlops-grow mlops-cut">
              <StatusWord status={run.status} />
              {seconds === null ? '' : ` · ${formatDuration(seconds)}`}
              {run.name ? ` · ${run.experiment}` : ''}
              {run.error ? ` · ${run.error}` : ''}
            </span>
            <span className="mlops-code mlops-faint">{shortId(run.id)}</span>
          </span>
          {metrics.length > 0 ? (
            <span className="mlops-metrics">
              {metrics.slice(0, MAIN_METRICS).map(([key, metric]) => (
                <span className="mlops-metric" key={key}>
                  <span className="mlops-quiet">{key}</span> {formatMetric(metric.last)}
                </span>
              ))}
            </span>
          ) : null}
        </span>
      </button>
    </li>
  );
}
