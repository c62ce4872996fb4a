/** Says what failed and offers the way out: try again, or enter a key. */

import { el } from './dom.js';
import { number, onLanguage, t } from './i18n.js';

/** The sentence for an error of the service. */
export function sentence(error) {
  const values = { status: error.status, detail: error.message };
  if (error.status === 0) return t(navigator.onLine ? 'e0' : 'offline');
  if ([401, 403, 404, 422, 429, 503].includes(error.status)) return t(`e${error.status}`, values);
  return t('eOther', values);
}

export class Notices {
  /** `askKey`: opens the dialog for the key. */
  constructor(root, askKey) {
    this.root = root;
    this.askKey = askKey;
    this.shown = null;
    window.addEventListener('offline', () => this.show({ status: 0, message: '' }));
    window.addEventListener('online', () => this.shown?.error.status === 0 && this.retry());
    onLanguage(() => this.shown && this.render());
  }

  /**
   * Show an error. `retry` is what failed; it runs by itself after the wait that the service asks for. Several requests
   * that fail alike (no key, no network) are one notice whose retry repeats them all.
   */
  show(error, retry = null, prefix = null) {
    if (error.status === undefined) throw error;
    clearTimeout(this.timer);
    const alike = this.shown?.error.status === error.status ? this.shown.retries : [];
    const retries = retry ? [...alike, retry] : alike;
    this.shown = { error, retries, prefix };
    if (error.retryAfter && retries.length) this.timer = setTimeout(() => this.retry(), error.retryAfter * 1000);
    this.render();
  }

  clear() {
    clearTimeout(this.timer);
    this.shown = null;
    this.root.replaceChildren();
  }

  retry() {
    const { retries } = this.shown ?? { retries: [] };
    this.clear();
    for (const retry of retries) retry();
  }

  render() {
    const { error, retries, prefix } = this.shown;
    const said = [prefix && t(prefix), sentence(error)];
    if (error.retryAfter && retries.length) said.push(t('again', { n: number(error.retryAfter) }));
    const button = (key, click, look = '') => el('button', { type: 'button', class: look, on: { click } }, t(key));
    const locked = error.status === 401 || error.status === 403;
    this.root.replaceChildren(
      el('div', { class: 'notice', role: 'alert', data: { status: error.status } },
        el('p', {}, said.filter(Boolean).join(' ')),
        locked && button('enterKey', () => this.askKey(() => this.retry())),
        !locked && retries.length > 0 && button('retry', () => this.retry()),
        button('dismiss', () => this.clear(), 'quiet')),
    );
  }
}
