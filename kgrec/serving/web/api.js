/** Talks to the service. The key lives in sessionStorage: it is gone with the tab, and no other tab has it. */

const KEY = 'kgrec-key';

/** An answer that is none. `status` is 0 where no server was reached. */
export class ApiError extends Error {
  constructor(status, detail, retryAfter) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Whether a request was given up for a newer one, which is no failure. */
export const aborted = (error) => error.name === 'AbortError';

/** One request at a time: the one before it is given up, so that a slow answer never replaces a newer one. */
export class Latest {
  start() {
    this.controller?.abort();
    this.controller = new AbortController();
    return this.controller.signal;
  }
}

export class Api {
  get key() {
    return sessionStorage.getItem(KEY) ?? '';
  }

  set key(key) {
    if (key) sessionStorage.setItem(KEY, key);
    else sessionStorage.removeItem(KEY);
  }

  get(path, query = {}, signal = undefined) {
    return this.call('GET', path, { query, signal });
  }

  /** The JSON (or text) of an answer. Raises ApiError. Paths are relative: the page may be mounted anywhere. */
  async call(method, path, { query = {}, body = undefined, signal = undefined } = {}) {
    const pairs = Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
    const search = new URLSearchParams(pairs.filter(([, value]) => value !== undefined && value !== null));
    const headers = { Accept: 'application/json, text/plain' };
    if (this.key) headers['X-API-Key'] = this.key;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let answer;
    try {
      answer = await fetch(`${path}${search.size ? `?${search}` : ''}`, {
        method, headers, signal, mode: 'same-origin', cache: 'no-store', referrerPolicy: 'no-referrer',
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch (error) {
      throw aborted(error) ? error : new ApiError(0, String(error.message), 0);
    }
    const json = (answer.headers.get('Content-Type') ?? '').includes('json');
    if (!answer.ok) throw await problem(answer, json);
    return json ? answer.json() : answer.text();
  }
}

async function problem(answer, json) {
  const told = json ? await answer.json().catch(() => ({})) : {};
  const wait = Number(answer.headers.get('Retry-After')) || 0;
  const detail = typeof told.detail === 'string' ? told.detail : told.title;
  return new ApiError(answer.status, detail ?? answer.statusText, wait);
}

/** A fresh event id. The same id sent twice is one event, so a retry counts once. */
export function eventId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
