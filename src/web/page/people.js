/* Contacts, groups, presence and notes of others. A person is one object for as long as the
 * page lives, found by address, or by any link that leads to something of him. */
import {link, Refusal} from './wire.js';

const MINUTES = 30;          /* of a presence subscription; more the server does not give */
const RENEW_MS = 20 * 60000;
const URIS_MAX = 100;        /* of one subscription */
const AT_ONCE = 4;           /* requests for details that may be under way */
const FOUND_MAX = 20;

/* What the answers to a person's links tell. */
const DETAILS = {
  contactPresence(person, resource) {
    person.availability = resource.availability ?? '';
    person.activity = resource.activity ?? '';
  },
  contactNote(person, resource) {
    person.note = resource.message ?? '';
  },
  contact(person, resource) {
    person.name = resource.name || person.name;
    person.title = resource.title ?? '';
    person.department = resource.department ?? '';
  },
};

/* Events: `list` (groups and who is in them), `person` (detail: the person). */
export class People extends EventTarget {
  #wire;
  #judge;
  #resource = null;
  #byUri = new Map();
  #byHref = new Map();
  #watches = new Set();
  #contacts = null;    /* the watch of the list, and of whom it is */
  #wanted = new Map(); /* details still to be read: href to person and rel */
  #reading = 0;
  #loading = false;
  #again = false;
  #timer = null;

  constructor(wire, judge) {
    super();
    this.#wire = wire;
    this.#judge = judge;
    this.groups = []; /* {id, name, members} */
  }

  get canSearch() {
    return link(this.#resource, 'search') !== null;
  }

  /* The application is new, or all is to be read anew. */
  async attach(resource) {
    this.#timer ??= setInterval(() => this.#renew(), RENEW_MS);
    this.#resource = resource;
    this.#byHref.clear();
    this.#contacts = null;
    for (const watch of this.#watches) {
      watch.href = null;
      if (watch.list) this.#watches.delete(watch);
    }
    await this.#load();
    this.#renew();
  }

  /* ---- persons ----------------------------------------------------------------------- */

  #person(uri) {
    const address = uri.replace(/^sip:/i, '');
    const key = address.toLowerCase();
    if (!this.#byUri.has(key))
      this.#byUri.set(key, {
        uri, address, name: address, title: '', department: '',
        availability: '', activity: '', note: '', links: {},
      });
    return this.#byUri.get(key);
  }

  /* A contact, or a participant of a conversation. */
  meet(resource) {
    const person = this.#person(resource.uri);
    DETAILS.contact(person, {...person, ...resource});
    const links = {...resource._links};
    if (!links.contact) links.contact = links.self;
    Object.assign(person.links, links);
    for (const rel of Object.keys(DETAILS))
      if (person.links[rel]) this.#byHref.set(person.links[rel].href, person);
    return person;
  }

  /* ---- the list ------------------------------------------------------------------------ */

  async #load() {
    this.#again = true;
    if (this.#loading) return;
    this.#loading = true;
    try {
      while (this.#again) {
        this.#again = false;
        this.groups = await this.#readGroups();
      }
    } finally {
      this.#loading = false;
    }
    this.dispatchEvent(new CustomEvent('list'));
    this.#watchList([...new Set(this.groups.flatMap((group) => group.members))]);
  }

  async #readGroups() {
    const href = link(this.#resource, 'myGroups');
    if (!href) return [];
    const {_embedded: embedded = {}} = await this.#wire.get(href);
    const resources = [...(embedded.group ?? [])];
    if (embedded.defaultGroup) resources.push(embedded.defaultGroup);
    return Promise.all(resources.map(async (resource) => ({
      id: resource.id,
      name: resource.rel === 'defaultGroup' ? '' : resource.name,
      members: await this.#readMembers(link(resource, 'groupContacts')),
    })));
  }

  async #readMembers(href) {
    const answer = href ? await this.#wire.get(href) : null;
    return (answer?._embedded?.contact ?? []).map((contact) => this.meet(contact));
  }

  async search(query, signal) {
    const answer = await this.#wire.get(link(this.#resource, 'search'), {
      query: {query, limit: FOUND_MAX}, signal,
    });
    return (answer?._embedded?.contact ?? []).map((contact) => this.meet(contact));
  }

  /* ---- presence ------------------------------------------------------------------------ */

  /* Keep the presence of these people fresh until end() is called. */
  watch(persons, list = false) {
    const parts = [];
    for (let i = 0; i < persons.length; i += URIS_MAX)
      parts.push({uris: persons.slice(i, i + URIS_MAX).map((person) => person.uri), list, href: null});
    for (const part of parts) this.#watches.add(part);
    for (const person of persons)
      for (const rel of ['contactPresence', 'contactNote']) this.#want(person, rel);
    return {
      ready: Promise.all(parts.map((part) => this.#subscribe(part))),
      end: () => parts.forEach((part) => this.#unsubscribe(part)),
    };
  }

  /* The new list is watched before the old one is not any more. */
  #watchList(members) {
    const names = members.map((person) => person.uri).sort().join();
    const before = this.#contacts;
    if (before?.names === names) return;
    this.#contacts = this.watch(members, true);
    this.#contacts.names = names;
    this.#contacts.ready.then(() => before?.end());
  }

  async #subscribe(watch) {
    const href = watch.href ?? link(this.#resource, 'presenceSubscriptions');
    if (!href || watch.busy) return;
    watch.busy = true;
    try {
      const json = watch.href ? {duration: MINUTES} : {duration: MINUTES, uris: watch.uris};
      const {body} = await this.#wire.post(href, {json});
      watch.href = link(body, 'self') ?? watch.href;
      if (!this.#watches.has(watch)) this.#unsubscribe(watch);
    } catch (error) {
      if (error instanceof Refusal && error.status === 404) watch.href = null;
      this.#judge(error);
    } finally {
      watch.busy = false;
    }
  }

  async #unsubscribe(watch) {
    this.#watches.delete(watch);
    try {
      if (watch.href) await this.#wire.ask('DELETE', watch.href);
    } catch (error) {
      this.#judge(error);
    }
  }

  #renew() {
    for (const watch of this.#watches) this.#subscribe(watch);
  }

  /* ---- details, a few at a time ----------------------------------------------------------- */

  #want(person, rel) {
    const href = person.links[rel]?.href;
    if (!href) return;
    this.#wanted.set(href, {person, rel});
    if (this.#reading < AT_ONCE) this.#readOn();
  }

  async #readOn() {
    this.#reading++;
    while (this.#wanted.size > 0) {
      const [href, {person, rel}] = this.#wanted.entries().next().value;
      this.#wanted.delete(href);
      try {
        DETAILS[rel](person, await this.#wire.get(href));
        this.dispatchEvent(new CustomEvent('person', {detail: person}));
      } catch (error) {
        this.#judge(error);
      }
    }
    this.#reading--;
  }

  /* ---- events ------------------------------------------------------------------------------ */

  take(event) {
    const {rel, href} = event.link;
    const person = this.#byHref.get(href);
    if (rel === 'myContacts' || rel === 'myGroups')
      this.#load().catch((error) => this.#judge(error));
    else if (rel in DETAILS && person) this.#want(person, rel);
    else if (rel === 'presenceSubscription' && event.type === 'deleted') this.#ended(href);
  }

  #ended(href) {
    for (const watch of this.#watches)
      if (watch.href === href) {
        watch.href = null;
        this.#subscribe(watch);
      }
  }
}
