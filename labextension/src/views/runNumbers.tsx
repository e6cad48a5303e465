/**
 * Sections of a run's page: what went in, what was measured, and what it is linked with.
 */
import { useState } from 'react';
import type { ReactElement } from 'react';
import { Chart } from '../components/chart';
import { useNow, usePanel } from '../components/context';
import { useRoving } from '../components/roving';
import { Facts, Section } from '../components/section';
import { formatMetric, formatPlain } from '../model/format';
import type { IPoint, IRun } from '../wire';
import { RunRow } from './runRow';

/** More metrics than this are shown on demand. */
const FIRST = 40;

export function Metrics(props: {
  run: IRun;
  histories: Record<string, IPoint[]>;
}): ReactElement | null {
  const { trans } = usePanel();
  const [all, setAll] = useState(false);
  const metrics = Object.entries(props.run.metrics);
  if (metrics.length === 0) {
    return null;
  }
  const shown = all ? metrics : metrics.slice(0, FIRST);
  return (
    <Section title={trans.__('Metrics')} count={metrics.length}>
      {shown.map(([key, metric]) => (
        <div className="mlops-measure" key={key}>
          <div className="mlops-line">
            <span className="mlops-grow mlops-cut" title={key}>
              {key}
            </span>
            <span className="mlops-number" title={String(metric.last)}>
              {formatMetric(metric.last)}
            </span>
          </div>
          {metric.count > 1 && (props.histories[key]?.length ?? 0) > 1 ? (
            <Chart name={key} points={props.histories[key]} />
          ) : null}
        </div>
      ))}
      {shown.length < metrics.length ? (
        <button className="mlops-link" onClick={() => setAll(true)}>
          {trans.__('Show all %1', metrics.length)}
        </button>
      ) : null}
    </Section>
  );
}

export function Params(props: { run: IRun }): ReactElement | null {
  const { trans } = usePanel();
  const params = Object.entries(props.run.params);
  const captured = new Set(props.run.captured_params);
  if (params.length === 0) {
    return null;
  }
  return (
    <Section title={trans.__('Parameters')} count={params.length}>
      <Facts
        facts={params.map(([key, value]) => ({
          key,
          value: formatPlain(value),
          title: captured.has(key)
            ? trans.__('%1 (found in the code)', formatPlain(value))
            : formatPlain(value),
          code: true
        }))}
      />
    </Section>
  );
}

/** The edges of the lineage graph that meet in this run. */
export function Links(props: { run: IRun }): ReactElement | null {
  const { trans } = usePanel();
  const { datasets, models } = props.run;
  if (datasets.length + models.length === 0) {
    return null;
  }
  const words = { used: trans.__('used'), generated: trans.__('made') };
  return (
    <Section title={trans.__('Data and models')} count={datasets.length + models.length}>
      {datasets.map(data => (
        <div className="mlops-line" key={`${data.role} ${data.digest} ${data.name ?? ''}`}>
          <span className="mlops-edge">{words[data.role]}</span>
          <span className="mlops-grow mlops-cut" title={data.digest}>
            {data.name ? reference(data.name, data.version) : trans.__('unnamed data')}
          </span>
          {typeof data.rows === 'number' ? (
            <span className="mlops-quiet">{trans.__('%1 rows', data.rows.toLocaleString())}</span>
          ) : null}
        </div>
      ))}
      {models.map(model => (
        <div className="mlops-line" key={`${model.role} ${model.name} ${model.version}`}>
          <span className="mlops-edge">{words[model.role]}</span>
          <span className="mlops-grow mlops-cut" title={model.digest}>
            {reference(model.name, model.version)}
          </span>
          <span className="mlops-quiet">{trans.__('model')}</span>
        </div>
      ))}
    </Section>
  );
}

function reference(name: string, version: number | undefined): string {
  return version ? `${name}@${version}` : name;
}

export function Children(props: { runs: IRun[] }): ReactElement | null {
  const { trans } = usePanel();
  const running = props.runs.some(run => run.status === 'running');
  const now = useNow(running ? 1_000 : 20_000);
  const roving = useRoving(props.runs.map(run => run.id));
  if (props.runs.length === 0) {
    return null;
  }
  return (
    <Section title={trans.__('Runs inside')} count={props.runs.length}>
      <ul className="mlops-list mlops-mod-inside" {...roving.container}>
        {props.runs.map((run, at) => (
          <RunRow key={run.id} run={run} now={now} roving={roving.item(run.id, at === 0)} />
        ))}
      </ul>
    </Section>
  );
}
