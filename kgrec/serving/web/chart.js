/** A line over time, drawn as SVG. */

import { svg } from './dom.js';
import { number, t } from './i18n.js';

const [HEIGHT, TOP, FOOT, LEFT] = [140, 12, 26, 44];

/**
 * `values`: numbers or null (a gap), oldest first, one every `seconds`. `label` is what the picture says to a screen
 * reader; `width` in pixels, so that its letters have the size of the page's.
 */
export function chart(values, label, { width, seconds, most = 150 }) {
  const kept = values.slice(-most);
  const known = kept.filter((value) => value !== null);
  const peak = nice(Math.max(...known, 0));
  const floor = HEIGHT - FOOT;
  const x = (i) => LEFT + ((most - kept.length + i) / (most - 1)) * (width - LEFT - 6);
  const y = (value) => floor - (value / peak) * (floor - TOP);
  const ticks = [0, peak / 2, peak].map((value) => svg('g', { class: 'tick' },
    svg('line', { x1: LEFT, x2: width, y1: y(value), y2: y(value) }),
    svg('text', { x: LEFT - 6, y: y(value) + 4, 'text-anchor': 'end' }, number(value, 2))));
  const times = svg('g', { class: 'tick' },
    svg('text', { x: LEFT, y: HEIGHT - 6 }, t('ago', { n: number((most * seconds) / 60) })),
    svg('text', { x: width, y: HEIGHT - 6, 'text-anchor': 'end' }, t('now')));
  const lines = runs(kept).map(([first, run]) => {
    // A line of one point would not be seen.
    if (run.length === 1) return [svg('circle', { class: 'dot', cx: x(first), cy: y(run[0]), r: 2 })];
    const points = run.map((value, i) => `${x(first + i).toFixed(1)} ${y(value).toFixed(1)}`);
    const area = `M${x(first).toFixed(1)} ${floor}L${points.join('L')}L${x(first + run.length - 1).toFixed(1)} ${floor}z`;
    return [svg('path', { class: 'area', d: area }), svg('path', { class: 'line', d: `M${points.join('L')}` })];
  });
  const end = known.length > 0 && kept.at(-1) !== null && svg('circle', { class: 'end', cx: x(kept.length - 1), cy: y(kept.at(-1)), r: 3.5 });
  const said = `${label}: ${known.length ? number(known.at(-1), 2) : '–'}`;
  return svg('svg', { class: 'chart', role: 'img', 'aria-label': said, viewBox: `0 0 ${width} ${HEIGHT}` },
    ticks, times, lines.flat(), end);
}

/** `[[place, numbers]]`: the numbers between the gaps. */
function runs(values) {
  const found = [];
  values.forEach((value, i) => {
    if (value === null) return;
    if (i > 0 && values[i - 1] !== null) found.at(-1)[1].push(value);
    else found.push([i, [value]]);
  });
  return found;
}

/** The next of 1, 2, 5 times a power of ten. */
function nice(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}
