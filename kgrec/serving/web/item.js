/** The panel of one item: what is known of it, why it is recommended, what is like it. */

import { aborted, Latest } from './api.js';
import { card, titleOf } from './card.js';
import { el, tile } from './dom.js';
import { language, number, onLanguage, plain, relation, t } from './i18n.js';
import { sentence } from './notice.js';
import { picture } from './picture.js';

/** Facts of one relation that are shown at first. */
const FACTS = 8;
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
    (this.opener?.isConnected ? this.opener : again ?? document.getElementById('main')).focus();
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
    // An address without a name tells nobody anything.
    const told = facts.map(([name, id, label]) => [relation(name), label || id]).filter(([, text]) => !/^https?:/.test(text));
    if (!told.length) return [el('p', { class: 'muted' }, t('factsNone'))];
    const groups = new Map();
    for (const [name, text] of told) groups.set(name, (groups.get(name) ?? new Set()).add(text));
    return [el('dl', { class: 'known' }, [...groups].map(([name, texts]) =>
      el('div', {}, el('dt', {}, name), el('dd', {}, this.factsOf([...texts])))))];
  }

  /** The first facts of a relation, the others behind a button. */
  factsOf(texts) {
    const chip = (text) => el('li', {}, el('button', { type: 'button', on: { click: () => this.leave(text) } }, plain(text)));
    const list = el('ul', { class: 'chips' }, texts.slice(0, FACTS).map(chip));
    const rest = texts.slice(FACTS);
    if (!rest.length) return list;
    const unfold = (event) => {
      const first = chip(rest[0]);
      event.target.closest('li').replaceWith(first, ...rest.slice(1).map(chip));
      first.querySelector('button').focus();
    };
    list.append(el('li', {}, el('button', { type: 'button', class: 'quiet', on: { click: unfold } }, t('moreFacts', { n: number(rest.length) }))));
    return list;
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
