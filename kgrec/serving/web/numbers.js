/** Traffic in numbers: tiles, lines over time, a table of routes. */

import { chart } from './chart.js';
import { el } from './dom.js';
import { number, t } from './i18n.js';
import { difference, quantile, total } from './prometheus.js';

/** Milliseconds between two looks. */
export const EVERY = 2000;
const WINDOW = 60_000;
const MOST = 150;
/** What this page asks for itself, and what takes as long as a training, is no traffic. */
const OWN = ['/metrics', '/status', '/static', '/', '/refresh', '/rollback'];

export class Numbers {
  constructor() {
    this.snapshots = [];
    this.points = [];
  }

  build() {
    this.tiles = el('dl', { class: 'tiles' });
    this.plots = ['chartRate', 'chartP95'].map(() => el('div', { class: 'plot' }));
    this.charts = el('div', { class: 'charts' }, ['chartRate', 'chartP95'].map((key, i) =>
      el('figure', {}, el('figcaption', {}, t(key)), this.plots[i])));
    this.rows = el('tbody');
    const head = ['route', 'requests', 'p50', 'p95', 'errors'].map((key) => el('th', { scope: 'col' }, t(key)));
    const table = el('table', {}, el('thead', {}, el('tr', {}, head)), this.rows);
    const routes = el('section', {}, el('h3', {}, t('routes')), el('div', { class: 'scroll', tabindex: '0', 'aria-label': t('routes'), role: 'region' }, table));
    return { tiles: this.tiles, charts: this.charts, routes };
  }

  /** Keep a snapshot of the service's counts. */
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
    this.points = this.points.slice(-MOST);
    this.snapshots = [...this.snapshots.filter(({ time }) => now.time - time <= WINDOW), now];
  }

  render(status) {
    if (!this.snapshots.length) return;
    this.renderTiles(status);
    [['chartRate', 'rate'], ['chartP95', 'p95']].forEach(([key, name], i) => {
      const width = Math.max(240, this.plots[i].clientWidth);
      const values = this.points.map((point) => point[name]);
      this.plots[i].replaceChildren(chart(values, t(key), { width, seconds: EVERY / 1000, most: MOST }));
    });
    const rows = [...difference(this.snapshots.at(-1), null)].filter(([, one]) => one.count > 0).sort(([, a], [, b]) => b.count - a.count);
    this.rows.replaceChildren(...rows.map(([route, one]) => el('tr', {}, el('th', { scope: 'row' }, route === 'other' ? t('otherRoute') : route),
      [number(one.count), ms(quantile(one.buckets, 0.5)), ms(quantile(one.buckets, 0.95)), number(one.errors)].map((text) => el('td', {}, text)))));
  }

  renderTiles(status) {
    const [now, first] = [this.snapshots.at(-1), this.snapshots[0]];
    const windowed = now === first ? new Map() : difference(now, first);
    const moving = total(windowed).count > 0;
    const all = total(moving ? windowed : difference(now, null));
    const rate = now === first ? null : (total(windowed).count * 1000) / (now.time - first.time);
    const since = t(moving ? 'window' : 'sinceStart');
    const counted = (key) => (typeof status[key] === 'number' ? number(status[key]) : t('noData'));
    const fresh = typeof status.events_since_training === 'number' && t('sinceTraining', { n: number(status.events_since_training) });
    const tiles = [
      ['rate', rate === null ? t('noData') : number(rate, 2), t('window')],
      ['p50', ms(quantile(all.buckets, 0.5)), since], ['p95', ms(quantile(all.buckets, 0.95)), since],
      ['errors', all.count ? `${number((100 * all.errors) / all.count, 1)} %` : t('noData'), since],
      ['events', counted('events'), fresh || ''], ['generation', counted('generation'), status.model ?? ''],
    ];
    this.tiles.replaceChildren(...tiles.map(([key, text, note]) => el('div', { data: { tile: key } },
      el('dt', {}, t(key)), el('dd', {}, text), el('dd', { class: 'muted' }, note))));
  }
}

const ms = (seconds) => (seconds === null ? t('noData') : `${number(seconds * 1000, seconds < 0.01 ? 1 : 0)} ms`);
