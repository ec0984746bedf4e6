/* The left side: search and who was found, conversations, contacts in their groups. */
import {byId, node, reconcile, roving, setText} from './nodes.js';
import {availabilityClass, availabilityText, whyNot} from './words.js';

const PAUSE_MS = 300; /* after the last letter of a search */

export class Roster {
  #session;
  #open;
  #chosen = null;
  #found = null; /* persons, or null: nothing is searched */
  #watch = null;
  #timer = 0;
  #search = null; /* the request under way */
  #keys;
  #home = null;   /* where the focus was before a conversation */

  /* open(person): the user wants to talk with him. */
  constructor(session, open) {
    this.#session = session;
    this.#open = open;
    this.#keys = roving(byId('roster'), '.person');
    const field = byId('search');
    field.addEventListener('input', () => this.#typed());
    field.addEventListener('keydown', (event) => this.#searchKey(event));
    session.people.addEventListener('list', () => this.draw());
    session.people.addEventListener('person', () => this.draw());
    session.talks.addEventListener('list', () => this.draw());
  }

  choose(person) {
    if (this.#chosen === null) this.#home = document.activeElement;
    this.#chosen = person;
    this.draw();
  }

  /* Back from a conversation, to where one was. */
  focus() {
    if (this.#home?.isConnected && this.#home.offsetParent) this.#home.focus();
    else this.#keys.focus();
    this.#home = null;
  }

  /* ---- drawing ------------------------------------------------------------------------- */

  draw() {
    const {people, talks} = this.#session;
    byId('search-field').hidden = !people.canSearch;
    byId('found').hidden = this.#found === null;
    if (this.#found) this.#persons(byId('found').querySelector('ul'), 'found', this.#found);
    byId('talking').hidden = talks.list.length === 0;
    const unread = new Map(talks.list.map((talk) => [talk.person, talk.unread]));
    this.#persons(byId('talking').querySelector('ul'), 'talk', [...unread.keys()], unread);
    const groups = people.groups.filter((group) => group.members.length > 0);
    byId('nobody').hidden = groups.length > 0;
    reconcile(byId('groups'), groups, {
      key: (group) => `group ${group.id}`,
      make: (group) => node('section', {'aria-labelledby': `group-${group.id}`},
        node('h2', {id: `group-${group.id}`}), node('ul')),
      update: (section, group) => {
        const only = groups.length === 1;
        setText(section.firstElementChild, group.name || (only ? 'Contacts' : 'Other contacts'));
        this.#persons(section.lastElementChild, group.id, byName(group.members));
      },
    });
    this.#keys.settle();
  }

  #persons(list, place, persons, unread) {
    reconcile(list, persons, {
      key: (person) => `${place} ${person.address}`,
      make: (person) => this.#item(person),
      update: (item, person) => this.#update(item.firstElementChild, person, unread),
    });
  }

  #item(person) {
    const button = node('button', {class: 'person', type: 'button', title: person.address, tabindex: '-1'},
      node('span', {'aria-hidden': 'true'}),
      node('span', {class: 'words'}, node('span', {class: 'name'}), node('span', {class: 'state'})),
      node('span'));
    button.addEventListener('click', () => this.#open(person));
    return node('li', {}, button);
  }

  #update(button, person, counts) {
    const [sign, words, badge] = button.children;
    const unread = counts?.get(person) ?? 0;
    const note = person.note ? ` – ${person.note}` : '';
    sign.className = `sign ${availabilityClass(person.availability)}`;
    setText(words.firstElementChild, person.name);
    setText(words.lastElementChild, availabilityText(person) + note);
    badge.className = unread ? 'badge' : '';
    setText(badge, unread ? String(unread) : '');
    if (unread) badge.setAttribute('aria-label', `${unread} unread`);
    else badge.removeAttribute('aria-label');
    button.dataset.name = person.name;
    button.classList.toggle('unread', unread > 0);
    if (counts && person === this.#chosen) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
  }

  /* ---- search ------------------------------------------------------------------------------ */

  #searchKey(event) {
    if (event.key === 'ArrowDown') {
      event.preventDefault();
      this.#keys.first();
    } else if (event.key === 'Escape' && event.target.value) {
      event.preventDefault();
      event.target.value = '';
      this.#typed();
    }
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#search?.abort();
    const query = byId('search').value.trim();
    if (query) this.#timer = setTimeout(() => this.#ask(query), PAUSE_MS);
    else this.#show(null, '');
  }

  async #ask(query) {
    const mine = new AbortController();
    this.#search = mine;
    try {
      const found = await this.#session.people.search(query, mine.signal);
      if (mine.signal.aborted) return;
      this.#show(found, found.length > 0 ? '' : `Nobody was found for “${query}”.`);
    } catch (error) {
      if (!mine.signal.aborted) this.#show([], whyNot(error));
    }
  }

  #show(found, text) {
    const before = this.#watch;
    this.#found = found;
    this.#watch = found?.length ? this.#session.people.watch(found) : null;
    before?.ready.then(() => before.end());
    setText(byId('found-none'), text);
    byId('found-none').hidden = !text;
    this.draw();
  }
}

function byName(persons) {
  return [...persons].sort((a, b) => a.name.localeCompare(b.name));
}
