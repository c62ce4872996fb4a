/** A search box with suggestions, after the combobox pattern of the ARIA practices. */

import { aborted, Latest } from './api.js';
import { el } from './dom.js';
import { plural, t } from './i18n.js';

const WAIT = 120;

export class Combobox {
  /** `suggest(text, signal)` gives `[{text, kind}]`; `choose(text)` runs on Enter, on a click and on submit. */
  constructor({ form, input, list, status }, suggest, choose) {
    Object.assign(this, { form, input, list, status, suggest, choose });
    this.options = [];
    this.active = -1;
    this.latest = new Latest();
    input.addEventListener('input', (event) => event.isComposing || this.later());
    input.addEventListener('compositionend', () => this.later());
    input.addEventListener('keydown', (event) => this.press(event));
    input.addEventListener('blur', () => this.close());
    // A press on an option must not take the focus from the box, or the list closes under the pointer.
    list.addEventListener('pointerdown', (event) => event.preventDefault());
    list.addEventListener('click', (event) => this.click(event));
    form.addEventListener('submit', (event) => { event.preventDefault(); this.take(this.input.value); });
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), WAIT);
  }

  async load() {
    const signal = this.latest.start();
    const text = this.input.value.trim();
    if (!text) return this.close();
    try {
      const options = await this.suggest(text, signal);
      if (!signal.aborted && document.activeElement === this.input) this.show(options, text);
    } catch (error) {
      // A search box without suggestions still searches; the search itself reports what is wrong.
      if (!aborted(error)) this.close();
    }
  }

  show(options, typed) {
    this.options = options;
    this.active = -1;
    this.list.replaceChildren(...options.map((option, place) => el('li',
      { role: 'option', id: `suggestion-${place}`, 'aria-selected': 'false', data: { place } },
      el('span', { class: 'text' }, marked(option.text, typed)),
      el('span', { class: 'kind' }, t(`kind_${option.kind}`)))));
    this.open(options.length > 0);
    this.status.textContent = options.length ? plural('suggested', options.length) : '';
  }

  open(open) {
    this.list.hidden = !open;
    this.input.setAttribute('aria-expanded', String(open));
    if (!open) this.input.removeAttribute('aria-activedescendant');
  }

  close() {
    clearTimeout(this.timer);
    this.latest.start();
    this.active = -1;
    this.status.textContent = '';
    this.open(false);
  }

  press(event) {
    // While an input method composes, Enter and the arrows are its own.
    if (event.isComposing) return;
    const open = !this.list.hidden;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (open) this.move(event.key === 'ArrowDown' ? 1 : -1);
      else this.load();
    } else if (event.key === 'Enter' && open && this.active >= 0) {
      event.preventDefault();
      this.take(this.options[this.active].text);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      if (open) this.close();
      else this.input.value = '';
    }
  }

  /** -1 is the box itself: past either end the arrows come back to what was typed. */
  move(step) {
    const places = this.options.length + 1;
    this.active = ((this.active + 1 + step + places) % places) - 1;
    [...this.list.children].forEach((node, place) => node.setAttribute('aria-selected', String(place === this.active)));
    if (this.active < 0) return this.input.removeAttribute('aria-activedescendant');
    this.input.setAttribute('aria-activedescendant', `suggestion-${this.active}`);
    this.list.children[this.active].scrollIntoView({ block: 'nearest' });
  }

  click(event) {
    const option = event.target.closest('[role=option]');
    if (option) this.take(this.options[Number(option.dataset.place)].text);
  }

  take(text) {
    this.input.value = text;
    this.close();
    this.choose(text.trim());
  }
}

/** The text with what was typed in bold. */
function marked(text, typed) {
  const start = text.toLowerCase().indexOf(typed.toLowerCase());
  if (start < 0 || text.length !== text.toLowerCase().length) return [text];
  const end = start + typed.length;
  return [text.slice(0, start), el('b', {}, text.slice(start, end)), text.slice(end)];
}
