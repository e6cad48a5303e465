import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_PAUSE_MS, Pulse } from './pulse';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the pulse', () => {
  it('never works twice at once, and takes many wishes as one', async () => {
    const finish: (() => void)[] = [];
    const pulse = new Pulse(
      () => new Promise<void>(resolve => finish.push(resolve)),
      () => null
    );
    pulse.beat();
    pulse.beat();
    pulse.beat();
    expect(finish).toHaveLength(1);
    finish[0]();
    await vi.advanceTimersByTimeAsync(0);
    expect(finish).toHaveLength(2);
    finish[1]();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(finish).toHaveLength(2);
  });

  it('waits longer after each failure, up to a limit, and recovers', async () => {
    const at: number[] = [];
    let broken = true;
    const pulse = new Pulse(
      () => {
        at.push(Date.now());
        return broken ? Promise.reject(new Error('down')) : Promise.resolve();
      },
      () => 1_000
    );
    pulse.beat();
    await vi.advanceTimersByTimeAsync(60_000);
    const gaps = at.slice(1).map((time, index) => time - at[index]);
    expect(gaps.slice(0, 4)).toEqual([2_000, 4_000, 8_000, MAX_PAUSE_MS]);
    broken = false;
    await vi.advanceTimersByTimeAsync(MAX_PAUSE_MS);
    const before = at.length;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(at.length).toBe(before + 3);
    pulse.dispose();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(at.length).toBe(before + 3);
  });

  it('rests twice as long as a slow beat took', async () => {
    const at: number[] = [];
    const pulse = new Pulse(
      () => {
        at.push(Date.now());
        return new Promise(resolve => setTimeout(resolve, 2_000));
      },
      () => 1_000
    );
    pulse.beat();
    await vi.advanceTimersByTimeAsync(7_000);
    expect(at[1] - at[0]).toBe(6_000);
    pulse.dispose();
  });
});
