/**
 * Which runs fit the words in the filter box. Pure.
 */
import type { IRun } from '../wire';
import { formatMetric, formatPlain } from './format';

/** Keep the runs that hold every word: in name, experiment, id, status, tags, params or metrics. */
export function filterRuns(runs: IRun[], filter: string): IRun[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) {
    return runs;
  }
  return runs.filter(run => {
    const text = searchable(run);
    return words.every(word => text.includes(word));
  });
}

function searchable(run: IRun): string {
  const params = Object.entries(run.params).map(([key, value]) => `${key}=${formatPlain(value)}`);
  const metrics = Object.entries(run.metrics).map(
    ([key, metric]) => `${key}=${formatMetric(metric.last)}`
  );
  const tags = Object.entries(run.tags).map(([key, value]) => (value ? `${key}=${value}` : key));
  return [run.name, run.experiment, run.id, run.status, run.error, ...params, ...metrics, ...tags]
    .join('\n')
    .toLowerCase();
}
