/**
 * The Data and Models tabs: each name once, its versions below it, newest first.
 */
import type { ReactElement, ReactNode } from 'react';
import { useNow, usePanel, usePanelState } from '../components/context';
import { EmptyState, Loading } from '../components/notices';
import { Section } from '../components/section';
import { formatAgo, formatBytes, formatMoment, shortId } from '../model/format';
import type { IModelVersion, ISnapshot } from '../wire';

/** Versions shown of one name; the rest are counted. */
const FIRST = 20;

export function DataList(): ReactElement | null {
  const { trans } = usePanel();
  const { snapshots, problem } = usePanelState();
  useNow(20_000);
  if (snapshots === null) {
    return problem ? null : <Loading />;
  }
  if (snapshots.length === 0) {
    return (
      <EmptyState
        title={trans.__('No data yet')}
        text={trans.__('Keep a version of a data frame; only what changed takes space:')}
        code="%snapshot df --name flights"
      />
    );
  }
  return <Groups items={snapshots} row={snapshot => <SnapshotRow snapshot={snapshot} />} />;
}

export function ModelList(): ReactElement | null {
  const { trans } = usePanel();
  const { models, problem } = usePanelState();
  useNow(20_000);
  if (models === null) {
    return problem ? null : <Loading />;
  }
  if (models.length === 0) {
    return (
      <EmptyState
        title={trans.__('No models yet')}
        text={trans.__('Register a trained model under a name:')}
        code="%register model --name delays --alias challenger"
      />
    );
  }
  return <Groups items={models} row={model => <ModelRow model={model} />} />;
}

function Groups<T extends { name: string; version: number }>(props: {
  items: T[];
  row: (item: T) => ReactNode;
}): ReactElement {
  const { trans } = usePanel();
  const groups = new Map<string, T[]>();
  for (const item of props.items) {
    groups.set(item.name, [...(groups.get(item.name) ?? []), item]);
  }
  return (
    <div className="mlops-groups">
      {[...groups].map(([name, versions]) => (
        <Section key={name} title={name} count={versions.length}>
          <ul className="mlops-versions" aria-label={name}>
            {versions.slice(0, FIRST).map(version => (
              <li key={version.version}>{props.row(version)}</li>
            ))}
          </ul>
          {versions.length > FIRST ? (
            <div className="mlops-quiet">{trans.__('and %1 older', versions.length - FIRST)}</div>
          ) : null}
        </Section>
      ))}
    </div>
  );
}

function SnapshotRow(props: { snapshot: ISnapshot }): ReactElement {
  const { trans } = usePanel();
  const { snapshot } = props;
  const shape = `${snapshot.rows.toLocaleString()} × ${snapshot.columns.toLocaleString()}`;
  return (
    <Version
      at={snapshot.created_at}
      version={snapshot.version}
      runId={snapshot.run_id}
      message={snapshot.message}
    >
      <span title={trans.__('rows × columns')}>{shape}</span>
      {' · '}
      {formatBytes(snapshot.logical_bytes)}
      {' · '}
      <span title={trans.__('What this version added to the store')}>
        {trans.__('%1 stored', formatBytes(snapshot.stored_bytes))}
      </span>
    </Version>
  );
}

function ModelRow(props: { model: IModelVersion }): ReactElement {
  const { model } = props;
  return (
    <Version
      at={model.created_at}
      version={model.version}
      runId={model.run_id}
      message={model.message}
      aliases={model.aliases}
    >
      <span title={model.python_type}>
        {model.python_type.slice(model.python_type.lastIndexOf('.') + 1)}
      </span>
      {' · '}
      {model.flavor}
      {' · '}
      {formatBytes(model.size_bytes)}
    </Version>
  );
}

function Version(props: {
  at: number;
  version: number;
  runId: string;
  message: string;
  aliases?: string[];
  children: ReactNode;
}): ReactElement {
  const { model, trans } = usePanel();
  return (
    <div className="mlops-version">
      <div className="mlops-line">
        <span className="mlops-number">{`@${props.version}`}</span>
        <span className="mlops-grow mlops-aliases">
          {props.aliases?.map(alias => (
            <span className="mlops-tag" key={alias}>
              {alias}
            </span>
          ))}
        </span>
        <span className="mlops-quiet" title={formatMoment(props.at)}>
          {formatAgo(props.at)}
        </span>
      </div>
      <div className="mlops-line mlops-quiet">
        <span className="mlops-grow mlops-cut">{props.children}</span>
        {props.runId ? (
          <button
            className="mlops-link mlops-code"
            title={trans.__('Open run %1', props.runId)}
            onClick={() => model.openRun(props.runId)}
          >
            {shortId(props.runId)}
          </button>
        ) : null}
      </div>
      {props.message ? <div className="mlops-message">{props.message}</div> : null}
    </div>
  );
}
