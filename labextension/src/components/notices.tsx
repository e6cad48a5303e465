/**
 * What stands where there is nothing to show: the first step to take, or what went wrong.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReactElement } from 'react';
import type { IProblem } from '../tokens';
import { usePanel } from './context';
import { CopyButton } from './section';

export function EmptyState(props: { title: string; text: string; code?: string }): ReactElement {
  return (
    <div className="mlops-empty">
      <div className="mlops-empty-title">{props.title}</div>
      <p>{props.text}</p>
      {props.code ? (
        <div className="mlops-textBox">
          <pre className="mlops-text">{props.code}</pre>
          <CopyButton text={props.code} />
        </div>
      ) : null}
    </div>
  );
}

export function Loading(): ReactElement {
  const { trans } = usePanel();
  return (
    <div className="mlops-empty mlops-quiet" role="status">
      {trans.__('Loading…')}
    </div>
  );
}

/** One or two lines above the list, which stays. Spoken when it appears. */
export function ProblemBar(props: { problem: IProblem }): ReactElement {
  const { trans } = usePanel();
  const { message, hint } = explain(props.problem, trans);
  return (
    <div className={`mlops-problem mlops-mod-${props.problem.kind}`} role="alert">
      <div>{message}</div>
      {hint ? <div className="mlops-quiet">{hint}</div> : null}
    </div>
  );
}

function explain(problem: IProblem, trans: TranslationBundle): { message: string; hint: string } {
  switch (problem.kind) {
    case 'offline':
      return { message: trans.__('Cannot reach the server: retrying…'), hint: '' };
    case 'missing':
      return {
        message: trans.__('The mlops_nb server extension is not running.'),
        hint: trans.__('Install mlops-nb where Jupyter runs, then restart JupyterLab.')
      };
    case 'refused':
      return {
        message: trans.__('The server refused: you are logged out or may not see these runs.'),
        hint: trans.__('Reload the page to log in again.')
      };
    case 'error':
      return { message: problem.message, hint: problem.hint };
  }
}
