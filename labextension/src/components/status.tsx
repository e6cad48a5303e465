/**
 * A run's status: a shape, a word and a colour.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReactElement } from 'react';
import type { Status } from '../wire';
import { usePanel } from './context';
import { statusIcons } from './icons';

export function statusWord(status: Status, trans: TranslationBundle): string {
  const words: Record<Status, string> = {
    running: trans.__('Running'),
    completed: trans.__('Completed'),
    failed: trans.__('Failed'),
    interrupted: trans.__('Interrupted'),
    crashed: trans.__('Crashed')
  };
  return words[status] ?? status;
}

/** The shape alone; it is always shown beside the word. */
export function StatusIcon(props: { status: Status }): ReactElement {
  const Icon = statusIcons[props.status];
  return (
    <span className={`mlops-status mlops-mod-${props.status}`} aria-hidden="true">
      {Icon ? <Icon.react tag="span" width="14px" height="14px" /> : null}
    </span>
  );
}

export function StatusWord(props: { status: Status }): ReactElement {
  const { trans } = usePanel();
  return (
    <span className={`mlops-statusWord mlops-mod-${props.status}`}>
      {statusWord(props.status, trans)}
    </span>
  );
}
