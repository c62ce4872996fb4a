/** Draws a path through the graph: a person, what they had, what it shares with the item, the item. */

import { svg } from './dom.js';
import { plain, relation, t } from './i18n.js';

const RADIUS = 21;
const ACROSS = { step: 116, height: 150 };
const DOWN = { step: 84 };

const SHAPES = {
  user: () => [svg('circle', { r: RADIUS }), svg('path', { class: 'glyph', d: 'M0-10a5 5 0 1 1 0 10 5 5 0 0 1 0-10zM-10 11c0-6 4-9 10-9s10 3 10 9z' })],
  item: () => [svg('rect', { x: -20, y: -20, width: 40, height: 40, rx: 9 }), svg('path', { class: 'glyph', d: 'M-10-5 0-11 10-5V7L0 12-10 7zM-10-5 0 1 10-5M0 1V12' })],
  entity: () => [svg('path', { d: 'M0-23 20-11.5V11.5L0 23-20 11.5V-11.5z' }), svg('path', { class: 'glyph', d: 'M-9-1 0-10h9v9L0 8zM5-6h.1' })],
};

/** An SVG of `path`, `width` pixels wide: from left to right where there is room, else from top to bottom. */
export function picture(path, width) {
  const n = path.nodes.length;
  const across = width >= n * ACROSS.step;
  const step = across ? width / n : DOWN.step;
  const place = (i) => (across ? [step * (i + 0.5), 56] : [40, 30 + step * i]);
  const height = across ? ACROSS.height : step * (n - 1) + 62;
  const edges = path.edges.map((edge) => arrow(edge, place, across, width));
  const nodes = path.nodes.map((node, i) => {
    const [x, y] = place(i);
    return svg('g', { class: `node ${node.kind}${i === n - 1 ? ' target' : ''}`, transform: `translate(${x} ${y})` },
      svg('title', {}, node.label), SHAPES[node.kind](), words(node, role(path, i), across, across ? step : width - 84));
  });
  return svg('svg', { class: 'picture', role: 'img', 'aria-label': path.words, viewBox: `0 0 ${width} ${height}`, width, height }, edges, nodes);
}

function role(path, i) {
  const { kind } = path.nodes[i];
  if (i === path.nodes.length - 1) return t('node_target');
  return t(kind === 'item' && i === 1 ? 'node_past' : `node_${kind}`);
}

function words(node, role, across, room) {
  const size = 13;
  const lines = wrap(plain(node.label), room - 10, size, across ? 3 : 2);
  const start = across ? [0, RADIUS + 20] : [RADIUS + 15, lines.length > 1 ? -12 : -3];
  const anchor = across ? 'middle' : 'start';
  const line = (text, i) => svg('tspan', { x: start[0], dy: i ? 16 : 0 }, text);
  const kind = across ? [0, -RADIUS - 12] : [start[0], start[1] + 16 * lines.length];
  return [
    svg('text', { class: 'label', x: start[0], y: start[1], 'text-anchor': anchor }, lines.map(line)),
    svg('text', { class: 'kind', x: kind[0], y: kind[1], 'text-anchor': anchor }, role),
  ];
}

function arrow(edge, place, across, width) {
  const [from, to] = [place(edge.head), place(edge.tail)];
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const [dx, dy] = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
  const at = (gap, end) => [end[0] + dx * gap, end[1] + dy * gap];
  const [start, tip] = [at(RADIUS + 5, from), at(-RADIUS - 5, to)];
  const back = at(-9, tip);
  const head = `M${tip[0]} ${tip[1]}L${back[0] - dy * 5} ${back[1] + dx * 5}L${back[0] + dy * 5} ${back[1] - dx * 5}z`;
  const middle = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
  const room = across ? length - 2 * RADIUS - 4 : width - 84;
  const [text] = wrap(edge.label || relation(edge.relation), Math.max(room, 60), 12, 1);
  const label = across ? { x: middle[0], y: middle[1] - 9, 'text-anchor': 'middle' } : { x: middle[0] + 14, y: middle[1] + 4 };
  return svg('g', { class: 'edge' },
    svg('path', { class: 'line', d: `M${start[0]} ${start[1]}L${back[0]} ${back[1]}` }), svg('path', { class: 'head', d: head }),
    svg('text', label, text), svg('title', {}, edge.label || relation(edge.relation)));
}

/** Lines of `text` that fit `room` pixels: Han takes an em, Latin about half of one. The last line may end in an ellipsis. */
export function wrap(text, room, size, most) {
  const wide = (letters) => [...letters].reduce((sum, letter) => sum + (letter.codePointAt(0) > 0x2e7f ? 1 : 0.56), 0) * size;
  const pieces = text.match(/[\u2e80-\uffff]|[^\s\u2e80-\uffff]+\s*|\s+/g) ?? [''];
  const lines = [''];
  for (const piece of pieces) {
    const last = lines.length - 1;
    if (lines[last] === '' || wide((lines[last] + piece).trimEnd()) <= room) lines[last] += piece;
    else lines.push(piece);
  }
  const kept = lines.slice(0, most).map((line) => line.trim());
  const cut = lines.length > most;
  return kept.map((line, i) => {
    const short = cut && i === most - 1;
    if (!short && wide(line) <= room) return line;
    const letters = [...line];
    while (letters.length > 1 && wide(letters.join('') + '…') > room) letters.pop();
    return `${letters.join('').trim()}…`;
  });
}
