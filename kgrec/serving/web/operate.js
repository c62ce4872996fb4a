/** The operator's view: asks for the numbers every other second and hands them to its parts. */

import { aborted, Latest } from './api.js';
import { el } from './dom.js';
import { language, onLanguage, t } from './i18n.js';
import { Learning } from './learning.js';
import { EVERY, Numbers } from './numbers.js';
import { People } from './people.js';
import { parse, snapshot } from './prometheus.js';

const LATER = 5000;

export class Operator {
  constructor(root, dialog, api, notices) {
    Object.assign(this, { root, api, notices });
    this.latest = new Latest();
    this.running = false;
    this.failing = false;
    this.status = null;
    this.numbers = new Numbers();
    this.learning = new Learning(api, dialog, notices, () => this.poll());
    this.people = new People(api, dialog, notices);
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

  build() {
    this.time = el('p', { class: 'muted' });
    const { tiles, charts, routes } = this.numbers.build();
    this.root.replaceChildren(
      el('header', {}, el('h2', {}, t('opTitle')), this.time), tiles, charts,
      el('div', { class: 'halves' }, el('div', {}, this.learning.build(), this.people.build()), routes));
  }

  async poll() {
    clearTimeout(this.timer);
    if (!this.running || document.hidden) return;
    const signal = this.latest.start();
    try {
      const [text, status] = await Promise.all([this.api.get('metrics', {}, signal), this.api.get('status', {}, signal)]);
      if (this.failing) this.notices.clear();
      this.failing = false;
      this.status = status;
      this.numbers.take(snapshot(parse(text), performance.now()));
      this.render();
      this.timer = setTimeout(() => this.poll(), EVERY);
    } catch (error) {
      if (aborted(error)) return;
      this.failing = true;
      this.notices.show(error, () => this.poll());
      // A service that is being started anew comes back by itself; a key that may not look does not.
      if (error.status === 0 || error.status >= 500) this.timer = setTimeout(() => this.poll(), LATER);
    }
  }

  render() {
    if (this.status === null) return;
    this.numbers.render(this.status);
    this.learning.render(this.status);
    this.time.textContent = t('updated', { time: new Date().toLocaleTimeString(language()) });
  }
}
