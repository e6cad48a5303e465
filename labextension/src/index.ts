/**
 * The plugin: wires JupyterLab's services to the panel, and does nothing else.
 */
import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Client } from './client';
import { addCommands } from './commands';
import { PanelModel } from './model/panelModel';
import { Panel } from './panel';
import { PANEL_ID, PLUGIN_ID } from './tokens';

const plugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'Runs, data and models of mlops_nb in a side panel.',
  autoStart: true,
  optional: [INotebookTracker, ICommandPalette, ILayoutRestorer, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('mlops_nb');
    const model = new PanelModel(new Client(app.serviceManager.serverSettings));
    const panel = new Panel(model, trans);
    app.shell.add(panel, 'right', { rank: 500, type: 'MLOps' });
    restorer?.add(panel, PANEL_ID);
    addCommands(app, panel, trans, palette);
    if (notebooks) {
      follow(app, notebooks, model);
    }
  }
};

/** Keep the model told which notebook is in front, and when one of its cells has run. */
function follow(app: JupyterFrontEnd, notebooks: INotebookTracker, model: PanelModel): void {
  const { contents } = app.serviceManager;
  const tell = (): void => {
    const path = notebooks.currentWidget?.context.path ?? '';
    // Only the server's own disk has folders in which a store can be found.
    const isLocal = ['', 'RTC'].includes(contents.driveName(path));
    model.setNotebook(isLocal ? contents.localPath(path) : '');
  };
  notebooks.currentChanged.connect(tell);
  notebooks.widgetAdded.connect((_, widget) => {
    widget.context.pathChanged.connect(tell);
  });
  NotebookActions.executed.connect(() => model.refresh());
  tell();
}

export default plugin;
