/**
 * Numbers and times as people read them. Pure.
 */
import { Time } from '@jupyterlab/coreutils';
import type { IRun, NonFinite, Plain } from '../wire';

/** Five significant digits, no noise: 0.12346, 1.2e-7, 12,346. */
export function formatMetric(value: number | NonFinite): string {
  if (typeof value !== 'number') {
    return value === 'nan' ? 'NaN' : value.replace('inf', '∞').replace('-', '−');
  }
  if (value === 0) {
    return '0';
  }
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-4) {
    return trimmed(value.toExponential(3)).replace('e+', 'e');
  }
  if (Number.isInteger(value)) {
    return String(value);
  }
  return size >= 1e4 ? value.toFixed(1) : trimmed(value.toPrecision(4));
}

function trimmed(text: string): string {
  return text.replace(/(\.\d*?)0+(?=e|$)/, '$1').replace(/\.(?=e|$)/, '');
}

/** A param's value in one line. */
export function formatPlain(value: Plain): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function formatDuration(seconds: number): string {
  if (seconds < 0.0995) {
    return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  }
  if (seconds < 9.95) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole} s`;
  }
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size < 9.95 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** "2 min. ago", in the words that the file browser uses. */
export function formatAgo(at: number): string {
  return Time.formatHuman(new Date(at * 1000), 'short');
}

export function formatMoment(at: number): string {
  return new Date(at * 1000).toLocaleString();
}

/** How long a run took, or has taken so far. */
export function runSeconds(run: IRun, now: number): number | null {
  if (run.duration_s !== null) {
    return run.duration_s;
  }
  return run.status === 'running' ? Math.max(0, now / 1000 - run.started_at) : null;
}

/** The part of a run id that a person types. */
export function shortId(id: string): string {
  return id.slice(id.lastIndexOf('-') + 1);
}

/** What a list calls the run. */
export function runTitle(run: IRun): string {
  return run.name || run.experiment;
}

export function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
