/** Puts the page together: who is served, what is shown, the keys that work everywhere. */

import { Api } from './api.js';
import { askKey } from './ask.js';
import { Combobox } from './combobox.js';
import { byId } from './dom.js';
import { language, onLanguage, setLanguage, t, translate } from './i18n.js';
import { ItemPanel } from './item.js';
import { Notices } from './notice.js';
import { Operator } from './operate.js';
import { Rail } from './rail.js';
import { Search } from './search.js';
import { Visit } from './visit.js';

const api = new Api();
const notices = new Notices(byId('notices'), (then) => ask(then));
const visit = new Visit(api, notices);
const open = (item, record) => {
  panel.show(item);
  if (record) visit.record(item);
};
const find = (query) => { location.hash = query ? `q=${encodeURIComponent(query)}` : ''; };
const rail = new Rail({ title: byId('rail-title'), note: byId('rail-note'), list: byId('rail-items') }, api, visit, notices, open);
const search = new Search({
  list: byId('results'), count: byId('count'), more: byId('more'), understood: byId('understood'),
  groups: byId('facets'), chips: byId('chosen'),
}, api, visit, notices, open);
const panel = new ItemPanel(byId('item'), byId('columns'), api, visit, open, find);
const operator = new Operator(byId('operate-view'), byId('ask'), api, notices);
const box = new Combobox(
  { form: byId('search'), input: byId('query'), list: byId('suggestions'), status: byId('suggested') },
  async (q, signal) => (api.key ? (await api.get('suggest', { q, k: 8 }, signal)).suggestions : []),
  (query) => (location.hash === hashOf(query) ? route() : find(query)),
);

function hashOf(query) {
  return query ? `#q=${encodeURIComponent(query)}` : '';
}

function ask(then = () => route()) {
  askKey(byId('ask'), api, () => {
    // Without a key nothing that it opened stays on the page.
    if (!api.key) return location.reload();
    showTools();
    then();
    rail.load();
  });
}

/** A key that the service does not know stays where it can be typed again. */
async function enter(key) {
  const [field, refused] = [byId('welcome-key'), byId('welcome-refused')];
  if (!key) return field.focus();
  api.key = key;
  const error = await api.call('POST', 'recommend', { body: { history: [], k: 1 } }).then(() => null, (one) => one);
  refused.hidden = error?.status !== 401;
  if (error?.status === 401) {
    api.key = '';
    return field.select();
  }
  field.value = '';
  showTools();
  route();
  rail.load();
  byId('main').focus({ preventScroll: true });
}

function showTools() {
  byId('language').textContent = t('language');
  byId('language').setAttribute('aria-label', `${t('languageLabel')}: ${t('language')}`);
  byId('key').textContent = t(api.key ? 'keySet' : 'key');
}

/** The address says what is shown: a search or the operator's view; never who is served. */
function route() {
  const operating = location.hash === '#operate';
  const open = Boolean(api.key);
  byId('welcome').hidden = open;
  byId('shop-view').hidden = operating || !open;
  byId('operate-view').hidden = !operating || !open;
  const here = (link, is) => (is ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current'));
  here(byId('to-shop'), !operating);
  here(byId('to-operate'), operating);
  notices.clear();
  operator.run(operating && open);
  if (operating || !open) return;
  const query = new URLSearchParams(location.hash.slice(1)).get('q') ?? '';
  box.input.value = query;
  search.run(query);
}

function choosePerson(person) {
  byId('person-id').value = person;
  byId('person-leave').hidden = !person;
  visit.choose(person);
}

window.addEventListener('hashchange', route);
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest?.('input, textarea, select, dialog[open]:modal');
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  box.input.select();
  box.input.focus();
});
byId('skip').addEventListener('click', (event) => { event.preventDefault(); byId('main').focus(); });
byId('key').addEventListener('click', () => ask());
byId('language').addEventListener('click', () => setLanguage(language() === 'zh' ? 'en' : 'zh'));
byId('welcome-form').addEventListener('submit', (event) => { event.preventDefault(); enter(byId('welcome-key').value.trim()); });
byId('person').addEventListener('submit', (event) => { event.preventDefault(); choosePerson(byId('person-id').value.trim()); });
byId('person-leave').addEventListener('click', () => { choosePerson(''); byId('person-id').focus(); });
const wide = matchMedia('(min-width: 900px)');
const unfold = () => { byId('filters').open = wide.matches; };
wide.addEventListener('change', unfold);
onLanguage(showTools);
unfold();
translate();
showTools();
route();
if (api.key) rail.load();
