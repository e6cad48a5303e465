/**
 * Records for the tests, as the server sends them.
 */
import type { IRun, IRunAnswer, ISnapshot, IModelVersion } from './wire';
import type { ISource } from './tokens';

export function makeRun(change: Partial<IRun> = {}): IRun {
  return {
    id: '20260101-120000-abc123',
    experiment: 'delays',
    kind: 'cell',
    status: 'completed',
    started_at: 1_767_268_800,
    name: '',
    ended_at: 1_767_268_802,
    duration_s: 2,
    params: {},
    metrics: {},
    tags: {},
    parent_run_id: '',
    notebook: 'flights.ipynb',
    cell_id: '',
    user: 'ada',
    commit: '',
    dirty: null,
    error: '',
    captured_params: [],
    datasets: [],
    models: [],
    ...change
  };
}

export function makeAnswer(run: IRun, change: Partial<IRunAnswer['details']> = {}): IRunAnswer {
  return {
    run,
    details: {
      source: '',
      host: null,
      environment: null,
      output: null,
      resources: null,
      error: null,
      artifacts: [],
      faults: [],
      closed_by: '',
      ...change
    },
    children: []
  };
}

export const SNAPSHOT: ISnapshot = {
  name: 'flights',
  version: 3,
  digest: 'd'.repeat(64),
  manifest: 'f'.repeat(64),
  rows: 120_000,
  columns: 9,
  logical_bytes: 8_640_000,
  stored_bytes: 12_000,
  created_at: 1_767_268_800,
  created_by: 'ada',
  message: 'without the outliers',
  run_id: '20260101-120000-abc123'
};

export const MODEL: IModelVersion = {
  name: 'delays',
  version: 2,
  digest: 'e'.repeat(64),
  size_bytes: 40_960,
  flavor: 'sklearn',
  python_type: 'sklearn.ensemble._forest.RandomForestRegressor',
  created_at: 1_767_268_800,
  created_by: 'ada',
  aliases: ['champion'],
  packages: { 'scikit-learn': '1.9' },
  message: '',
  run_id: '',
  datasets: []
};

/** A source that answers from a few values, which a test may replace, and counts what it was asked. */
export class FakeSource implements ISource {
  runs: IRun[] = [];
  answers = new Map<string, IRunAnswer>();
  snapshots: ISnapshot[] = [];
  models: IModelVersion[] = [];
  fault: Error | null = null;
  asked: string[] = [];

  getRuns: ISource['getRuns'] = (notebook, scope) =>
    this._answer(`runs ${notebook} ${scope}`, { runs: this.runs, store: '.mlops_nb' });

  getRun: ISource['getRun'] = (notebook, id) => {
    const answer = this.answers.get(id);
    return answer
      ? this._answer(`run ${id}`, answer)
      : Promise.reject(new Error(`no run named ${id} near ${notebook}`));
  };

  getHistory: ISource['getHistory'] = (_, id, key) => {
    const count = this.answers.get(id)?.run.metrics[key]?.count ?? 0;
    const points = Array.from({ length: count }, (_value, step) => ({
      step,
      value: step,
      at: step
    }));
    return this._answer(`history ${id} ${key}`, { key, count, points });
  };

  getSnapshots: ISource['getSnapshots'] = () => this._answer('snapshots', this.snapshots);
  getModels: ISource['getModels'] = () => this._answer('models', this.models);
  getArtifact: ISource['getArtifact'] = () => this._answer('artifact', new Blob(['bytes']));

  private _answer<T>(question: string, answer: T): Promise<T> {
    this.asked.push(question);
    return this.fault ? Promise.reject(this.fault) : Promise.resolve(answer);
  }
}
