/** Reads the service's metrics: requests and their latency by route, over a window of time. */

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const UNESCAPED = { n: '\n', '"': '"', '\\': '\\' };

/** Samples of the Prometheus text format: `[{name, labels, value}]`. */
export function parse(text) {
  return text.split('\n').flatMap((line) => {
    const found = LINE.exec(line);
    if (!found) return [];
    const pairs = [...(found[2] ?? '').matchAll(LABEL)];
    const labels = pairs.map(([, name, value]) => [name, value.replace(/\\(.)/g, (whole, one) => UNESCAPED[one] ?? whole)]);
    return [{ name: found[1], labels: Object.fromEntries(labels), value: Number(found[3]) }];
  });
}

const routeOf = (labels) => labels.route ?? labels.path ?? labels.handler ?? labels.endpoint ?? '';
const statusOf = (labels) => String(labels.status ?? labels.code ?? labels.status_code ?? '');

/** Counts since the service started: `{time, routes: Map route -> {count, errors, buckets: Map bound -> count}}`. */
export function snapshot(samples, time) {
  const routes = new Map();
  const of = (labels) => {
    const route = routeOf(labels);
    if (!routes.has(route)) routes.set(route, { count: 0, errors: 0, buckets: new Map() });
    return routes.get(route);
  };
  for (const { name, labels, value } of samples) {
    if (/request.*_seconds_bucket$/.test(name)) {
      const { buckets } = of(labels);
      const bound = Number(labels.le.replace('+Inf', 'Infinity'));
      buckets.set(bound, (buckets.get(bound) ?? 0) + value);
    } else if (/requests_total$/.test(name)) {
      of(labels).count += value;
      if (statusOf(labels).startsWith('5')) of(labels).errors += value;
    }
  }
  return { time, routes };
}

/** What happened between two snapshots (`before` may be null: since the start), by route. */
export function difference(now, before) {
  return new Map([...now.routes].map(([route, one]) => {
    const old = before?.routes.get(route);
    const buckets = new Map([...one.buckets].map(([bound, n]) => [bound, n - (old?.buckets.get(bound) ?? 0)]));
    return [route, { count: one.count - (old?.count ?? 0), errors: one.errors - (old?.errors ?? 0), buckets }];
  }));
}

/** All routes as one. */
export function total(routes) {
  const sum = { count: 0, errors: 0, buckets: new Map() };
  for (const { count, errors, buckets } of routes.values()) {
    sum.count += count;
    sum.errors += errors;
    for (const [bound, n] of buckets) sum.buckets.set(bound, (sum.buckets.get(bound) ?? 0) + n);
  }
  return sum;
}

/** The q-quantile in seconds, linear within its bucket as Prometheus estimates it; null without observations. */
export function quantile(buckets, q) {
  const bounds = [...buckets].sort(([a], [b]) => a - b);
  const all = bounds.at(-1)?.[1] ?? 0;
  if (all <= 0) return null;
  let [low, below] = [0, 0];
  for (const [bound, count] of bounds) {
    if (count >= q * all) return bound === Infinity ? low : low + ((bound - low) * (q * all - below)) / (count - below || 1);
    [low, below] = [bound, count];
  }
  return low;
}
