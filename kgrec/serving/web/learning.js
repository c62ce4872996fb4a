/** The model's generations: what it has learned, what the gate said, a refresh and the way back. */

import { confirm } from './ask.js';
import { el } from './dom.js';
import { language, number, t } from './i18n.js';

/** Shown as bars, not as words. */
const BARS = ['gate_live_recall', 'gate_new_recall'];
/** Shown elsewhere: in the tiles, over the bars. */
const TOLD = ['generation', 'events', 'gate_people', ...BARS];

export class Learning {
  /** `changed()` runs when a refresh or a rollback has ended. */
  constructor(api, dialog, notices, changed) {
    Object.assign(this, { api, dialog, notices, changed });
    this.busy = false;
    this.status = {};
    this.say = () => [];
  }

  build() {
    const button = (key, click, look) => el('button', { type: 'button', class: look, data: { act: key }, on: { click } }, t(key));
    this.refresh = button('refresh', () => this.act('refresh', 'refreshing', (report) => outcome(report)));
    this.rollback = button('rollback', () => this.goBack(), 'danger');
    this.said = el('p', { class: 'note', role: 'status' });
    this.gate = el('div', { class: 'gate' });
    this.state = el('dl', { class: 'state' });
    this.tell(this.say);
    this.lock();
    return el('section', { class: 'learning' }, el('h3', {}, t('learningState')),
      el('div', { class: 'buttons' }, this.refresh, this.rollback), this.said, this.gate, this.state);
  }

  render(status) {
    this.status = status;
    this.lock();
    this.gate.replaceChildren(...this.bars());
    const rows = Object.entries(status).filter(([name]) => !TOLD.includes(name));
    this.state.replaceChildren(...rows.map(([name, value]) =>
      el('div', { data: { state: name } }, el('dt', {}, stateName(name)), el('dd', {}, readable(name, value)))));
  }

  /** The recall of the model that answered and of the refreshed one, on the latest events. */
  bars() {
    const values = BARS.map((name) => this.status[name]);
    if (values.some((value) => typeof value !== 'number')) return [];
    const most = Math.max(...values, 1e-9);
    const rows = BARS.map((name, i) => {
      const bar = el('span', { class: `bar-of ${name}` });
      bar.style.setProperty('--share', `${(100 * values[i]) / most}%`);
      return el('div', {}, el('span', { class: 'name' }, stateName(name)), el('span', { class: 'track' }, bar), el('b', {}, number(values[i], 4)));
    });
    return [el('h4', {}, t('gateTitle', { n: number(this.status.gate_people ?? 0) })), ...rows];
  }

  goBack() {
    confirm(this.dialog, t('confirmRollback'), () =>
      this.act('rollback', 'rollingBack', ({ generation }) => t('rolledBack', { n: number(generation) })));
  }

  async act(path, during, outcomeOf) {
    if (this.busy) return;
    this.busy = true;
    this.lock();
    this.tell(() => t(during));
    try {
      const answer = await this.api.call('POST', path);
      this.tell(() => outcomeOf(answer));
    } catch (error) {
      this.tell(() => '');
      this.notices.show(error);
    }
    this.busy = false;
    this.lock();
    this.changed();
  }

  /** Keeps how to say it, for the language may change. */
  tell(say) {
    this.say = say;
    this.said.textContent = say();
  }

  lock() {
    this.refresh.disabled = this.busy || this.status.refreshing === true;
    this.rollback.disabled = this.busy || this.status.can_roll_back === false;
  }
}

function outcome(report) {
  const generation = { n: number(report.generation ?? 0) };
  return report.accepted ? t('refreshAccepted', generation) : `${t('refreshRefused', generation)} (${report.reason})`;
}

function stateName(name) {
  const key = `state_${name}`;
  const said = t(key);
  return said === key ? name.replaceAll('_', ' ') : said;
}

/** Times of the service (seconds since 1970) as a date; numbers as the language writes them. */
function readable(name, value) {
  if (typeof value === 'boolean') return t(value ? 'true' : 'false');
  if (value === 'never') return t('never');
  if (typeof value !== 'number') return String(value);
  if (value > 1e9 && /time|refresh|_at$/.test(name)) return new Date(value * 1000).toLocaleString(language());
  return number(value, 4);
}
