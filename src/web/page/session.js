/* One sign-in: the application at the server, and what hangs on it: oneself, people, talks.
 * When the application is gone (the server was started anew, or the machine slept for long)
 * a new one takes its place and everything is read again; the objects stay. */
import {Channel} from './channel.js';
import {People} from './people.js';
import {Talks} from './talks.js';
import {link, Refusal} from './wire.js';

const ACTIVITY_MS = 120000; /* how often the server is told that somebody sits here */

/* Events: `line` (detail: {state, seconds}), `self`, `over` (detail: why). */
export class Session extends EventTarget {
  #wire;
  #applications;
  #application = null;
  #channel = null;
  #endpoint = crypto.randomUUID();
  #active = 0;
  #ending = false;

  constructor(wire) {
    super();
    this.#wire = wire;
    this.me = null;
    this.presence = null;
    this.note = null;
    this.people = new People(wire, (error) => this.#judge(error));
    this.talks = new Talks(wire, this.people, (error) => this.#judge(error));
  }

  async open(applications) {
    this.#applications = applications;
    await this.#attach();
    this.#listen();
  }

  async #attach() {
    const {body} = await this.#wire.post(this.#applications, {
      json: {
        userAgent: 'Lychgate web page',
        endpointId: this.#endpoint,
        culture: navigator.language || 'en-US',
      },
    });
    this.#application = body;
    this.me = body._embedded?.me;
    const appear = link(this.me, 'makeMeAvailable');
    if (appear)
      await this.#wire.post(appear, {
        json: {
          signInAs: 'Online',
          supportedModalities: ['Messaging'],
          supportedMessageFormats: ['Plain', 'Html'],
        },
      });
    /* What was not allowed before has its links now. */
    this.#application = await this.#wire.get(link(body, 'self'));
    await this.#readAll();
  }

  async #readAll() {
    const embedded = this.#application._embedded ?? {};
    this.me = embedded.me;
    this.talks.attach(embedded.communication);
    await Promise.all([this.#readSelf('presence', 'note'), this.people.attach(embedded.people)]);
  }

  async #readSelf(...rels) {
    await Promise.all(rels.map(async (rel) => {
      const href = link(this.me, rel);
      this[rel] = href ? await this.#wire.get(href) : null;
    }));
    this.#say('self');
  }

  #say(type, detail) {
    this.dispatchEvent(new CustomEvent(type, {detail}));
  }

  /* ---- the channel ------------------------------------------------------------------- */

  #listen() {
    this.#channel = new Channel(this.#wire, link(this.#application, 'events'), {
      event: (event, sender) => this.#route(event, sender),
      resume: () => this.#refresh(),
      ended: () => this.#reopen(),
      expired: () => this.#over('expired'),
      lost: (seconds) => this.#say('line', {state: 'lost', seconds}),
      found: () => this.#say('line', {state: 'connected'}),
    });
    this.#channel.run();
  }

  retry() {
    this.#channel?.retry();
  }

  async #route(event, sender) {
    const {rel} = event.link;
    try {
      if (rel === 'me') await this.#meChanged();
      else if (rel === 'presence' || rel === 'note') await this.#readSelf(rel);
      else if (rel === 'communication') this.talks.attach(event._embedded?.communication);
      else if (!this.talks.take(event, sender)) this.people.take(event);
    } catch (error) {
      this.#judge(error);
    }
  }

  async #meChanged() {
    this.me = await this.#wire.get(link(this.me, 'self'));
    await this.#readSelf(...['presence', 'note'].filter((rel) => !this[rel]));
  }

  async #refresh() {
    this.#application = await this.#wire.get(link(this.#application, 'self'));
    await this.#readAll();
    await this.talks.resume();
  }

  /* The application has ended at the server, the token is still good. */
  async #reopen() {
    this.#say('line', {state: 'lost', seconds: 0});
    this.talks.allEnded();
    for (let seconds = 1; !this.#ending; seconds = Math.min(seconds * 2, 30)) {
      try {
        await this.#attach();
        this.#say('line', {state: 'connected'});
        this.#listen();
        return;
      } catch (error) {
        if (error instanceof Refusal && [401, 403].includes(error.status)) {
          this.#over(error.status === 401 ? 'expired' : 'refused', error);
          return;
        }
        this.#say('line', {state: 'lost', seconds});
        await new Promise((done) => setTimeout(done, seconds * 1000));
      }
    }
  }

  /* An error of something that nobody waits for. The channel notices by itself when the
   * server or the application is gone. */
  #judge(error) {
    if (error instanceof Refusal && error.status === 401) this.#over('expired');
  }

  #over(why, error) {
    if (this.#ending) return;
    this.#ending = true;
    this.#channel?.stop();
    this.#wire.close();
    this.#say('over', {why, error});
  }

  /* ---- what the user does -------------------------------------------------------------- */

  can(what) {
    return link(this.me, what) !== null;
  }

  /* null: by itself again. */
  async setPresence(availability) {
    await this.#wire.post(link(this.me, 'presence'), {json: availability ? {availability} : {}});
    await this.#readSelf('presence');
  }

  async setNote(message) {
    await this.#wire.post(link(this.me, 'note'), {json: {message}});
    await this.#readSelf('note');
  }

  /* Somebody is here. Told a little later: what he did may be to leave. */
  active() {
    if (Date.now() - this.#active < ACTIVITY_MS) return;
    this.#active = Date.now();
    setTimeout(() => this.#tellActive(), 1000);
  }

  async #tellActive() {
    const href = link(this.me, 'reportMyActivity');
    try {
      if (href && !this.#ending) await this.#wire.post(href);
    } catch (error) {
      this.#judge(error);
    }
  }

  /* Also when the page goes away: then nobody waits for the answer. */
  async signOut() {
    const self = link(this.#application, 'self');
    this.#ending = true;
    this.#application = null;
    this.#channel?.stop();
    try {
      await this.#wire.close(self);
    } catch {
      /* It will notice our silence. */
    }
  }
}
