/**
 * Names and contracts that the floors above agree on.
 */
import type {
  IHistoryAnswer,
  IModelVersion,
  IPoint,
  IRun,
  IRunAnswer,
  IRunsAnswer,
  ISnapshot
} from './wire';

export const PLUGIN_ID = 'mlops-nb:plugin';
export const PANEL_ID = 'mlops-nb-panel';

export const CommandIDs = {
  open: 'mlops-nb:open',
  openRun: 'mlops-nb:open-run',
  refresh: 'mlops-nb:refresh'
} as const;

/** The newest runs that the panel asks for. */
export const RUN_LIMIT = 200;

/** Where the panel's facts come from. Every question is asked for the store of a notebook ('' for none). */
export interface ISource {
  /** An answer that has not changed is the very object given before. */
  getRuns(notebook: string, scope: Scope): Promise<IRunsAnswer>;
  getRun(notebook: string, id: string): Promise<IRunAnswer>;
  getHistory(notebook: string, id: string, key: string): Promise<IHistoryAnswer>;
  getSnapshots(notebook: string): Promise<ISnapshot[]>;
  getModels(notebook: string): Promise<IModelVersion[]>;
  getArtifact(notebook: string, id: string, digest: string): Promise<Blob>;
}

export type Scope = 'notebook' | 'all';
export type Tab = 'runs' | 'data' | 'models';

/** Why the panel cannot show the latest facts. */
export interface IProblem {
  /** 'offline' is tried again by itself and may pass; the others need somebody to do something. */
  kind: 'offline' | 'missing' | 'refused' | 'error';
  message: string;
  hint: string;
}

/** An error of the source that already says what the problem is. */
export class SourceError extends Error {
  constructor(readonly problem: IProblem) {
    super(problem.message);
    this.name = 'SourceError';
  }
}

/** The run whose page is open. `answer` is null until it has arrived. */
export interface IOpened {
  id: string;
  /** The notebook that was in front when it was opened: it says which store. */
  notebook: string;
  answer: IRunAnswer | null;
  histories: Record<string, IPoint[]>;
  problem: IProblem | null;
}

/** All that the views show. Replaced, never changed. */
export interface IPanelState {
  tab: Tab;
  scope: Scope;
  filter: string;
  /** The notebook in front: its path below the server's root folder, '' for none. */
  notebook: string;
  visible: boolean;
  /** The lists are null until they have arrived for the first time. */
  runs: IRun[] | null;
  snapshots: ISnapshot[] | null;
  models: IModelVersion[] | null;
  store: string;
  opened: IOpened | null;
  /** The run whose page was closed last: where to go on in the list. */
  returnTo: string;
  problem: IProblem | null;
}
