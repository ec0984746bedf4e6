/* The right side: one conversation. */
import {byId, node, reconcile, setText} from './nodes.js';
import {availabilityClass, availabilityText, timeText} from './words.js';

export class TalkPane {
  #session;
  #back;
  #talk = null;
  #drafts = new WeakMap(); /* what was begun, by conversation */

  /* back(over): the user wants to see the lists; over: and not this conversation again. */
  constructor(session, back) {
    this.#session = session;
    this.#back = back;
    const text = byId('text');
    byId('compose').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send();
    });
    text.addEventListener('keydown', (event) => this.#key(event));
    text.addEventListener('input', () => {
      if (text.value && this.#talk) session.talks.type(this.#talk);
    });
    byId('log').addEventListener('keydown', (event) => {
      if (event.key === 'Escape') back(false);
    });
    byId('back').addEventListener('click', () => back(false));
    byId('close').addEventListener('click', () => this.#close());
    byId('accept').addEventListener('click', () => this.#settle('accept'));
    byId('decline').addEventListener('click', () => this.#settle('decline'));
    session.talks.addEventListener('change', ({detail: talk}) => {
      if (talk === this.#talk) this.draw();
    });
    session.talks.addEventListener('list', () => this.draw());
    session.people.addEventListener('person', ({detail: person}) => {
      if (person === this.#talk?.person) this.draw();
    });
  }

  get talk() {
    return this.#talk;
  }

  show(talk) {
    const text = byId('text');
    if (this.#talk) this.#drafts.set(this.#talk, text.value);
    this.#talk = talk;
    byId('log').replaceChildren();
    text.value = (talk && this.#drafts.get(talk)) ?? '';
    this.draw();
  }

  focus() {
    (byId('asked').hidden ? byId('text') : byId('accept')).focus();
  }

  /* ---- what the user does ----------------------------------------------------------------- */

  #key(event) {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#send();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      this.#back(false);
    }
  }

  #send() {
    const text = byId('text').value.trim();
    if (!text || byId('send').disabled) return;
    byId('text').value = '';
    this.#session.talks.say(this.#talk, text);
  }

  #settle(how) {
    this.#session.talks[how](this.#talk);
    byId('text').focus();
  }

  #close() {
    const talk = this.#talk;
    this.show(null);
    this.#back(true);
    this.#session.talks.close(talk);
  }

  /* ---- drawing ------------------------------------------------------------------------------- */

  draw() {
    const talk = this.#talk;
    byId('talk-body').hidden = !talk;
    byId('no-talk').hidden = Boolean(talk);
    if (!talk) return;
    const {person} = talk;
    byId('peer-sign').className = `sign ${availabilityClass(person.availability)}`;
    setText(byId('peer-name'), person.name);
    setText(byId('peer-state'), [availabilityText(person), person.note].filter(Boolean).join(' – '));
    setText(byId('typing'), talk.typing ? `${person.name} is typing…` : '');
    byId('asked').hidden = talk.state !== 'invited';
    setText(byId('asked-text'), `${person.name} would like to talk with you.`);
    byId('send').disabled = byId('text').disabled = talk.state === 'quiet' && !this.#session.talks.canStart;
    this.#drawLog(talk);
  }

  #drawLog(talk) {
    const log = byId('log');
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    const before = log.childElementCount;
    reconcile(log, talk.lines.map((line, number) => ({line, number})), {
      key: ({number}) => String(number),
      make: ({line}) => this.#line(line),
      update: (item, {line}) => this.#update(item, talk, line),
    });
    if (atEnd || before === 0 || talk.lines.at(-1)?.kind === 'mine') log.scrollTop = log.scrollHeight;
  }

  #line(line) {
    if (line.kind === 'notice')
      return node('li', {class: 'said notice'}, node('span', {class: 'text', text: line.text}));
    const who = line.kind === 'mine' ? 'You' : this.#talk.person.name;
    return node('li', {class: `said ${line.kind}`},
      node('span', {class: 'aside', text: `${who}: `}),
      node('div', {class: 'text', text: line.text}), node('div', {class: 'when'}));
  }

  #update(item, talk, line) {
    const when = item.querySelector('.when');
    if (!when || item.dataset.state === (line.state ?? 'there')) return;
    item.dataset.state = line.state ?? 'there';
    item.classList.toggle('failed', line.state === 'failed');
    when.replaceChildren(STATES[line.state]?.(line) ?? timeText(line.at));
    if (line.state !== 'failed') return;
    const again = node('button', {type: 'button', text: 'Send again'});
    again.addEventListener('click', () => {
      this.#session.talks.again(talk, line);
      byId('text').focus();
    });
    when.append(again);
  }
}

const STATES = {
  waiting: () => 'Sending…',
  failed: (line) => `Not delivered: ${line.why}.`,
};
