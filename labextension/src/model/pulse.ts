/**
 * A heartbeat: does a piece of work again and again, never twice at once.
 *
 * A beat asked for during a beat follows it at once (any number of them as one). After a failure the pause
 * doubles, up to `MAX_PAUSE_MS`, until a beat succeeds. After a slow beat the pause is twice as long as it took,
 * so that a busy server is never kept busy by us.
 */
export const MAX_PAUSE_MS = 10_000;

export class Pulse {
  /**
   * @param work - what to do; a rejection counts as a failure
   * @param pause - milliseconds until the next beat, or null for none until `beat` is called
   */
  constructor(
    private readonly _work: () => Promise<void>,
    private readonly _pause: () => number | null
  ) {}

  /** Do the work now, or as soon as the work in hand is done. */
  beat(): void {
    if (this._disposed) {
      return;
    }
    clearTimeout(this._timer);
    if (this._busy) {
      this._again = true;
      return;
    }
    this._busy = true;
    this._begun = Date.now();
    this._work()
      .then(
        () => (this._failures = 0),
        () => (this._failures += 1)
      )
      .finally(() => this._rest());
  }

  dispose(): void {
    this._disposed = true;
    clearTimeout(this._timer);
  }

  private _rest(): void {
    this._busy = false;
    if (this._again) {
      this._again = false;
      this.beat();
      return;
    }
    const pause = this._pause();
    if (pause !== null && !this._disposed) {
      const afterFailures = Math.min(pause * 2 ** this._failures, MAX_PAUSE_MS);
      const afterSlowness = Math.min(2 * (Date.now() - this._begun), MAX_PAUSE_MS);
      this._timer = setTimeout(() => this.beat(), Math.max(pause, afterFailures, afterSlowness));
    }
  }

  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _busy = false;
  private _begun = 0;
  private _again = false;
  private _failures = 0;
  private _disposed = false;
}
