/**
 * The panel's state, and what changes it: gestures, the notebook in front, and the server's answers.
 *
 * Knows the source only as an interface, and no DOM but `document.hidden`. The views read `state` and call
 * the methods.
 */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { SourceError } from '../tokens';
import type { IOpened, IPanelState, IProblem, ISource, Scope, Tab } from '../tokens';
import type { IPoint, IRunAnswer } from '../wire';
import { Pulse } from './pulse';

const LIVE_MS = 1_000;
const CALM_MS = 3_000;
/** Charts on one page; each costs a question. */
const MAX_CURVES = 24;

export class PanelModel implements IDisposable {
  constructor(private readonly _source: ISource) {
    this._pulse = new Pulse(
      () => this._refresh(),
      () => this._pause()
    );
    document.addEventListener('visibilitychange', this._onVisibilityChange);
  }

  get state(): IPanelState {
    return this._state;
  }

  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  get source(): ISource {
    return this._source;
  }

  get runningCount(): number {
    return this._state.runs?.filter(run => run.status === 'running').length ?? 0;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Ask the server now. */
  refresh(): void {
    if (this._isAwake) {
      this._pulse.beat();
    }
  }

  /** A hidden panel does no work; one that comes to the front is brought up to date. */
  setVisible(visible: boolean): void {
    this._set({ visible });
    this.refresh();
  }

  setTab(tab: Tab): void {
    this._set({ tab, opened: null, returnTo: '' });
    this.refresh();
  }

  setScope(scope: Scope): void {
    this._set({ scope, runs: null });
    this.refresh();
  }

  setFilter(filter: string): void {
    this._set({ filter });
  }

  /** Follow the notebook in front. Its folder may mean another store. */
  setNotebook(notebook: string): void {
    if (notebook === this._state.notebook) {
      return;
    }
    this._set({ notebook });
    this.refresh();
  }

  /** Show a run's page: by its id, a beginning of it, or its last part. */
  openRun(id: string): void {
    this._set({
      opened: { id, notebook: this._state.notebook, answer: null, histories: {}, problem: null }
    });
    this.refresh();
  }

  closeRun(): void {
    this._set({ opened: null, returnTo: this._state.opened?.answer?.run.id ?? '' });
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    document.removeEventListener('visibilitychange', this._onVisibilityChange);
    this._pulse.dispose();
    Signal.clearData(this);
  }

  private get _isAwake(): boolean {
    return this._state.visible && !document.hidden && !this._isDisposed;
  }

  private _pause(): number | null {
    if (!this._isAwake) {
      return null;
    }
    const { opened } = this._state;
    const live = this.runningCount > 0 || opened?.answer?.run.status === 'running';
    return live ? LIVE_MS : CALM_MS;
  }

  private async _refresh(): Promise<void> {
    const { tab, notebook, scope } = this._state;
    try {
      await Promise.all([
        this._refreshRuns(notebook, scope),
        this._refreshOpened(),
        tab === 'data' ? this._refreshSnapshots(notebook) : null,
        tab === 'models' ? this._refreshModels(notebook) : null
      ]);
    } catch (fault) {
      this._set({ problem: asProblem(fault) });
      throw fault;
    }
    this._set({ problem: null });
  }

  private async _refreshRuns(notebook: string, scope: Scope): Promise<void> {
    const { runs, store } = await this._source.getRuns(notebook, notebook ? scope : 'all');
    // What was asked for may no longer be what is looked at.
    if (notebook === this._state.notebook && scope === this._state.scope) {
      this._set({ runs, store });
    }
  }

  private async _refreshSnapshots(notebook: string): Promise<void> {
    const snapshots = await this._source.getSnapshots(notebook);
    if (notebook === this._state.notebook) {
      this._set({ snapshots });
    }
  }

  private async _refreshModels(notebook: string): Promise<void> {
    const models = await this._source.getModels(notebook);
    if (notebook === this._state.notebook) {
      this._set({ models });
    }
  }

  private async _refreshOpened(): Promise<void> {
    const before = this._state.opened;
    if (!before) {
      return;
    }
    try {
      const answer = await this._source.getRun(before.notebook, before.id);
      const histories = await this._histories(before, answer);
      this._setOpened(before.id, { answer, histories, problem: null });
    } catch (fault) {
      const problem = asProblem(fault);
      if (problem.kind !== 'error') {
        throw fault; // the whole server is away, not this run
      }
      this._setOpened(before.id, { problem });
    }
  }

  /** The curves of metrics with more than one point; asked for only where points were added. */
  private async _histories(before: IOpened, answer: IRunAnswer): Promise<Record<string, IPoint[]>> {
    const known = before.answer?.run.metrics ?? {};
    const curves = Object.entries(answer.run.metrics).filter(([, metric]) => metric.count > 1);
    const grown = curves
      .slice(0, MAX_CURVES)
      .filter(([key, metric]) => known[key]?.count !== metric.count || !before.histories[key]);
    if (grown.length === 0) {
      return before.histories;
    }
    const fresh = await Promise.all(
      grown.map(async ([key]): Promise<[string, IPoint[]]> => {
        return [key, (await this._source.getHistory(before.notebook, answer.run.id, key)).points];
      })
    );
    return { ...before.histories, ...Object.fromEntries(fresh) };
  }

  private _setOpened(id: string, change: Partial<IOpened>): void {
    const { opened } = this._state;
    if (opened?.id !== id) {
      return;
    }
    const same = Object.entries(change).every(
      ([key, value]) => opened[key as keyof IOpened] === value
    );
    this._set(same ? {} : { opened: { ...opened, ...change } });
  }

  /** Replace the state, and tell only if something in it changed. */
  private _set(change: Partial<IPanelState>): void {
    const state = this._state;
    const changed = Object.entries(change).some(
      ([key, value]) => state[key as keyof IPanelState] !== value
    );
    if (changed && !this._isDisposed) {
      this._state = { ...state, ...change };
      this._stateChanged.emit();
    }
  }

  private readonly _onVisibilityChange = (): void => this.refresh();
  private readonly _pulse: Pulse;
  private readonly _stateChanged = new Signal<this, void>(this);
  private _isDisposed = false;
  private _state: IPanelState = {
    tab: 'runs',
    scope: 'all',
    filter: '',
    notebook: '',
    visible: false,
    runs: null,
    snapshots: null,
    models: null,
    store: '',
    opened: null,
    returnTo: '',
    problem: null
  };
}

function asProblem(fault: unknown): IProblem {
  return fault instanceof SourceError
    ? fault.problem
    : { kind: 'error', message: String(fault), hint: '' };
}
