/**
 * What the server says: the records of `mlops_nb.records` in their wire form, field for field.
 *
 * The ground floor: types only, no behaviour.
 */

export type Status = 'running' | 'completed' | 'failed' | 'interrupted' | 'crashed';
export type NonFinite = 'nan' | 'inf' | '-inf';
export type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

export interface IMetricSummary {
  last: number | NonFinite;
  count: number;
  min: number | null;
  max: number | null;
  last_step: number;
}

export interface IDatasetLinked {
  role: 'used' | 'generated';
  digest: string;
  /** These three are left out where they hold their default: an unnamed dataset has no version. */
  name?: string;
  version?: number;
  rows?: number | null;
}

export interface IModelLinked {
  role: 'used' | 'generated';
  name: string;
  version: number;
  digest: string;
}

export interface IRun {
  id: string;
  experiment: string;
  kind: 'cell' | 'script' | 'notebook';
  status: Status;
  /** Unix seconds, UTC, as all times. */
  started_at: number;
  name: string;
  ended_at: number | null;
  duration_s: number | null;
  params: Record<string, Plain>;
  metrics: Record<string, IMetricSummary>;
  tags: Record<string, string>;
  parent_run_id: string;
  notebook: string;
  cell_id: string;
  user: string;
  commit: string;
  dirty: boolean | null;
  error: string;
  captured_params: string[];
  datasets: IDatasetLinked[];
  models: IModelLinked[];
}

/** From here on, a field that holds its default is left out. */
export interface IArtifact {
  name: string;
  digest: string;
  size_bytes: number;
  media_type?: string;
  role?: 'file' | 'figure';
}

export interface ICodeState {
  commit: string;
  branch?: string;
  dirty?: boolean | null;
  remote?: string;
}

export interface IEnvironment {
  python: string;
  platform: string;
  packages: Record<string, string>;
  code?: ICodeState;
  cpu_count?: number;
}

export interface IRunError {
  kind: string;
  message?: string;
  traceback?: string;
}

export interface IHost {
  name: string;
  pid: number;
  user?: string;
  trace?: IProcessTrace;
}

/** What tells a reader later how the process ended. */
export interface IProcessTrace {
  boot_id?: string;
  started_ticks?: number;
  oom_counter?: string;
  oom_kills?: number | null;
}

export interface IOutput {
  text: string;
  dropped?: number;
}

export interface IResources {
  cpu_s: number;
  peak_memory_bytes?: number | null;
}

export interface IFault {
  where: string;
  message: string;
}

export interface IRunDetails {
  source: string;
  host: IHost | null;
  environment: IEnvironment | null;
  output: IOutput | null;
  resources: IResources | null;
  error: IRunError | null;
  artifacts: IArtifact[];
  faults: IFault[];
  closed_by: string;
}

export interface IPoint {
  step: number;
  value: number | NonFinite;
  at: number;
}

export interface ISnapshot {
  name: string;
  version: number;
  digest: string;
  manifest: string;
  rows: number;
  columns: number;
  logical_bytes: number;
  stored_bytes: number;
  created_at: number;
  created_by: string;
  message: string;
  run_id: string;
}

export interface IModelVersion {
  name: string;
  version: number;
  digest: string;
  size_bytes: number;
  flavor: string;
  python_type: string;
  created_at: number;
  created_by: string;
  aliases: string[];
  packages: Record<string, string>;
  message: string;
  run_id: string;
  datasets: string[];
}

export interface IRunsAnswer {
  runs: IRun[];
  store: string;
}

export interface IRunAnswer {
  run: IRun;
  details: IRunDetails;
  children: IRun[];
}

export interface IHistoryAnswer {
  key: string;
  count: number;
  points: IPoint[];
}

/** The body of an error: `MlopsNbError.to_dict()`. */
export interface IErrorAnswer {
  code: string;
  message: string;
  hint: string;
}
