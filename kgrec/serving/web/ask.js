/** Two questions in one dialog: the access key, and whether to go on. */

import { el } from './dom.js';
import { t } from './i18n.js';

function open(dialog, title, content, buttons, submit) {
  const form = el('form', { method: 'dialog', on: { submit: (event) => { event.preventDefault(); submit(); dialog.close(); } } },
    el('h2', { id: 'ask-title' }, title), content, el('div', { class: 'buttons' }, buttons));
  dialog.replaceChildren(form);
  dialog.showModal();
}

const cancel = (dialog) => el('button', { type: 'button', class: 'quiet', on: { click: () => dialog.close() } }, t('cancel'));

/** Ask for the key and keep it in `api`; `then` runs after it has changed, also when it was forgotten. */
export function askKey(dialog, api, then) {
  const input = el('input', { type: 'password', id: 'key-field', autocomplete: 'off', spellcheck: 'false', value: api.key });
  const keep = (key) => { api.key = key.trim(); then(); };
  const forget = el('button', { type: 'button', class: 'quiet', on: { click: () => { keep(''); dialog.close(); } } }, t('keyForget'));
  const content = [el('p', {}, t('keyText')), el('label', { for: 'key-field' }, t('keyLabel')), input];
  const buttons = [api.key && forget, cancel(dialog), el('button', { type: 'submit' }, t('save'))];
  open(dialog, t('keyTitle'), content, buttons, () => keep(input.value));
  input.focus();
}

/** Ask `question`; `then` runs after a yes. */
export function confirm(dialog, question, then) {
  const yes = el('button', { type: 'submit', class: 'danger' }, t('yes'));
  open(dialog, t('confirmTitle'), el('p', {}, question), [cancel(dialog), yes], then);
}
