import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeSource, MODEL, SNAPSHOT, makeAnswer, makeRun } from '../fixtures';
import { PanelModel } from '../model/panelModel';
import { SourceError } from '../tokens';
import { PanelView } from './panelView';

const EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
let source: FakeSource;
let model: PanelModel;

beforeEach(() => {
  source = new FakeSource();
  model = new PanelModel(source);
});
afterEach(() => model.dispose());

async function show(): Promise<HTMLElement> {
  const { container } = render(<PanelView model={model} trans={nullTranslator.load('mlops_nb')} />);
  await act(async () => {
    model.setVisible(true);
    await new Promise(resolve => setTimeout(resolve, 0));
  });
  return container;
}

async function click(element: HTMLElement): Promise<void> {
  await act(async () => {
    fireEvent.click(element);
    await new Promise(resolve => setTimeout(resolve, 0));
  });
}

describe('the panel', () => {
  it('teaches the first step where there is nothing yet', async () => {
    await show();
    expect(screen.getByText('No runs yet')).toBeTruthy();
    expect(screen.getByText(/%load_ext mlops_nb/)).toBeTruthy();
    await click(screen.getByRole('tab', { name: 'Data' }));
    expect(screen.getByText(/%snapshot df/)).toBeTruthy();
    await click(screen.getByRole('tab', { name: 'Models' }));
    expect(screen.getByText(/%register model/)).toBeTruthy();
  });

  it('shows status by word, metrics, and how many runs run', async () => {
    const metric = { last: 0.5, count: 3, min: 0.1, max: 0.9, last_step: 2 };
    source.runs = [
      makeRun({ id: 'r-1', status: 'running', duration_s: null, metrics: { loss: metric } }),
      makeRun({ id: 'r-2', status: 'crashed', name: 'night' })
    ];
    await show();
    const [first, second] = screen.getAllByRole('listitem');
    expect(first.textContent).toContain('Running');
    expect(first.textContent).toContain('loss 0.5');
    expect(second.textContent).toContain('night');
    expect(second.textContent).toContain('Crashed');
    expect(screen.getByRole('tab', { name: /Runs/ }).textContent).toBe('Runs1 running');
  });

  it('shows what users wrote as text, whatever it is', async () => {
    const run = makeRun({
      name: EVIL,
      params: { [EVIL]: EVIL },
      tags: { [EVIL]: EVIL },
      error: EVIL,
      status: 'failed',
      notebook: EVIL
    });
    source.runs = [run];
    source.answers.set(
      run.id,
      makeAnswer(run, {
        source: EVIL,
        output: { text: EVIL },
        error: { kind: EVIL, traceback: EVIL }
      })
    );
    const container = await show();
    expect(container.querySelector('.mlops-row-title')?.textContent).toBe(EVIL);
    await click(within(screen.getByRole('list')).getByRole('button'));
    expect(screen.getByRole('heading', { level: 2 }).textContent).toBe(EVIL);
    expect(container.querySelector('img, script')).toBeNull();
    expect('hacked' in window).toBe(false);
  });

  it('goes into a run and back to its row by keyboard', async () => {
    const runs = ['a', 'b', 'c'].map(id => makeRun({ id, name: `run ${id}` }));
    source.runs = runs;
    source.answers.set('b', makeAnswer(runs[1], { source: 'x = 1' }));
    await show();
    const rows = within(screen.getByRole('list')).getAllByRole('button');
    expect(rows.map(row => row.tabIndex)).toEqual([0, -1, -1]);
    act(() => rows[0].focus());
    fireEvent.keyDown(rows[0], { key: 'ArrowDown' });
    expect(document.activeElement).toBe(rows[1]);
    await click(rows[1]);
    expect(screen.getByText('x = 1')).toBeTruthy();
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Back to the list');
    await click(document.activeElement as HTMLElement);
    expect(document.activeElement?.textContent).toContain('run b');
  });

  it('filters while typing, and says when nothing fits', async () => {
    source.runs = [makeRun({ id: 'a', name: 'alpha' }), makeRun({ id: 'b', name: 'beta' })];
    await show();
    const box = screen.getByPlaceholderText('Filter runs');
    fireEvent.change(box, { target: { value: 'alp' } });
    expect(screen.getAllByRole('listitem')).toHaveLength(1);
    expect(screen.getByText('1 of 2')).toBeTruthy();
    fireEvent.change(box, { target: { value: 'gamma' } });
    expect(screen.getByText('No run fits the filter')).toBeTruthy();
    fireEvent.keyDown(box, { key: 'Escape' });
    expect(screen.getAllByRole('listitem')).toHaveLength(2);
  });

  it('draws a curve with its gaps', async () => {
    const metric = { last: 2, count: 3, min: 0, max: 2, last_step: 2 };
    const run = makeRun({ metrics: { loss: metric } });
    source.runs = [run];
    source.answers.set(run.id, makeAnswer(run));
    source.getHistory = () =>
      Promise.resolve({
        key: 'loss',
        count: 4,
        points: [0, 1, 'nan' as const, 2].map((value, step) => ({ step, value, at: step }))
      });
    const container = await show();
    await click(within(screen.getByRole('list')).getByRole('button'));
    const line = container.querySelector('.mlops-chart-line')?.getAttribute('d') ?? '';
    expect(line.match(/M/g)).toHaveLength(2);
    expect(line).not.toContain('NaN');
    expect(screen.getByRole('img', { name: 'loss: from 0 to 2, 4 points' })).toBeTruthy();
  });

  it('lists versions of data and models', async () => {
    source.snapshots = [SNAPSHOT];
    source.models = [MODEL];
    await show();
    await click(screen.getByRole('tab', { name: 'Data' }));
    const data = screen.getByRole('tabpanel').textContent ?? '';
    expect(data).toContain('@3');
    expect(data).toContain('120,000 × 9');
    expect(data).toContain('12 kB stored');
    expect(data).toContain('without the outliers');
    await click(screen.getByRole('tab', { name: 'Models' }));
    const models = screen.getByRole('tabpanel').textContent ?? '';
    expect(models).toContain('champion');
    expect(models).toContain('RandomForestRegressor');
  });

  it('says that it cannot reach the server, and keeps the list', async () => {
    source.runs = [makeRun()];
    await show();
    source.fault = new SourceError({ kind: 'offline', message: '', hint: '' });
    await click(screen.getByRole('button', { name: 'Refresh' }));
    expect(screen.getByRole('alert').textContent).toContain('Cannot reach the server: retrying');
    expect(screen.getAllByRole('listitem')).toHaveLength(1);
  });
});
