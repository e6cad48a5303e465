import { describe, expect, it } from 'vitest';
import { makeRun } from '../fixtures';
import { filterRuns } from './filter';
import { formatBytes, formatDuration, formatMetric, runSeconds, shortId } from './format';

describe('numbers and times', () => {
  it.each([
    [0.123456, '0.1235'],
    [0.5, '0.5'],
    [0.00001234, '1.234e-5'],
    [12345.678, '12345.7'],
    [3, '3'],
    [-0, '0'],
    [1.5e12, '1.5e12'],
    ['nan' as const, 'NaN'],
    ['-inf' as const, '−∞']
  ])('writes the metric %s as %s', (value, text) => {
    expect(formatMetric(value)).toBe(text);
  });

  it.each([
    [0, '0 ms'],
    [0.0123, '12 ms'],
    [0.0999, '0.1 s'],
    [9.96, '10 s'],
    [59.7, '1 min 0 s'],
    [3_725, '1 h 2 min']
  ])('writes %s seconds as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it('writes sizes', () => {
    expect([0, 999, 1_200, 999_600, 3e12].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.2 kB',
      '1.0 MB',
      '3.0 TB'
    ]);
  });

  it('counts on while a run runs, and never below zero', () => {
    const run = makeRun({ status: 'running', duration_s: null, started_at: 100 });
    expect(runSeconds(run, 103_000)).toBe(3);
    expect(runSeconds(run, 90_000)).toBe(0);
    expect(runSeconds(makeRun({ status: 'crashed', duration_s: null }), 0)).toBeNull();
    expect(shortId(run.id)).toBe('abc123');
  });
});

describe('the filter', () => {
  const metric = { last: 0.25, count: 1, min: 0.25, max: 0.25, last_step: 0 };
  const runs = [
    makeRun({ id: 'a', name: 'baseline', params: { depth: 4 }, metrics: { loss: metric } }),
    makeRun({ id: 'b', status: 'failed', experiment: 'Other', tags: { gpu: '' } })
  ];
  const found = (filter: string): string[] => filterRuns(runs, filter).map(run => run.id);

  it('finds every word anywhere, in any case', () => {
    expect(found('')).toEqual(['a', 'b']);
    expect(found('BASE depth=4')).toEqual(['a']);
    expect(found('loss=0.25')).toEqual(['a']);
    expect(found('failed other gpu')).toEqual(['b']);
    expect(found('baseline failed')).toEqual([]);
  });
});
