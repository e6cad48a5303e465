/**
 * A run's page: header, facts, and one section for each part of its story that exists.
 */
import { useEffect, useRef } from 'react';
import type { ReactElement } from 'react';
import { useNow, usePanel } from '../components/context';
import { backIcon } from '../components/icons';
import { Loading, ProblemBar } from '../components/notices';
import { Facts, TextBlock } from '../components/section';
import type { IFact } from '../components/section';
import { StatusIcon, StatusWord } from '../components/status';
import {
  fileName,
  formatAgo,
  formatDuration,
  formatMoment,
  runSeconds,
  runTitle,
  shortId
} from '../model/format';
import type { IOpened } from '../tokens';
import type { IRun, IRunAnswer } from '../wire';
import { Code, Environment, Faults, Files, Figures, Output } from './runStory';
import { Children, Links, Metrics, Params } from './runNumbers';

export function RunPage(props: { opened: IOpened }): ReactElement {
  const { model, trans } = usePanel();
  const { id, answer, problem } = props.opened;
  const back = useRef<HTMLButtonElement>(null);
  // Whoever opened the page with the keyboard goes on from its top.
  useEffect(() => back.current?.focus(), [id]);
  return (
    <article className="mlops-page" aria-label={trans.__('Run %1', id)}>
      <header
        className="mlops-page-header"
        onKeyDown={event => {
          if (event.key === 'Escape') {
            model.closeRun();
          }
        }}
      >
        <button
          ref={back}
          className="mlops-iconButton"
          onClick={() => model.closeRun()}
          title={trans.__('Back to the list')}
          aria-label={trans.__('Back to the list')}
        >
          <backIcon.react tag="span" width="16px" height="16px" />
        </button>
        <h2 className="mlops-grow mlops-cut">{answer ? runTitle(answer.run) : shortId(id)}</h2>
        {answer ? <span className="mlops-code mlops-faint">{shortId(answer.run.id)}</span> : null}
      </header>
      {problem ? <ProblemBar problem={problem} /> : null}
      {answer ? <Story answer={answer} opened={props.opened} /> : problem ? null : <Loading />}
    </article>
  );
}

function Story(props: { answer: IRunAnswer; opened: IOpened }): ReactElement {
  const { trans } = usePanel();
  const { run, details, children } = props.answer;
  const { notebook, histories } = props.opened;
  const at = { notebook, runId: run.id, artifacts: details.artifacts };
  return (
    <>
      <Headline run={run} />
      {details.error ? (
        <div className="mlops-error">
          <div className="mlops-error-title">
            <strong>{details.error.kind}</strong>
            {details.error.message ? `: ${details.error.message}` : ''}
          </div>
          {details.error.traceback ? (
            <TextBlock text={details.error.traceback} label={trans.__('Traceback')} fromEnd />
          ) : null}
        </div>
      ) : null}
      {details.closed_by ? (
        <p className="mlops-hint">
          {trans.__('The process ended without closing the run; %1 found it.', details.closed_by)}
        </p>
      ) : null}
      <Metrics run={run} histories={histories} />
      <Params run={run} />
      <Links run={run} />
      <Children runs={children} />
      <Figures {...at} />
      <Files {...at} />
      <Output details={details} />
      <Code details={details} />
      <Environment run={run} details={details} />
      <Faults details={details} />
    </>
  );
}

function Headline(props: { run: IRun }): ReactElement {
  const { model, trans } = usePanel();
  const { run } = props;
  const now = useNow(run.status === 'running' ? 1_000 : 20_000);
  const seconds = runSeconds(run, now);
  const facts: IFact[] = [
    { key: trans.__('Experiment'), value: run.experiment, title: run.experiment },
    ...(run.notebook
      ? [{ key: trans.__('Notebook'), value: fileName(run.notebook), title: run.notebook }]
      : []),
    { key: trans.__('Started'), value: formatMoment(run.started_at) },
    { key: trans.__('Run id'), value: run.id, title: run.id, code: true },
    ...(run.parent_run_id
      ? [
          {
            key: trans.__('Part of'),
            value: (
              <button className="mlops-link" onClick={() => model.openRun(run.parent_run_id)}>
                {shortId(run.parent_run_id)}
              </button>
            )
          }
        ]
      : [])
  ];
  return (
    <div className="mlops-headline">
      <div className="mlops-line">
        <StatusIcon status={run.status} />
        <span className="mlops-grow">
          <StatusWord status={run.status} />
          {seconds === null ? '' : ` · ${formatDuration(seconds)}`}
        </span>
        <span className="mlops-quiet" title={formatMoment(run.started_at)}>
          {formatAgo(run.started_at)}
        </span>
      </div>
      <Facts facts={facts} />
      <Tags tags={run.tags} />
    </div>
  );
}

function Tags(props: { tags: Record<string, string> }): ReactElement | null {
  const { trans } = usePanel();
  const tags = Object.entries(props.tags);
  return tags.length > 0 ? (
    <ul className="mlops-tags" aria-label={trans.__('Tags')}>
      {tags.map(([key, value]) => (
        <li className="mlops-tag" key={key}>
          {value ? `${key}: ${value}` : key}
        </li>
      ))}
    </ul>
  ) : null;
}
