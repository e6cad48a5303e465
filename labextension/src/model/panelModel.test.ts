import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeSource, makeAnswer, makeRun } from '../fixtures';
import { SourceError } from '../tokens';
import { PanelModel } from './panelModel';

let source: FakeSource;
let model: PanelModel;

beforeEach(() => {
  vi.useFakeTimers();
  source = new FakeSource();
  model = new PanelModel(source);
});
afterEach(() => {
  model.dispose();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const soon = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
const asked = (question: string): number => source.asked.filter(q => q.startsWith(question)).length;

describe('the panel model', () => {
  it('asks nothing while hidden, calmly while visible, each second while something runs', async () => {
    await vi.advanceTimersByTimeAsync(20_000);
    model.refresh();
    await soon();
    expect(source.asked).toEqual([]);

    model.setVisible(true);
    await soon();
    await vi.advanceTimersByTimeAsync(9_000);
    expect(asked('runs')).toBe(4);

    source.runs = [makeRun({ status: 'running', duration_s: null })];
    model.refresh();
    await soon();
    expect(model.runningCount).toBe(1);
    source.asked = [];
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked('runs')).toBe(5);

    model.setVisible(false);
    source.asked = [];
    await vi.advanceTimersByTimeAsync(20_000);
    expect(asked('runs')).toBeLessThanOrEqual(1);
  });

  it('rests while the page is hidden, and catches up when it is seen again', async () => {
    model.setVisible(true);
    await soon();
    const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    await vi.advanceTimersByTimeAsync(10_000);
    source.asked = [];
    await vi.advanceTimersByTimeAsync(60_000);
    expect(source.asked).toEqual([]);
    hidden.mockReturnValue(false);
    document.dispatchEvent(new Event('visibilitychange'));
    await soon();
    expect(asked('runs')).toBe(1);
  });

  it('tells nobody when nothing has changed', async () => {
    model.setVisible(true);
    await soon();
    let told = 0;
    model.stateChanged.connect(() => (told += 1));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked('runs')).toBeGreaterThan(5);
    expect(told).toBe(0);
  });

  it('keeps what it knows when the server is away, says so, and recovers', async () => {
    source.runs = [makeRun()];
    model.setVisible(true);
    await soon();
    source.fault = new SourceError({ kind: 'offline', message: '', hint: '' });
    await vi.advanceTimersByTimeAsync(4_000);
    expect(model.state.problem?.kind).toBe('offline');
    expect(model.state.runs).toHaveLength(1);
    source.fault = null;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(model.state.problem).toBeNull();
  });

  it('drops an answer about a notebook that is no longer in front', async () => {
    model.setVisible(true);
    model.setNotebook('a.ipynb');
    await soon();
    let answer: (() => void) | undefined;
    const late = [makeRun({ name: 'late' })];
    vi.spyOn(source, 'getRuns').mockImplementationOnce(
      () => new Promise(resolve => (answer = () => resolve({ runs: late, store: '' })))
    );
    model.refresh();
    await soon();
    source.runs = [makeRun({ name: 'of b' })];
    const seen: (string | undefined)[] = [];
    model.stateChanged.connect(() => seen.push(model.state.runs?.[0]?.name));
    model.setNotebook('b.ipynb');
    answer?.();
    await soon();
    expect(model.state.runs?.[0].name).toBe('of b');
    expect(seen).not.toContain('late');
    expect(source.asked[source.asked.length - 1]).toBe('runs b.ipynb all');
  });

  it('opens a run, and asks for a curve again only when it has grown', async () => {
    const metric = { last: 1, count: 2, min: 0, max: 1, last_step: 1 };
    const run = makeRun({
      status: 'running',
      metrics: { loss: metric, once: { ...metric, count: 1 } }
    });
    source.answers.set(run.id, makeAnswer(run));
    model.setVisible(true);
    model.openRun(run.id);
    await soon();
    await soon();
    expect(model.state.opened?.histories.loss).toHaveLength(2);
    expect(model.state.opened?.histories.once).toBeUndefined();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked('history')).toBe(1);
    const longer = { ...run, metrics: { loss: { ...metric, count: 3 } } };
    source.answers.set(run.id, makeAnswer(longer));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked('history')).toBe(2);
    expect(model.state.opened?.histories.loss).toHaveLength(3);
  });

  it('says on the page when there is no such run, and goes on polling the list', async () => {
    model.setVisible(true);
    model.openRun('nowhere');
    await soon();
    await soon();
    expect(model.state.opened?.problem?.message).toContain('nowhere');
    expect(model.state.problem).toBeNull();
  });
});
