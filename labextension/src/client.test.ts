import { ServerConnection } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';
import { Client } from './client';
import { makeRun } from './fixtures';
import { SourceError } from './tokens';

/** A client whose server is a function, and what was asked of it. */
function served(serve: (request: Request) => Response): { client: Client; requests: Request[] } {
  const requests: Request[] = [];
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://lab.test/user/ada/',
    token: 's3cret',
    fetch: (input: RequestInfo | URL, init?: RequestInit) => {
      const request = input instanceof Request ? input : new Request(input, init);
      requests.push(request);
      return Promise.resolve().then(() => serve(request));
    }
  });
  return { client: new Client(settings), requests };
}

async function problemOf(answer: Promise<unknown>): Promise<SourceError['problem']> {
  const fault = await answer.catch((reason: unknown) => reason);
  expect(fault).toBeInstanceOf(SourceError);
  return (fault as SourceError).problem;
}

const json = (body: unknown, init: ResponseInit = {}): Response =>
  new Response(JSON.stringify(body), init);

describe('the client', () => {
  it('asks below the base URL, with the token, and leaves out empty words', async () => {
    const { client, requests } = served(() => json({ runs: [makeRun()], store: '.mlops_nb' }));
    const { runs } = await client.getRuns('', 'all');
    expect(runs[0].experiment).toBe('delays');
    expect(requests[0].url).toBe('http://lab.test/user/ada/mlops-nb/api/runs?scope=all&limit=200');
    expect(requests[0].headers.get('Authorization')).toBe('token s3cret');
  });

  it('encodes whatever the names hold', async () => {
    const { client, requests } = served(() => json({ key: '', count: 0, points: [] }));
    await client.getHistory('a b/c&d.ipynb', '../x', 'loss/ä&key=1');
    const url = new URL(requests[0].url);
    expect(url.pathname).toBe('/user/ada/mlops-nb/api/runs/..%2Fx/history');
    expect(url.searchParams.get('notebook')).toBe('a b/c&d.ipynb');
    expect(url.searchParams.get('key')).toBe('loss/ä&key=1');
  });

  it('gives the very same object while the answer has not changed', async () => {
    const { client, requests } = served(request =>
      request.headers.get('If-None-Match') === '"one"'
        ? new Response(null, { status: 304 })
        : json({ runs: [], store: '' }, { headers: { ETag: '"one"' } })
    );
    const first = await client.getRuns('n.ipynb', 'all');
    expect(await client.getRuns('n.ipynb', 'all')).toBe(first);
    expect(await client.getRuns('n.ipynb', 'notebook')).not.toBe(first);
    expect(requests.map(request => request.headers.get('If-None-Match'))).toEqual([
      null,
      '"one"',
      null
    ]);
  });

  it('tells apart why there is no answer', async () => {
    const down = served(() => {
      throw new TypeError('Failed to fetch');
    });
    expect((await problemOf(down.client.getModels(''))).kind).toBe('offline');
    const cases: [number, string][] = [
      [403, 'refused'],
      [404, 'missing'],
      [500, 'error'],
      [503, 'offline']
    ];
    for (const [status, kind] of cases) {
      const { client } = served(() => new Response('<html>', { status }));
      expect((await problemOf(client.getSnapshots(''))).kind).toBe(kind);
    }
  });

  it('passes on what the server says to do', async () => {
    const body = { code: 'not-found', message: "no run named 'x'", hint: 'did you mean y?' };
    const { client } = served(() => json(body, { status: 404 }));
    expect(await problemOf(client.getRun('', 'x'))).toEqual({
      kind: 'error',
      message: body.message,
      hint: body.hint
    });
  });
});
