/** Checkboxes that narrow a search: of several values of one attribute any will do, attributes all have to fit. */

import { el } from './dom.js';
import { number, plain, relation, t } from './i18n.js';

const OPEN_GROUPS = 5;

export class Facets {
  /** `changed()` runs when a box was ticked or a filter taken away. */
  constructor({ groups, chips }, changed) {
    Object.assign(this, { groups, chips, changed });
    this.chosen = new Map();
    this.shown = {};
    this.closed = new Set();
  }

  clear() {
    this.chosen = new Map();
  }

  /** `name:value` of each filter, without those of the group `except`. A name may be an address: its colon is encoded. */
  filters(except = null) {
    const names = [...this.chosen.keys()].filter((name) => name !== except);
    return names.flatMap((name) => [...this.chosen.get(name).keys()].map((value) => `${encodeURIComponent(name)}:${value}`));
  }

  toggle(name, { value, label }) {
    const group = this.chosen.get(name) ?? new Map();
    if (!group.delete(value)) group.set(value, label);
    if (group.size) this.chosen.set(name, group);
    else this.chosen.delete(name);
    this.changed();
  }

  /** Draw the counts of an answer, keeping the keyboard's place. */
  render(facets = this.shown) {
    this.shown = facets;
    const place = document.activeElement?.dataset.facet;
    const names = [...new Set([...Object.keys(facets), ...this.chosen.keys()])];
    const nodes = names.map((name, n) => this.group(name, this.values(name), n));
    this.groups.replaceChildren(...(nodes.length ? nodes : [el('p', { class: 'muted' }, t('noFilters'))]));
    this.renderChips();
    if (place) [...this.groups.querySelectorAll('input')].find((box) => box.dataset.facet === place)?.focus();
  }

  /** The values of a group; a chosen one that no hit has any more stays, so that it can be taken away. */
  values(name) {
    const counted = this.shown[name] ?? [];
    const missing = [...(this.chosen.get(name) ?? [])].filter(([value]) => !counted.some((one) => one.value === value));
    return [...counted, ...missing.map(([value, label]) => ({ value, label, count: 0 }))];
  }

  group(name, values, n) {
    const open = !this.closed.has(name) && (n < OPEN_GROUPS || this.chosen.has(name));
    const boxes = values.map((one) => {
      const checked = this.chosen.get(name)?.has(one.value) ?? false;
      const box = el('input', { type: 'checkbox', data: { facet: `${name}:${one.value}` }, on: { change: () => this.toggle(name, one) } });
      box.checked = checked;
      return el('label', {}, box, el('span', { class: 'text' }, plain(one.label)), el('span', { class: 'n' }, number(one.count)));
    });
    const toggled = (event) => (event.target.open ? this.closed.delete(name) : this.closed.add(name));
    return el('details', { class: 'group', open, on: { toggle: toggled } },
      el('summary', {}, relation(name)),
      el('div', { role: 'group', 'aria-label': relation(name) }, boxes));
  }

  renderChips() {
    const chips = [...this.chosen].flatMap(([name, values]) => [...values].map(([value, label]) => {
      const take = () => this.toggle(name, { value, label });
      const named = { 'aria-label': t('removeFilter', { name: plain(label) }), on: { click: take } };
      return el('li', {}, el('button', { type: 'button', ...named }, `${relation(name)}: ${plain(label)} ✕`));
    }));
    const all = () => { this.clear(); this.changed(); };
    if (chips.length > 1) chips.push(el('li', {}, el('button', { type: 'button', class: 'quiet', on: { click: all } }, t('clearFilters'))));
    this.chips.replaceChildren(...chips);
  }
}
