/** The list of results with what was understood of the query. */

import { aborted, Latest } from './api.js';
import { card } from './card.js';
import { el } from './dom.js';
import { Facets } from './facets.js';
import { number, onLanguage, plural, t } from './i18n.js';

const PAGE = 20;
const MOST = 100;

export class Search {
  constructor(nodes, api, visit, notices, open) {
    Object.assign(this, { nodes, api, visit, notices, open });
    this.latest = new Latest();
    this.query = '';
    this.k = PAGE;
    this.answer = null;
    this.facets = new Facets(nodes, () => { this.k = PAGE; this.facets.render(); this.load(); });
    visit.addEventListener('person', () => this.answer && this.load());
    onLanguage(() => this.answer && (this.render(), this.facets.render()));
    nodes.more.addEventListener('click', () => { this.k += PAGE; this.load(); });
  }

  /** Search for a text; an empty one lists what the person may like, or anything. */
  run(query) {
    this.query = query;
    this.k = PAGE;
    this.facets.clear();
    return this.load();
  }

  async load() {
    const signal = this.latest.start();
    this.nodes.list.setAttribute('aria-busy', 'true');
    try {
      const [answer, ...groups] = await Promise.all([this.ask(this.k, null, signal), ...this.otherwise(signal)]);
      this.answer = { ...answer, facets: { ...answer.facets, ...Object.assign({}, ...groups) } };
      this.notices.clear();
      this.render();
      this.facets.render(this.answer.facets);
    } catch (error) {
      if (!aborted(error)) this.notices.show(error, () => this.load());
    } finally {
      if (!signal.aborted) this.nodes.list.removeAttribute('aria-busy');
    }
  }

  ask(k, except, signal) {
    const filter = this.facets.filters(except);
    return this.api.get('search', { q: this.query, user: this.visit.person, k, filter, facets: true }, signal);
  }

  /** What a group with a tick would count without its ticks: those are the values one could add. */
  otherwise(signal) {
    return [...this.facets.chosen.keys()].map(async (name) => {
      const { facets } = await this.ask(1, name, signal);
      return name in facets ? { [name]: facets[name] } : {};
    });
  }

  render() {
    if (this.answer === null) return;
    const { items } = this.answer;
    const { list, count, more, understood } = this.nodes;
    const said = this.counted();
    count.textContent = said;
    understood.replaceChildren(...this.understood());
    list.replaceChildren(...items.map((item) => card(item, this.open, { why: this.visit.person !== null })));
    if (!items.length) list.append(el('li', { class: 'empty' }, t('noneHint')));
    more.hidden = items.length < this.k || this.k >= MOST;
  }

  /** How many there are; of more than are shown nobody has counted them. */
  counted() {
    const n = this.answer.items.length;
    const query = { query: this.query };
    if (!n) return this.query ? t('none', query) : t('noneFiltered');
    if (n >= this.k) return t(this.query ? 'resultsFirst' : 'browsedFirst', { n: number(n), ...query });
    return this.query ? plural('resultsFor', n, query) : plural('browsed', n);
  }

  understood() {
    const { rewritten, corrected = [], links = [] } = this.answer.query;
    const nodes = [];
    if (corrected.length) {
      const pairs = corrected.map(([typed, meant]) => `${typed} → ${meant}`).join(', ');
      nodes.push(el('span', { class: 'corrected' }, `${t('corrected')} `, el('strong', {}, rewritten),
        el('small', {}, ` ${t('correctedFrom', { pairs })}`)));
    }
    if (links.length) {
      const known = links.map((link) => el('span', { class: 'link' }, link.label));
      nodes.push(el('span', { class: 'links' }, t('understood'), ' ', known));
    }
    return nodes;
  }
}
