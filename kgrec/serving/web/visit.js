/** Who is being served and what they did since the page was opened. In memory alone: a reload forgets it. */

import { eventId } from './api.js';

/** Sends `person` when another person is chosen and `learned` (detail: the item) when an item was recorded. */
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
    if (this.person === null) this.history = [...this.history.filter((id) => id !== item.item), item.item].slice(-50);
    else if (!(await this.send({ id: eventId(), user: this.person, item: item.item, kind: 'click' }, item))) return;
    this.dispatchEvent(new CustomEvent('learned', { detail: item }));
  }

  async send(event, item) {
    try {
      await this.api.call('POST', 'events', { body: { events: [event] } });
      return true;
    } catch (error) {
      const again = async () => (await this.send(event, item)) && this.dispatchEvent(new CustomEvent('learned', { detail: item }));
      this.notices.show(error, again, 'notRecorded');
      return false;
    }
  }
}
