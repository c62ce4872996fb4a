/** An item in a list. */

import { el, tile } from './dom.js';
import { plain, relation, t } from './i18n.js';

export const titleOf = (item) => item.title || item.item;

/**
 * `open(item, record)`: shows the item; `record` is true for a click on it, false for a look at the reasons.
 * The title's button covers the whole card (see the style sheet), so that all of it can be pressed.
 */
export function card(item, open, { note = null, why = false } = {}) {
  const title = titleOf(item);
  const name = el('button', { type: 'button', class: 'title', on: { click: () => open(item, true) } },
    marked(title, item.highlights ?? []));
  const reasons = (item.reasons ?? []).map((reason) => el('li', {}, inWords(reason)));
  return el('li', { class: 'card', data: { item: item.item } },
    tile(title),
    el('div', { class: 'body' },
      name,
      note && el('span', { class: 'badge' }, note),
      reasons.length > 0 && el('ul', { class: 'reasons' }, reasons)),
    why && el('button',
      { type: 'button', class: 'quiet why', 'aria-label': t('whyOf', { title }), on: { click: () => open(item, false) } },
      t('why')));
}

/** A title with the places that a search found; places count characters, of which JavaScript may take two for one. */
function marked(title, places) {
  const letters = [...title];
  const pieces = [];
  let done = 0;
  for (const [start, end] of places) {
    if (start < done) continue;
    pieces.push(letters.slice(done, start).join(''), el('mark', {}, letters.slice(start, end).join('')));
    done = end;
  }
  return [...pieces, letters.slice(done).join('')];
}

/** `relation: name` with the relation in the page's language. */
function inWords(reason) {
  const [, name, value] = /^([^:]+): (.+)$/s.exec(reason) ?? [];
  return name === undefined ? reason : `${relation(name)}: ${plain(value)}`;
}
