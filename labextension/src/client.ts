/**
 * The server's side of the panel: one function speaks HTTP, the others give it names and types.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { RUN_LIMIT, SourceError } from './tokens';
import type { IProblem, ISource, Scope } from './tokens';
import type {
  IErrorAnswer,
  IHistoryAnswer,
  IModelVersion,
  IRunAnswer,
  IRunsAnswer,
  ISnapshot
} from './wire';

const API = 'mlops-nb/api';
/** Answers kept to ask "has it changed?" with: the lists, and the page that is open. */
const KEPT = 8;

export class Client implements ISource {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  getRuns(notebook: string, scope: Scope): Promise<IRunsAnswer> {
    return this._getJSON<IRunsAnswer>(['runs'], { notebook, scope, limit: String(RUN_LIMIT) });
  }

  getRun(notebook: string, id: string): Promise<IRunAnswer> {
    return this._getJSON<IRunAnswer>(['runs', id], { notebook });
  }

  getHistory(notebook: string, id: string, key: string): Promise<IHistoryAnswer> {
    return this._getJSON<IHistoryAnswer>(['runs', id, 'history'], { notebook, key });
  }

  async getSnapshots(notebook: string): Promise<ISnapshot[]> {
    return (await this._getJSON<{ snapshots: ISnapshot[] }>(['snapshots'], { notebook })).snapshots;
  }

  async getModels(notebook: string): Promise<IModelVersion[]> {
    return (await this._getJSON<{ models: IModelVersion[] }>(['models'], { notebook })).models;
  }

  async getArtifact(notebook: string, id: string, digest: string): Promise<Blob> {
    return (await this._get(['runs', id, 'artifacts', digest], { notebook })).blob();
  }

  /** Ask for JSON; an unchanged answer costs an empty 304 and is the object given before. */
  private async _getJSON<T>(path: string[], query: Record<string, string>): Promise<T> {
    const key = JSON.stringify([path, query]);
    const kept = this._kept.get(key);
    const response = await this._get(path, query, kept?.etag);
    if (response.status === 304 && kept) {
      return kept.answer as T;
    }
    const answer = (await response.json()) as T;
    const etag = response.headers.get('ETag');
    this._kept.delete(key);
    if (etag) {
      this._kept.set(key, { etag, answer });
      if (this._kept.size > KEPT) {
        const oldest = this._kept.keys().next().value;
        this._kept.delete(oldest ?? key);
      }
    }
    return answer;
  }

  /** The one function that speaks HTTP. Every fault leaves it as a `SourceError`. */
  private async _get(path: string[], query: Record<string, string>, etag = ''): Promise<Response> {
    const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));
    const url =
      URLExt.join(this._settings.baseUrl, API, ...path.map(encodeURIComponent)) +
      URLExt.objectToQueryString(given);
    // 'no-cache' rather than Lab's 'no-store', which makes every address a new one.
    const init: RequestInit = etag
      ? { cache: 'no-cache', headers: { 'If-None-Match': etag } }
      : { cache: 'no-cache' };
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this._settings);
    } catch {
      throw new SourceError({ kind: 'offline', message: '', hint: '' });
    }
    if (response.ok || response.status === 304) {
      return response;
    }
    throw new SourceError(await problemOf(response));
  }

  private readonly _kept = new Map<string, { etag: string; answer: unknown }>();
}

async function problemOf(response: Response): Promise<IProblem> {
  const { status } = response;
  const body = (await response.json().catch(() => null)) as Partial<IErrorAnswer> | null;
  if (body?.code) {
    return { kind: 'error', message: body.message ?? body.code, hint: body.hint ?? '' };
  }
  if (status === 401 || status === 403) {
    return { kind: 'refused', message: '', hint: '' };
  }
  if (status === 404) {
    return { kind: 'missing', message: '', hint: '' };
  }
  if (status === 502 || status === 503 || status === 504) {
    return { kind: 'offline', message: '', hint: '' };
  }
  return { kind: 'error', message: `${status} ${response.statusText}`, hint: '' };
}
