/**
 * The whole panel: tabs, what is wrong (if anything), and the tab's list or the open run's page.
 */
import type { ReactElement } from 'react';
import { refreshIcon } from '@jupyterlab/ui-components';
import { PanelContext, usePanel, usePanelState } from '../components/context';
import type { IPanelContext } from '../components/context';
import { ProblemBar } from '../components/notices';
import { useRoving } from '../components/roving';
import type { Tab } from '../tokens';
import { RunList } from './runList';
import { RunPage } from './runPage';
import { DataList, ModelList } from './versions';

const BODY_ID = 'mlops-nb-body';

export function PanelView(props: IPanelContext): ReactElement {
  return (
    <PanelContext.Provider value={props}>
      <Panel />
    </PanelContext.Provider>
  );
}

function Panel(): ReactElement {
  const { tab, opened, problem } = usePanelState();
  return (
    <div className="mlops-panel">
      <Tabs />
      {problem ? <ProblemBar problem={problem} /> : null}
      <div
        id={BODY_ID}
        className="mlops-body"
        role="tabpanel"
        aria-labelledby={`mlops-nb-tab-${tab}`}
      >
        {opened ? <RunPage key={opened.id} opened={opened} /> : <TabBody tab={tab} />}
      </div>
    </div>
  );
}

function TabBody(props: { tab: Tab }): ReactElement {
  switch (props.tab) {
    case 'runs':
      return <RunList />;
    case 'data':
      return <DataList />;
    case 'models':
      return <ModelList />;
  }
}

function Tabs(): ReactElement {
  const { model, trans } = usePanel();
  const { tab } = usePanelState();
  const running = model.runningCount;
  const tabs: { id: Tab; label: string; badge: number }[] = [
    { id: 'runs', label: trans.__('Runs'), badge: running },
    { id: 'data', label: trans.__('Data'), badge: 0 },
    { id: 'models', label: trans.__('Models'), badge: 0 }
  ];
  const roving = useRoving(tabs.map(({ id }) => id));
  return (
    <div className="mlops-bar">
      <div
        className="mlops-tabs"
        role="tablist"
        aria-label={trans.__('Runs, data and models')}
        {...roving.container}
      >
        {tabs.map(({ id, label, badge }) => (
          <button
            key={id}
            {...roving.item(id, id === tab)}
            id={`mlops-nb-tab-${id}`}
            role="tab"
            className="mlops-tab"
            aria-selected={id === tab}
            aria-controls={BODY_ID}
            onClick={() => model.setTab(id)}
          >
            {label}
            {badge > 0 ? (
              <span className="mlops-badge" title={trans.__('%1 running', badge)}>
                {badge}
                <span className="mlops-hidden"> {trans.__('running')}</span>
              </span>
            ) : null}
          </button>
        ))}
      </div>
      <button
        className="mlops-iconButton"
        title={trans.__('Refresh')}
        aria-label={trans.__('Refresh')}
        onClick={() => model.refresh()}
      >
        <refreshIcon.react tag="span" width="16px" height="16px" />
      </button>
    </div>
  );
}
