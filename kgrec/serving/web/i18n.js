/** Every sentence of the page, in English and Chinese, and the language in force. */

const WORDS = {
  en: {
    skip: 'Skip to the content', shop: 'Shop', operate: 'Operate', sections: 'Sections', language: '中文',
    languageLabel: 'Switch to Chinese', key: 'Key', keySet: 'Key ✓',
    searchLabel: 'Search products', searchHint: 'Search: running shoes, 运动鞋 …', search: 'Search',
    suggestions: 'Suggestions', kind_title: 'item', kind_entity: 'in the graph', kind_query: 'search',
    suggested_one: '{n} suggestion', suggested_other: '{n} suggestions',
    forYou: 'For you', popular: 'Popular now', forVisit: 'From what you opened', person: 'Person',
    personHint: 'id, e.g. 196', choose: 'Show', change: 'Change', forget: 'Leave', chosen: 'for {person}',
    railGuest: 'Enter a person to see recommendations made for them.',
    railPerson: 'Open an item: the list learns from it at once.',
    learnedOne: 'Learned from your click on “{title}”: {n} new here.',
    learnedNone: 'Learned from your click on “{title}”: the list stays as it is.',
    learnedOrder: 'Learned from your click on “{title}”: a new order.',
    learning: 'Learning from your click …', fresh: 'new', railEmpty: 'Nothing to recommend yet.',
    results: 'Results', resultsFor_one: '{n} result for “{query}”',
    resultsFor_other: '{n} results for “{query}”', browsed_one: '{n} item', browsed_other: '{n} items',
    resultsFirst: 'First {n} results for “{query}”', browsedFirst: 'First {n} items', noneFiltered: 'Nothing fits.',
    moreFacts: '{n} more', none: 'Nothing found for “{query}”.', noneHint: 'Try fewer words, other words, or take filters away.',
    corrected: 'Showing results for', correctedFrom: 'Typed: {pairs}', understood: 'Understood:',
    more: 'Show more', loading: 'Loading …', filters: 'Filters', clearFilters: 'Clear all',
    removeFilter: 'Remove the filter {name}', noFilters: 'Nothing to filter by.', why: 'Why?',
    whyOf: 'Why {title}?', item: 'Item', close: 'Close', facts: 'Known about it',
    whyTitle: 'Why this item', whyGuest: 'Enter a person above to see the paths that lead from them to this item.',
    whyNone: 'No path in the graph leads from this person to this item.',
    drop: 'Without this path the score falls by {n}.', dropNone: 'Without this path the score would not fall.',
    similar: 'Similar items', similarNone: 'No similar items.', factsNone: 'Nothing is known about it.',
    node_user: 'person', node_past: 'had', node_item: 'item', node_entity: 'shared', node_target: 'this item',
    pathList: 'Paths from the person to this item',
    welcome: 'Find it, see why, teach it',
    welcomeText: 'Search a graph of items and facts, get recommendations that learn from each click, and see the path behind each one.',
    enter: 'Enter', keyTitle: 'Access key', keyText: 'The key stays in this tab and is forgotten when you close it.',
    keyLabel: 'Key', save: 'Save', cancel: 'Cancel', keyForget: 'Forget the key',
    e0: 'The service cannot be reached. Check the connection.', e401: 'The service does not know this key.',
    e403: 'This key may not do that.', e404: 'There is no such thing here: {detail}',
    e422: 'The service refused this: {detail}', e429: 'Too many requests.',
    e503: 'The service is busy or not ready.', eOther: 'The service failed ({status}): {detail}',
    offline: 'You are offline.', again: 'Trying again in {n} s.', retry: 'Try again', enterKey: 'Enter a key',
    dismiss: 'Dismiss', notRecorded: 'The click was not recorded.',
    opTitle: 'Operating the service', learningState: 'What it has learned', rate: 'Requests / s', p50: 'p50', p95: 'p95', errors: 'Errors',
    events: 'Events', generation: 'Generation', window: 'last minute', sinceStart: 'since start',
    sinceTraining: '{n} since training', ago: '−{n} min', now: 'now', never: 'never', otherRoute: 'refused or unknown',
    gateTitle: 'Quality gate: recall on the latest events of {n} people',
    refreshAccepted: 'Generation {n} has taken over.', refreshRefused: 'Generation {n} goes on.',
    state_model: 'Model', state_data: 'Data', state_users: 'People', state_items: 'Items', state_new_items: 'New items',
    state_events_since_training: 'Events since training', state_people_at_hand: 'People folded in',
    state_can_roll_back: 'Can roll back', state_refreshing: 'Refreshing', state_search_ready: 'Search ready',
    state_last_refresh: 'Last refresh', state_gate: 'Gate', state_gate_people: 'People at the gate',
    state_gate_live_recall: 'Before', state_gate_new_recall: 'Refreshed',
    chartRate: 'Requests per second, last minutes', chartP95: '95th percentile, milliseconds',
    routes: 'Routes', route: 'Route', requests: 'Requests',
    refresh: 'Refresh the model', refreshing: 'Refreshing …', rollback: 'Roll back', rollingBack: 'Rolling back …',
    rolledBack: 'Now at generation {n}.',
    confirmRollback: 'Go back to the previous generation of the model? Erased people stay erased.',
    people: 'A person’s data', personId: 'Person id', export: 'Export', erase: 'Erase …',
    confirmErase: 'Erase everything about “{person}”? This cannot be undone.',
    erased_one: '{n} event erased.', erased_other: '{n} events erased.', exported: 'Data of {person}',
    download: 'Download JSON', yes: 'Yes, do it', true: 'yes', false: 'no', updated: 'Updated {time}', noData: '–',
    confirmTitle: 'Are you sure?', footer: 'Recommendations and search on a graph of people, items and facts.',
    rel_interacted: 'had', rel_clicked: 'clicked', rel_wiki_page_wiki_link: 'link', rel_wiki_page_redirects: 'other name',
  },
  zh: {
    skip: '跳到正文', shop: '商店', operate: '运维', sections: '栏目', language: 'English',
    languageLabel: '切换到英文', key: '密钥', keySet: '密钥 ✓',
    searchLabel: '搜索商品', searchHint: '搜索：运动鞋、running shoes……', search: '搜索',
    suggestions: '搜索建议', kind_title: '商品', kind_entity: '图谱', kind_query: '搜索',
    suggested_other: '{n} 条建议',
    forYou: '为你推荐', popular: '热门', forVisit: '根据你打开过的商品', person: '用户',
    personHint: '编号，如 196', choose: '查看', change: '更换', forget: '退出', chosen: '用户 {person}',
    railGuest: '输入用户编号，查看为其推荐的商品。',
    railPerson: '打开一件商品，推荐会立刻学到。',
    learnedOne: '已从你点击“{title}”中学习：新增 {n} 件。',
    learnedNone: '已从你点击“{title}”中学习：列表不变。',
    learnedOrder: '已从你点击“{title}”中学习：顺序已更新。',
    learning: '正在从你的点击中学习……', fresh: '新', railEmpty: '暂无推荐。',
    results: '结果', resultsFor_other: '“{query}”共 {n} 个结果', browsed_other: '{n} 件商品',
    resultsFirst: '“{query}”的前 {n} 个结果', browsedFirst: '前 {n} 件商品', noneFiltered: '没有符合条件的商品。',
    moreFacts: '还有 {n} 个', none: '没有找到“{query}”。', noneHint: '请减少词语、换个说法，或去掉筛选条件。',
    corrected: '已显示以下内容的结果：', correctedFrom: '原输入：{pairs}', understood: '理解为：',
    more: '显示更多', loading: '加载中……', filters: '筛选', clearFilters: '全部清除',
    removeFilter: '去掉筛选 {name}', noFilters: '没有可筛选的条件。', why: '为什么？',
    whyOf: '为什么推荐{title}？', item: '商品', close: '关闭', facts: '已知信息',
    whyTitle: '为什么推荐它', whyGuest: '请先在上方输入用户，才能看到通向这件商品的路径。',
    whyNone: '图谱中没有从该用户到这件商品的路径。',
    drop: '去掉这条路径，得分下降 {n}。', dropNone: '去掉这条路径，得分不会下降。',
    similar: '相似商品', similarNone: '没有相似商品。', factsNone: '暂无已知信息。',
    node_user: '用户', node_past: '选过', node_item: '商品', node_entity: '共同点', node_target: '这件商品',
    pathList: '从用户到这件商品的路径',
    welcome: '找得到，看得懂，越用越准',
    welcomeText: '在商品与知识图谱中搜索，获得随每次点击学习的推荐，并看到每个推荐背后的路径。',
    enter: '进入', keyTitle: '访问密钥', keyText: '密钥只保存在此标签页中，关闭后即清除。',
    keyLabel: '密钥', save: '保存', cancel: '取消', keyForget: '清除密钥',
    e0: '无法连接服务，请检查网络。', e401: '服务不认识此密钥。', e403: '此密钥无权执行该操作。',
    e404: '这里没有该内容：{detail}', e422: '服务拒绝了请求：{detail}', e429: '请求过于频繁。',
    e503: '服务繁忙或尚未就绪。', eOther: '服务出错（{status}）：{detail}',
    offline: '网络已断开。', again: '{n} 秒后自动重试。', retry: '重试', enterKey: '输入密钥',
    dismiss: '关闭提示', notRecorded: '点击未被记录。',
    opTitle: '服务运维', learningState: '学习状态', rate: '请求 / 秒', p50: 'p50', p95: 'p95', errors: '错误',
    events: '事件', generation: '模型代次', window: '最近一分钟', sinceStart: '自启动以来',
    sinceTraining: '训练后新增 {n} 个', ago: '−{n} 分钟', now: '现在', never: '从未', otherRoute: '被拒绝或未知',
    gateTitle: '质量关：{n} 位用户最新事件上的召回率',
    refreshAccepted: '第 {n} 代已接管。', refreshRefused: '继续使用第 {n} 代。',
    state_model: '模型', state_data: '数据', state_users: '用户', state_items: '商品', state_new_items: '新商品',
    state_events_since_training: '训练后的事件', state_people_at_hand: '已折入的用户',
    state_can_roll_back: '可以回滚', state_refreshing: '正在更新', state_search_ready: '搜索就绪',
    state_last_refresh: '上次更新', state_gate: '质量关', state_gate_people: '质量关人数',
    state_gate_live_recall: '更新前', state_gate_new_recall: '更新后',
    chartRate: '每秒请求数，最近几分钟', chartP95: '第 95 百分位延迟，毫秒',
    routes: '接口', route: '接口', requests: '请求数',
    refresh: '更新模型', refreshing: '更新中……', rollback: '回滚', rollingBack: '回滚中……',
    rolledBack: '当前为第 {n} 代。',
    confirmRollback: '回到上一代模型？已删除的用户不会恢复。',
    people: '用户数据', personId: '用户编号', export: '导出', erase: '删除……',
    confirmErase: '删除“{person}”的全部数据？此操作无法撤销。',
    erased_other: '已删除 {n} 个事件。', exported: '{person} 的数据',
    download: '下载 JSON', yes: '确定', true: '是', false: '否', updated: '更新于 {time}', noData: '–',
    confirmTitle: '确定吗？', footer: '基于用户、商品与知识图谱的推荐和搜索。',
    rel_interacted: '选过', rel_clicked: '点击过', rel_wiki_page_wiki_link: '链接', rel_wiki_page_redirects: '别名', rel_type: '类型',
    rel_literary_genre: '文学体裁', rel_release_year: '年份', rel_starring: '主演', rel_season: '季节', rel_media_type: '载体',
    rel_previous_work: '前作', rel_subsequent_work: '后作', rel_illustrator: '插图', rel_translator: '译者', rel_link: '链接', rel_subject: '主题', rel_publisher: '出版社', rel_series: '系列', rel_country: '国家', rel_language: '语言', rel_brand: '品牌', rel_category: '类别', rel_genre: '类型',
    rel_colour: '颜色', rel_color: '颜色', rel_part_of: '属于', rel_maker: '制造商', rel_price: '价格', rel_state: '状态',
    rel_material: '材质', rel_style: '风格', rel_director: '导演', rel_actor: '演员', rel_author: '作者', rel_code: '编号',
    rel_model: '型号', rel_sells: '销售', rel_fruit: '水果', rel_also_buy: '同时购买', rel_year: '年份',
  },
};

const STORED = 'kgrec-language';
const listeners = [];
let current = stored() ?? (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');

function stored() {
  const kept = localStorage.getItem(STORED);
  return kept in WORDS ? kept : null;
}

export const language = () => current;

/** The sentence `key` with `{name}` replaced. */
export function t(key, values = {}) {
  const sentence = WORDS[current][key] ?? WORDS.en[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The sentence `key_one` or `key_other`, as the language counts. */
export function plural(key, n, values = {}) {
  const form = `${key}_${new Intl.PluralRules(current).select(n)}`;
  return t(form in WORDS[current] ? form : `${key}_other`, { n: number(n), ...values });
}

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(current, { maximumFractionDigits: digits }).format(value);

/** The readable name of a relation or a column of the data: of `http://…/ontology/firstAuthor`, "first author". */
export function relation(name) {
  const last = name.replace(/[./#]+$/, '').split(/[./#]/).at(-1);
  const plain = last.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/[_\s]+/g, ' ').trim().toLowerCase();
  const key = `rel_${plain.replaceAll(' ', '_')}`;
  return WORDS[current][key] ?? WORDS.en[key] ?? plain;
}

/** A name as people read it: of classes like `ChangeOfState100199130`, `WikicatFantasyNovels`: words alone. */
export function plain(name) {
  const [, words] = /^(?:Wikicat)?([A-Z][A-Za-z]*?)(?:\d{9})?$/.exec(name) ?? [];
  return words === undefined || words === name ? name : words.replace(/([a-z])([A-Z])/g, '$1 $2');
}

/** Translate the marked elements of the document. */
export function translate() {
  document.documentElement.lang = current === 'zh' ? 'zh-CN' : 'en';
  for (const node of document.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll('[data-t-label]')) node.setAttribute('aria-label', t(node.dataset.tLabel));
  for (const node of document.querySelectorAll('[data-t-hint]')) node.setAttribute('placeholder', t(node.dataset.tHint));
}

/** Call `listener` whenever the language has changed. */
export const onLanguage = (listener) => listeners.push(listener);

export function setLanguage(name) {
  current = name;
  localStorage.setItem(STORED, name);
  translate();
  for (const listener of listeners) listener();
}
