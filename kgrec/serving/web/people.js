/** What is held about a person: shown, saved as a file, erased. */

import { confirm } from './ask.js';
import { el } from './dom.js';
import { plural, t } from './i18n.js';

export class People {
  constructor(api, dialog, notices) {
    Object.assign(this, { api, dialog, notices });
    // One box for good, so that a change of language keeps what was typed.
    this.person = el('input', { type: 'text', id: 'operate-person', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off', maxlength: '200' });
  }

  build() {
    this.told = el('div', { role: 'status' });
    const submit = (event) => { event.preventDefault(); this.export(); };
    const form = el('form', { class: 'person', autocomplete: 'off', on: { submit } },
      el('label', { for: 'operate-person' }, t('personId')), this.person,
      el('button', { type: 'submit' }, t('export')),
      el('button', { type: 'button', class: 'danger', data: { act: 'erase' }, on: { click: () => this.erase() } }, t('erase')));
    return el('section', {}, el('h3', {}, t('people')), form, this.told);
  }

  async ask(method, said) {
    const person = this.person.value.trim();
    if (!person) return this.person.focus();
    try {
      this.told.replaceChildren(...said(await this.api.call(method, `users/${encodeURIComponent(person)}`), person));
    } catch (error) {
      this.told.replaceChildren();
      this.notices.show(error);
    }
  }

  export() {
    return this.ask('GET', (data, person) => {
      const text = JSON.stringify(data, null, 2);
      return [el('h4', {}, t('exported', { person })), el('pre', { tabindex: '0' }, text),
        el('button', { type: 'button', on: { click: () => save(text) } }, t('download'))];
    });
  }

  erase() {
    const person = this.person.value.trim();
    if (!person) return this.person.focus();
    return confirm(this.dialog, t('confirmErase', { person }), () =>
      this.ask('DELETE', ({ erased }) => [el('p', { class: 'note' }, plural('erased', erased))]));
  }
}

/** The file has a name of its own, for a person's id has no business in a list of downloads. */
function save(text) {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  el('a', { href: url, download: 'person.json' }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
