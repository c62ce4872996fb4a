/** A line over time, drawn as SVG. */

import { svg } from './dom.js';
import { number } from './i18n.js';

const [WIDTH, HEIGHT, TOP, LEFT] = [520, 130, 12, 40];

/** `values`: numbers or null (a gap), oldest first. `label` is what the picture says to a screen reader. */
export function chart(values, label, most = 150) {
  const kept = values.slice(-most);
  const known = kept.filter((value) => value !== null);
  const peak = nice(Math.max(...known, 0));
  const x = (i) => LEFT + ((most - kept.length + i) / (most - 1)) * (WIDTH - LEFT - 6);
  const y = (value) => HEIGHT - 8 - (value / peak) * (HEIGHT - TOP - 8);
  const line = kept.map((value, i) => (value === null ? '' : `${kept[i - 1] === undefined || kept[i - 1] === null ? 'M' : 'L'}${x(i).toFixed(1)} ${y(value).toFixed(1)}`)).join('');
  const ticks = [0, peak / 2, peak].map((value) => svg('g', { class: 'tick' },
    svg('line', { x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }),
    svg('text', { x: LEFT - 6, y: y(value) + 4, 'text-anchor': 'end' }, number(value, 2))));
  const end = kept.length && kept.at(-1) !== null && svg('circle', { class: 'end', cx: x(kept.length - 1), cy: y(kept.at(-1)), r: 3.5 });
  const said = `${label}: ${known.length ? number(known.at(-1), 2) : '–'}`;
  return svg('svg', { class: 'chart', role: 'img', 'aria-label': said, viewBox: `0 0 ${WIDTH} ${HEIGHT}` },
    ticks, svg('path', { class: 'line', d: line }), end);
}

/** The next of 1, 2, 5 times a power of ten. */
function nice(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}
