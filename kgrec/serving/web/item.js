/** The panel of one item: what is known of it, why it is recommended, what is like it. */

import { aborted, Latest } from './api.js';
import { card, titleOf } from './card.js';
import { el, tile } from './dom.js';
import { language, number, onLanguage, relation, t } from './i18n.js';
import { sentence } from './notice.js';
import { picture } from './picture.js';

const NARROW = matchMedia('(max-width: 899px)');

export class ItemPanel {
  /** `find(text)`: searches; `open(item, record)`: shows another item. */
  constructor(root, columns, api, visit, open, find) {
    Object.assign(this, { root, columns, api, visit, open, find });
    this.latest = new Latest();
    this.item = null;
    root.addEventListener('close', () => this.closed());
    root.addEventListener('keydown', (event) => event.key === 'Escape' && root.close());
    visit.addEventListener('person', () => this.item && this.load());
    onLanguage(() => this.item && this.load());
    new ResizeObserver(() => this.draw()).observe(root);
  }

  show(item) {
    const opener = document.activeElement;
    // From one item to a similar one: closing should lead back to where the panel was opened from.
    if (!this.root.contains(opener)) this.opener = opener;
    this.item = item;
    this.columns.classList.add('with-item');
    if (!this.root.open) NARROW.matches ? this.root.showModal() : this.root.show();
    this.load();
    this.root.scrollTop = 0;
    this.root.querySelector('h2').focus({ preventScroll: !NARROW.matches });
    if (!NARROW.matches) this.root.scrollIntoView({ block: 'nearest' });
  }

  closed() {
    this.latest.start();
    this.item = null;
    this.columns.classList.remove('with-item');
    // The list that the panel was opened from may have been drawn anew since.
    const again = document.querySelector(`.card[data-item="${CSS.escape(this.opener?.closest('.card')?.dataset.item ?? '')}"] .title`);
    (this.opener?.isConnected ? this.opener : again)?.focus();
  }

  load() {
    const { item } = this;
    const signal = this.latest.start();
    const section = (name, title) => {
      const body = el('div', { 'aria-live': 'polite' }, el('p', { class: 'muted' }, t('loading')));
      this[name] = body;
      return el('section', { class: name }, el('h3', {}, title), body);
    };
    this.paths = [];
    this.root.replaceChildren(
      el('header', {}, tile(titleOf(item)), el('h2', { id: 'item-title', tabindex: '-1' }, titleOf(item)),
        el('button', { type: 'button', class: 'quiet close', 'aria-label': t('close'), on: { click: () => this.root.close() } }, '✕')),
      el('p', { class: 'description' }),
      section('why', t('whyTitle')), section('facts', t('facts')), section('similar', t('similar')));
    this.fill(this.why, () => this.loadWhy(item, signal));
    this.fill(this.facts, () => this.loadFacts(item, signal));
    this.fill(this.similar, () => this.loadSimilar(item, signal));
  }

  /** Put into a section what `load` finds; what it fails with is said there, for the other sections may be fine. */
  async fill(body, load) {
    try {
      body.replaceChildren(...(await load()));
    } catch (error) {
      if (error.status === undefined && !aborted(error)) throw error;
      if (!aborted(error)) body.replaceChildren(el('p', { class: 'failed', role: 'alert' }, sentence(error)));
    }
  }

  async loadWhy(item, signal) {
    if (this.visit.person === null) return [el('p', { class: 'muted' }, t('whyGuest'))];
    const query = { user: this.visit.person, item: item.item, k: 3, language: language() };
    const { paths } = await this.api.get('explain', query, signal);
    if (!paths.length) return [el('p', { class: 'muted' }, t('whyNone'))];
    this.paths = paths;
    const list = el('ol', { class: 'paths', 'aria-label': t('pathList') }, paths.map((path) => el('li', {},
      el('p', { class: 'words' }, path.words), el('div', { class: 'drawn' }),
      el('p', { class: 'drop' }, path.score_drop > 0 ? t('drop', { n: number(path.score_drop, 3) }) : t('dropNone')))));
    requestAnimationFrame(() => this.draw());
    return [list];
  }

  /** Draw the paths as wide as the panel is. */
  draw() {
    this.root.querySelectorAll('.drawn').forEach((node, i) => {
      const width = Math.floor(node.clientWidth);
      if (!width || node.dataset.width === String(width)) return;
      node.dataset.width = width;
      node.replaceChildren(picture(this.paths[i], width));
    });
  }

  async loadFacts(item, signal) {
    const { description, facts } = await this.api.get(`items/${encodeURIComponent(item.item)}`, {}, signal);
    this.root.querySelector('.description').textContent = description ?? '';
    if (!facts.length) return [el('p', { class: 'muted' }, t('factsNone'))];
    return [el('ul', { class: 'chips' }, facts.map(([name, id, label]) => el('li', {},
      el('button', { type: 'button', on: { click: () => this.leave(label || id) } },
        el('span', { class: 'muted' }, relation(name)), ` ${label || id}`))))];
  }

  leave(text) {
    if (NARROW.matches) this.root.close();
    this.find(text);
  }

  async loadSimilar(item, signal) {
    const { items } = await this.api.get('similar', { item: item.item, k: 6 }, signal);
    if (!items.length) return [el('p', { class: 'muted' }, t('similarNone'))];
    return [el('ol', { class: 'list' }, items.map((one) => card(one, this.open)))];
  }
}
