/**
 * A metric's curve: a small line chart, read by pointing at it or with the arrow keys.
 */
import { useMemo, useState } from 'react';
import type { KeyboardEvent, PointerEvent, ReactElement } from 'react';
import { formatMetric } from '../model/format';
import type { IPoint } from '../wire';
import { usePanel } from './context';

const WIDTH = 300;
const HEIGHT = 56;
/** Room for the line's own width at the edges. */
const EDGE = 3;

export function Chart(props: { name: string; points: IPoint[] }): ReactElement | null {
  const { trans } = usePanel();
  const { points } = props;
  const drawn = useMemo(() => draw(points), [points]);
  const [at, setAt] = useState<number | null>(null);
  if (!drawn) {
    return null;
  }
  const last = points.length - 1;
  const shown = points[Math.min(at ?? last, last)];
  const [from, to] = [points[0], points[last]].map(point => formatMetric(point.value));
  const label = trans.__('%1: from %2 to %3, %4 points', props.name, from, to, points.length);
  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    setAt(drawn.nearest((event.clientX - box.left) / box.width));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (move) {
      event.preventDefault();
      setAt(Math.max(0, Math.min(last, (at ?? last) + move)));
    }
  };
  return (
    <figure className="mlops-chart">
      <div
        className="mlops-chart-plot"
        role="img"
        tabIndex={0}
        aria-label={label}
        onPointerMove={onPointerMove}
        onPointerLeave={() => setAt(null)}
        onKeyDown={onKeyDown}
        onBlur={() => setAt(null)}
      >
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          <path className="mlops-chart-area" d={drawn.area} />
          <path className="mlops-chart-line" d={drawn.line} />
        </svg>
        <Dot x={drawn.x(shown)} y={drawn.y(shown)} cursor={at !== null} />
      </div>
      <figcaption className="mlops-chart-caption">
        <span>{`${formatMetric(drawn.low)} – ${formatMetric(drawn.high)}`}</span>
        <Reading point={shown} read={at !== null} />
      </figcaption>
    </figure>
  );
}

/** What is read off the curve: the value too, once a point is chosen. */
function Reading(props: { point: IPoint; read: boolean }): ReactElement {
  const { trans } = usePanel();
  const { step, value } = props.point;
  return (
    <span aria-live="off">
      {props.read ? trans.__('step %1: %2', step, formatMetric(value)) : trans.__('step %1', step)}
    </span>
  );
}

function Dot(props: { x: number; y: number | null; cursor: boolean }): ReactElement {
  const left = `${(props.x / WIDTH) * 100}%`;
  return (
    <>
      {props.cursor ? <span className="mlops-chart-cursor" style={{ left }} /> : null}
      {props.y === null ? null : (
        <span className="mlops-chart-dot" style={{ left, top: `${(props.y / HEIGHT) * 100}%` }} />
      )}
    </>
  );
}

interface IDrawn {
  line: string;
  area: string;
  low: number;
  high: number;
  x: (point: IPoint) => number;
  y: (point: IPoint) => number | null;
  /** The index of the point nearest to a fraction of the width. */
  nearest: (fraction: number) => number;
}

/** Lay the points out; null where no point has a finite value. Values that are not finite leave a gap. */
function draw(points: IPoint[]): IDrawn | null {
  const finite = points.map(point => point.value).filter(value => typeof value === 'number');
  if (finite.length === 0) {
    return null;
  }
  const low = finite.reduce((a, b) => Math.min(a, b));
  const high = finite.reduce((a, b) => Math.max(a, b));
  const steps = points.map(point => point.step);
  const first = steps.reduce((a, b) => Math.min(a, b));
  const span = steps.reduce((a, b) => Math.max(a, b)) - first || 1;
  const x = (point: IPoint): number => EDGE + ((point.step - first) / span) * (WIDTH - 2 * EDGE);
  const y = (point: IPoint): number | null =>
    typeof point.value !== 'number'
      ? null
      : high === low
        ? HEIGHT / 2
        : HEIGHT - EDGE - ((point.value - low) / (high - low)) * (HEIGHT - 2 * EDGE);
  let line = '';
  let area = '';
  let pen: 'M' | 'L' = 'M';
  let lastX = 0;
  const close = (): string => (pen === 'L' ? `L${lastX} ${HEIGHT}Z` : '');
  for (const point of points) {
    const top = y(point);
    if (top === null) {
      area += close();
      pen = 'M';
      continue;
    }
    const left = round(x(point));
    area += pen === 'M' ? `M${left} ${HEIGHT}L${left} ${round(top)}` : `L${left} ${round(top)}`;
    line += `${pen}${left} ${round(top)}`;
    pen = 'L';
    lastX = left;
  }
  area += close();
  const nearest = (fraction: number): number => {
    const wanted = fraction * WIDTH;
    let best = 0;
    points.forEach((point, at) => {
      if (Math.abs(x(point) - wanted) < Math.abs(x(points[best]) - wanted)) {
        best = at;
      }
    });
    return best;
  };
  return { line, area, low, high, x, y, nearest };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
