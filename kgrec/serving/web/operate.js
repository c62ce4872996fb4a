/** The operator's view: live numbers, the model's generations, a person's data. */

import { aborted, Latest } from './api.js';
import { confirm } from './ask.js';
import { chart } from './chart.js';
import { el } from './dom.js';
import { language, number, onLanguage, plural, t } from './i18n.js';
import { difference, parse, quantile, snapshot, total } from './prometheus.js';

const EVERY = 2000;
const WINDOW = 60_000;
/** What this page asks for itself to draw the numbers is no traffic. */
const OWN = ['/metrics', '/status'];

export class Operator {
  constructor(root, dialog, api, notices) {
    Object.assign(this, { root, dialog, api, notices });
    this.latest = new Latest();
    this.snapshots = [];
    this.points = [];
    this.status = {};
    this.running = false;
    this.busy = false;
    document.addEventListener('visibilitychange', () => this.running && this.poll());
    onLanguage(() => { this.build(); this.render(); });
    this.build();
  }

  run(running) {
    this.running = running;
    clearTimeout(this.timer);
    if (running) this.poll();
    else this.latest.start();
  }

  async poll() {
    clearTimeout(this.timer);
    if (!this.running || document.hidden) return;
    const signal = this.latest.start();
    try {
      const [text, status] = await Promise.all([this.api.get('metrics', {}, signal), this.api.get('status', {}, signal)]);
      this.status = status;
      this.take(snapshot(parse(text), performance.now()));
      this.render();
      this.timer = setTimeout(() => this.poll(), EVERY);
    } catch (error) {
      if (!aborted(error)) this.notices.show(error, () => this.poll());
    }
  }

  take(now) {
    for (const route of OWN) now.routes.delete(route);
    const last = this.snapshots.at(-1);
    // Counts that went down are those of a service that was started anew.
    if (last && total(now.routes).count < total(last.routes).count) this.snapshots = [];
    else if (last) {
      const one = total(difference(now, last));
      const p95 = quantile(one.buckets, 0.95);
      this.points.push({ rate: (one.count * 1000) / (now.time - last.time), p95: p95 === null ? null : p95 * 1000 });
    }
    this.points = this.points.slice(-150);
    this.snapshots = [...this.snapshots.filter(({ time }) => now.time - time <= WINDOW), now];
  }

  build() {
    const action = (key, click, look = '') => el('button', { type: 'button', class: look, on: { click } }, t(key));
    this.tiles = el('dl', { class: 'tiles' });
    this.charts = el('div', { class: 'charts' });
    this.routes = el('tbody');
    this.state = el('dl', { class: 'state' });
    this.said = el('p', { class: 'note', role: 'status' });
    this.told = el('div', { role: 'status' });
    this.time = el('p', { class: 'muted' });
    const person = this.person ?? el('input', { type: 'text', id: 'operate-person', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off' });
    this.person = person;
    const head = ['route', 'requests', 'p50', 'p95', 'errors'].map((key) => el('th', { scope: 'col' }, t(key)));
    this.refresh = action('refresh', () => this.act('refresh', 'refreshing', (report) => this.refreshed(report)));
    this.rollback = action('rollback', () => confirm(this.dialog, t('confirmRollback'), () =>
      this.act('rollback', 'rollingBack', ({ generation }) => [t('rolledBack', { n: generation })])), 'danger');
    const form = el('form', { class: 'person', autocomplete: 'off', on: { submit: (event) => { event.preventDefault(); this.export(); } } },
      el('label', { for: 'operate-person' }, t('personId')), person,
      el('button', { type: 'submit' }, t('export')), action('erase', () => this.erase(), 'danger'));
    this.root.replaceChildren(
      el('header', {}, el('h2', {}, t('opTitle')), this.time), this.tiles, this.charts,
      el('div', { class: 'halves' },
        el('section', {}, el('h3', {}, t('routes')), el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, el('tr', {}, head)), this.routes))),
        el('div', {},
          el('section', {}, el('h3', {}, t('model')), el('div', { class: 'buttons' }, this.refresh, this.rollback), this.said, this.state),
          el('section', {}, el('h3', {}, t('people')), form, this.told))));
  }

  render() {
    if (!this.snapshots.length) return;
    const [now, first] = [this.snapshots.at(-1), this.snapshots[0]];
    const windowed = now === first ? new Map() : difference(now, first);
    const moving = total(windowed).count > 0;
    const shown = moving ? windowed : difference(now, null);
    const all = total(shown);
    const rate = now === first ? null : (total(windowed).count * 1000) / (now.time - first.time);
    const since = t(moving ? 'window' : 'sinceStart');
    const value = (key) => (key in this.status ? String(this.status[key]) : t('noData'));
    const counted = (key) => (typeof this.status[key] === 'number' ? number(this.status[key]) : value(key));
    const tiles = [
      ['rate', rate === null ? t('noData') : number(rate, 2), t('window')],
      ['p50', ms(quantile(all.buckets, 0.5)), since], ['p95', ms(quantile(all.buckets, 0.95)), since],
      ['errors', all.count ? `${number((100 * all.errors) / all.count, 1)} %` : t('noData'), since],
      ['events', counted('events'), ''], ['generation', counted('generation'), ''],
    ];
    this.tiles.replaceChildren(...tiles.map(([key, text, note]) => el('div', { data: { tile: key } },
      el('dt', {}, t(key)), el('dd', {}, text), el('dd', { class: 'muted' }, note))));
    this.charts.replaceChildren(...[['chartRate', 'rate'], ['chartP95', 'p95']].map(([key, name]) => el('figure', {},
      el('figcaption', {}, t(key)), chart(this.points.map((point) => point[name]), t(key)))));
    const rows = [...difference(now, null)].filter(([, one]) => one.count > 0).sort(([, a], [, b]) => b.count - a.count);
    this.routes.replaceChildren(...rows.map(([route, one]) => el('tr', {}, el('th', { scope: 'row' }, route),
      [number(one.count), ms(quantile(one.buckets, 0.5)), ms(quantile(one.buckets, 0.95)), number(one.errors)].map((text) => el('td', {}, text)))));
    this.state.replaceChildren(...Object.entries(this.status).map(([name, text]) =>
      el('div', {}, el('dt', {}, name.replaceAll('_', ' ')), el('dd', {}, readable(name, text)))));
    this.time.textContent = t('updated', { time: new Date().toLocaleTimeString(language()) });
  }

  /** A refresh answers with a report, whose values are shown as they are. */
  refreshed(report) {
    const values = Object.entries(report).filter(([, value]) => value !== null && typeof value !== 'object');
    return [t('refreshed'), ' ', values.map(([name, value]) => `${name.replaceAll('_', ' ')}: ${readable(name, value)}`).join(' · ')];
  }

  async act(path, during, said) {
    if (this.busy) return;
    this.lock(true);
    this.said.textContent = t(during);
    try {
      this.said.replaceChildren(...said(await this.api.call('POST', path)));
    } catch (error) {
      this.said.textContent = '';
      this.notices.show(error);
    }
    this.lock(false);
    this.poll();
  }

  lock(busy) {
    this.busy = busy;
    this.refresh.disabled = busy;
    this.rollback.disabled = busy;
  }

  async people(method, said) {
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
    return this.people('GET', (data, person) => {
      const text = JSON.stringify(data, null, 2);
      // The file has a name of its own, for a person's id has no business in a list of downloads.
      const save = () => {
        const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
        el('a', { href: url, download: 'person.json' }).click();
        setTimeout(() => URL.revokeObjectURL(url), 1000);
      };
      return [el('h4', {}, t('exported', { person })), el('pre', { tabindex: '0' }, text),
        el('button', { type: 'button', on: { click: save } }, t('download'))];
    });
  }

  erase() {
    const person = this.person.value.trim();
    if (!person) return this.person.focus();
    return confirm(this.dialog, t('confirmErase', { person }), () =>
      this.people('DELETE', ({ erased }) => [el('p', { class: 'note' }, plural('erased', erased))]));
  }
}

const ms = (seconds) => (seconds === null ? t('noData') : `${number(seconds * 1000, seconds < 0.01 ? 1 : 0)} ms`);

/** Times of the service (seconds since 1970) as a date; numbers as the language writes them. */
function readable(name, value) {
  if (typeof value === 'boolean') return t(value ? 'true' : 'false');
  if (typeof value !== 'number') return String(value);
  if (value > 1e9 && /time|refresh|_at$/.test(name)) return new Date(value * 1000).toLocaleString(language());
  return number(value, 4);
}
