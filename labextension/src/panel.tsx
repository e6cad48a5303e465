/**
 * The side bar's widget: puts the view in JupyterLab's shell, and tells the model when it is seen.
 */
import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import type { ReactElement } from 'react';
import { panelIcon } from './components/icons';
import type { PanelModel } from './model/panelModel';
import { PANEL_ID } from './tokens';
import { PanelView } from './views/panelView';

export class Panel extends ReactWidget {
  constructor(
    readonly model: PanelModel,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.id = PANEL_ID;
    this.addClass('mlops-widget');
    this.title.icon = panelIcon;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', _trans.__('Runs, data and models'));
    model.stateChanged.connect(() => this._updateTitle());
    this._updateTitle();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.model.dispose();
    }
    super.dispose();
  }

  protected override render(): ReactElement {
    return <PanelView model={this.model} trans={this._trans} />;
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.model.setVisible(true);
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this.model.setVisible(this.isVisible);
  }

  protected override onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this.model.setVisible(false);
  }

  protected override onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    this.node.querySelector<HTMLElement>('[role=tab][aria-selected=true]')?.focus();
  }

  /** The number of running runs on the side bar's icon, while it is known (a hidden panel asks nobody). */
  private _updateTitle(): void {
    const running = this.model.state.visible ? this.model.runningCount : 0;
    if (running !== this._running) {
      this._running = running;
      const badge = running > 0 ? { 'mlops-running': String(running) } : undefined;
      const { id } = this.title.dataset; // the shell finds the tab by it
      this.title.dataset = { id, ...badge };
      this.title.caption =
        running > 0
          ? this._trans.__('MLOps: runs, data and models (%1 running)', running)
          : this._trans.__('MLOps: runs, data and models');
    }
  }

  private _running = -1;
}
