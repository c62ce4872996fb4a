/** Who is being served and what they did since the page was opened. In memory alone: a reload forgets it. */

import { eventId } from './api.js';

/**
 * Sends `person` when another person is chosen; for a click (detail: the item) `learning` while it is recorded, then
 * `learned` or `unlearned`.
 */
export class Visit extends EventTarget {
  constructor(api, notices) {
    super();
    this.api = api;
    this.notices = notices;
    this.person = null;
    this.history = [];
  }

  choose(person) {
    this.person = person || null;
    this.dispatchEvent(new Event('person'));
  }

  /** A person's click is an event of the service; a guest's stays here and only shapes their own list. */
  async record(item) {
    if (this.person !== null) return this.send({ id: eventId(), user: this.person, item: item.item, kind: 'click' }, item);
    this.history = [...this.history.filter((id) => id !== item.item), item.item].slice(-50);
    this.tell('learned', item);
  }

  /** A retry sends the same event id, so a click whose answer was lost counts once. */
  async send(event, item) {
    this.tell('learning', item);
    try {
      await this.api.call('POST', 'events', { body: { events: [event] } });
      this.tell('learned', item);
    } catch (error) {
      this.tell('unlearned', item);
      this.notices.show(error, () => this.send(event, item), 'notRecorded');
    }
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
