/** An item in a list. */

import { el, tile } from './dom.js';
import { t } from './i18n.js';

export const titleOf = (item) => item.title || item.item;

/** `open(item, record)`: shows the item; `record` is true for a click on it, false for a look at the reasons. */
export function card(item, open, { note = null, why = false } = {}) {
  const title = titleOf(item);
  const name = el('button', { type: 'button', class: 'title', on: { click: () => open(item, true) } }, title);
  const reasons = (item.reasons ?? []).map((reason) => el('li', {}, reason));
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
