/**
 * The commands: in the palette, in links of `%%track` cards, and for other extensions.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import { refreshIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { panelIcon } from './components/icons';
import type { Panel } from './panel';
import { CommandIDs } from './tokens';

const NO_ARGS = { type: 'object', properties: {} } as const;

export function addCommands(
  app: JupyterFrontEnd,
  panel: Panel,
  trans: TranslationBundle,
  palette: ICommandPalette | null
): void {
  const { commands, shell } = app;
  const { model } = panel;
  commands.addCommand(CommandIDs.open, {
    label: trans.__('Show Runs, Data and Models'),
    caption: trans.__('Show the mlops_nb side panel'),
    icon: panelIcon,
    describedBy: { args: NO_ARGS },
    execute: () => shell.activateById(panel.id)
  });
  commands.addCommand(CommandIDs.openRun, {
    label: trans.__('Open Run'),
    caption: trans.__('Show a run in the mlops_nb side panel'),
    icon: panelIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          id: { type: 'string', description: trans.__('The run id, or its last part') }
        },
        required: ['id']
      }
    },
    execute: args => {
      if (typeof args.id === 'string' && args.id) {
        shell.activateById(panel.id);
        model.openRun(args.id);
      }
    }
  });
  commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Refresh Runs, Data and Models'),
    icon: refreshIcon,
    describedBy: { args: NO_ARGS },
    execute: () => model.refresh()
  });
  for (const command of [CommandIDs.open, CommandIDs.refresh]) {
    palette?.addItem({ command, category: trans.__('MLOps') });
  }
}
