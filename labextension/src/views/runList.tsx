/**
 * The Runs tab: filter box, "this notebook / all", and the runs, newest first.
 */
import { InputGroup } from '@jupyterlab/ui-components';
import { useEffect, useMemo, useRef } from 'react';
import type { ReactElement } from 'react';
import { useNow, usePanel, usePanelState } from '../components/context';
import { EmptyState, Loading } from '../components/notices';
import { useRoving } from '../components/roving';
import { filterRuns } from '../model/filter';
import { fileName } from '../model/format';
import { RUN_LIMIT } from '../tokens';
import type { Scope } from '../tokens';
import type { IRun } from '../wire';
import { RunRow } from './runRow';

export function RunList(): ReactElement {
  const { runs, filter, problem } = usePanelState();
  const shown = useMemo(() => filterRuns(runs ?? [], filter), [runs, filter]);
  return (
    <>
      <RunTools shown={shown.length} />
      {runs === null ? (
        problem ? null : (
          <Loading />
        )
      ) : (
        <Rows runs={shown} isEmpty={runs.length === 0} />
      )}
    </>
  );
}

function RunTools(props: { shown: number }): ReactElement {
  const { model, trans } = usePanel();
  const { runs, filter, notebook } = usePanelState();
  return (
    <div className="mlops-tools">
      <InputGroup
        type="text"
        value={filter}
        rightIcon="ui-components:search"
        placeholder={trans.__('Filter runs')}
        aria-label={trans.__('Filter runs by name, experiment, parameter, metric, tag or status')}
        title={trans.__('Name, experiment, parameter, metric, tag or status')}
        onChange={event => model.setFilter(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Escape' && filter) {
            event.stopPropagation();
            model.setFilter('');
          }
        }}
      />
      <div className="mlops-line">
        {notebook ? <ScopeSwitch /> : null}
        <span className="mlops-grow" />
        {runs ? (
          <span className="mlops-quiet" role="status">
            {filter
              ? trans.__('%1 of %2', props.shown, runs.length)
              : runs.length >= RUN_LIMIT
                ? trans.__('newest %1', runs.length)
                : trans._n('%1 run', '%1 runs', runs.length)}
          </span>
        ) : null}
      </div>
    </div>
  );
}

function ScopeSwitch(): ReactElement {
  const { model, trans } = usePanel();
  const { scope, notebook } = usePanelState();
  const choices: { scope: Scope; label: string; title: string }[] = [
    { scope: 'all', label: trans.__('All'), title: trans.__('All runs of this store') },
    { scope: 'notebook', label: trans.__('This notebook'), title: fileName(notebook) }
  ];
  return (
    <div className="mlops-switch" role="group" aria-label={trans.__('Which runs')}>
      {choices.map(choice => (
        <button
          key={choice.scope}
          aria-pressed={scope === choice.scope}
          title={choice.title}
          onClick={() => model.setScope(choice.scope)}
        >
          {choice.label}
        </button>
      ))}
    </div>
  );
}

function Rows(props: { runs: IRun[]; isEmpty: boolean }): ReactElement {
  const { trans } = usePanel();
  const { scope, notebook, returnTo } = usePanelState();
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    if (returnTo) {
      list.current?.querySelector<HTMLElement>(`[data-rove="${CSS.escape(returnTo)}"]`)?.focus();
    }
  }, [returnTo]);
  const running = props.runs.some(run => run.status === 'running');
  const now = useNow(running ? 1_000 : 20_000);
  const roving = useRoving(props.runs.map(run => run.id));
  if (props.isEmpty) {
    return scope === 'notebook' && notebook ? (
      <EmptyState
        title={trans.__('No runs from this notebook yet')}
        text={trans.__('Put this on the first line of a cell and run it:')}
        code="%%track my-experiment"
      />
    ) : (
      <EmptyState
        title={trans.__('No runs yet')}
        text={trans.__('Run this once in a notebook, then begin any cell with the second line:')}
        code={'%load_ext mlops_nb\n\n%%track my-experiment'}
      />
    );
  }
  if (props.runs.length === 0) {
    return (
      <EmptyState
        title={trans.__('No run fits the filter')}
        text={trans.__('Every word must occur in a name, parameter, metric, tag or status.')}
      />
    );
  }
  return (
    <ul ref={list} className="mlops-list" aria-label={trans.__('Runs')} {...roving.container}>
      {props.runs.map((run, at) => (
        <RunRow key={run.id} run={run} now={now} roving={roving.item(run.id, at === 0)} />
      ))}
    </ul>
  );
}
