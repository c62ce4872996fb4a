/** The row of recommendations. It is loaded anew after each recorded click and shows what changed. */

import { aborted, Latest } from './api.js';
import { card, titleOf } from './card.js';
import { onLanguage, number, t } from './i18n.js';

const K = 12;

export class Rail {
  constructor({ title, note, list }, api, visit, notices, open) {
    Object.assign(this, { title, note, list, api, visit, notices, open });
    this.latest = new Latest();
    this.items = [];
    this.fresh = new Set();
    this.say = () => this.guestNote();
    visit.addEventListener('person', () => this.load());
    visit.addEventListener('learning', () => this.tell(() => t('learning')));
    visit.addEventListener('unlearned', () => this.tell(() => this.guestNote()));
    visit.addEventListener('learned', (event) => this.learn(event.detail));
    onLanguage(() => this.render());
  }

  guestNote() {
    // A failure has its own notice.
    if (this.failed) return '';
    if (this.items.length === 0 && !this.busy) return t('railEmpty');
    return t(this.visit.person === null ? 'railGuest' : 'railPerson');
  }

  tell(say) {
    this.say = say;
    this.note.textContent = say();
  }

  async load() {
    this.fresh = new Set();
    this.note.classList.remove('learned');
    this.say = () => this.guestNote();
    if (await this.fetch(() => this.load())) this.render();
  }

  async learn(item) {
    const before = this.items.map((one) => one.item);
    if (!(await this.fetch(() => this.learn(item)))) return;
    const now = this.items.map((one) => one.item);
    this.fresh = new Set(now.filter((id) => !before.includes(id)));
    const key = this.fresh.size ? 'learnedOne' : now.join('\n') === before.join('\n') ? 'learnedNone' : 'learnedOrder';
    this.say = () => t(key, { title: titleOf(item), n: number(this.fresh.size) });
    this.note.classList.add('learned');
    this.render(true);
  }

  /** Whether a new list arrived. */
  async fetch(retry) {
    const { person, history } = this.visit;
    const signal = this.latest.start();
    this.busy = true;
    this.list.setAttribute('aria-busy', 'true');
    try {
      const answer = person === null
        ? await this.api.call('POST', 'recommend', { body: { history, k: K }, signal })
        : await this.api.get('recommend', { user: person, k: K }, signal);
      this.items = answer.items;
      this.ready(false);
      return true;
    } catch (error) {
      if (aborted(error)) return false;
      this.ready(true);
      this.name();
      this.tell(() => this.guestNote());
      this.notices.show(error, retry);
      return false;
    }
  }

  ready(failed) {
    this.busy = false;
    this.failed = failed;
    this.list.removeAttribute('aria-busy');
  }

  name() {
    const { person, history } = this.visit;
    this.title.textContent = person !== null ? t('forYou') : t(history.length ? 'forVisit' : 'popular');
  }

  render(animate = false) {
    const { person } = this.visit;
    const places = new Map([...this.list.children].map((node) => [node.dataset.item, node.getBoundingClientRect()]));
    this.name();
    this.note.textContent = this.say();
    this.list.replaceChildren(...this.items.map((item) =>
      card(item, this.open, { note: this.fresh.has(item.item) && t('fresh'), why: person !== null })));
    if (animate) this.list.scrollLeft = 0;
    if (animate && !matchMedia('(prefers-reduced-motion: reduce)').matches) this.glide(places);
  }

  /** Cards glide from where they were; new ones fade in. */
  glide(places) {
    for (const node of this.list.children) {
      const from = places.get(node.dataset.item);
      const to = node.getBoundingClientRect();
      const start = from ? { transform: `translateX(${from.left - to.left}px)` } : { opacity: 0, transform: 'translateY(12px)' };
      node.animate([start, {}], { duration: 380, easing: 'cubic-bezier(.2,.7,.2,1)' });
    }
  }
}
