/**
 * The panel's own icons. Shapes differ, so that nobody has to tell them apart by colour.
 */
import { LabIcon } from '@jupyterlab/ui-components';
import type { Status } from '../wire';

function icon(name: string, body: string): LabIcon {
  return new LabIcon({
    name: `mlops-nb:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">${body}</svg>`
  });
}

/** A flask, drawn with the line weight of the other side bar icons. */
export const panelIcon = icon(
  'panel',
  '<g class="jp-icon3" fill="#616161">' +
    '<path d="M5 1h6v1.4h-.8v3.9l3.6 6.3A1.6 1.6 0 0 1 12.4 15H3.6a1.6 1.6 0 0 1-1.4-2.4l3.6-6.3V2.4H5zm2.2 1.4v4.3L3.4 13.2a.27.27 0 0 0 .24.4h8.72a.27.27 0 0 0 .24-.4L8.8 6.7V2.4z"/>' +
    '<path d="M5.6 10h4.8l1.5 2.7H4.1z"/></g>'
);

const RING =
  '<circle cx="8" cy="8" r="6.25" fill="none" stroke="currentColor" stroke-width="1.5"/>';
const LINE =
  'fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"';

export const backIcon = icon(
  'back',
  `<path class="jp-icon3" stroke="#616161" fill="none" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" d="M13 8H3.5M7.5 4l-4 4 4 4"/>`
);

export const statusIcons: Record<Status, LabIcon> = {
  completed: icon('completed', `${RING}<path ${LINE} d="M5.2 8.2l2 2 3.6-4.1"/>`),
  failed: icon('failed', `${RING}<path ${LINE} d="M5.8 5.8l4.4 4.4m0-4.4l-4.4 4.4"/>`),
  running: icon(
    'running',
    '<circle cx="8" cy="8" r="6.25" fill="none" stroke="currentColor" stroke-width="1.5" opacity=".25"/>' +
      `<path class="mlops-spin" ${LINE} d="M8 1.75A6.25 6.25 0 0 1 14.25 8"/>`
  ),
  interrupted: icon(
    'interrupted',
    `${RING}<rect x="5.6" y="5.6" width="4.8" height="4.8" rx=".6" fill="currentColor"/>`
  ),
  crashed: icon(
    'crashed',
    `<path ${LINE} d="M8 1.9l6.3 11.4H1.7z"/><path ${LINE} d="M8 6.3v3.2"/><circle cx="8" cy="11.5" r=".95" fill="currentColor"/>`
  )
};
