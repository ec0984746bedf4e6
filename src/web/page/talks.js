/* Conversations, one a person: what was said stays together although at the server each
 * invitation is a conversation of its own. */
import {plainText} from './words.js';
import {link, Refusal, Unreachable} from './wire.js';

const TYPING_MS = 5000; /* at most so often is it told that we type */

/* states: quiet (nothing at the server), inviting, invited (by the other), connected */
class Talk {
  constructor(person) {
    this.person = person;
    this.state = 'quiet';
    this.lines = []; /* {kind: mine, theirs or notice; text, at, state: waiting, sent, failed; why} */
    this.unread = 0;
    this.typing = false;
    this.conversation = null; /* href: which one at the server this is now */
    this.invitation = null;   /* resources, as last told */
    this.messaging = null;
    this.watch = null;
    this.typed = 0;
    this.sending = false;
  }
}

/* Events: `change` (detail: the talk), `said` (detail: {talk, line}), `asked` (the talk: by
 * the other), `list`. */
export class Talks extends EventTarget {
  #wire;
  #people;
  #judge;
  #communication = null;
  #operations = new Map(); /* of invitations we have sent */

  constructor(wire, people, judge) {
    super();
    this.#wire = wire;
    this.#people = people;
    this.#judge = judge;
    this.list = []; /* the one with the latest news first */
  }

  attach(communication) {
    this.#communication = communication;
    this.#say('list');
  }

  get canStart() {
    return link(this.#communication, 'startMessaging') !== null;
  }

  #say(type, detail) {
    this.dispatchEvent(new CustomEvent(type, {detail}));
  }

  #changed(talk) {
    this.#say('change', talk);
  }

  /* ---- talks ------------------------------------------------------------------------------ */

  with(person) {
    let talk = this.list.find((other) => other.person === person);
    if (!talk) {
      talk = new Talk(person);
      talk.watch = this.#people.watch([person]);
      this.list.unshift(talk);
      this.#say('list');
    }
    return talk;
  }

  #of(href) {
    return href ? this.list.find((talk) => talk.conversation === href) : undefined;
  }

  /* One that is over has no place at the server any more. */
  #over(talk) {
    talk.state = 'quiet';
    talk.conversation = talk.invitation = talk.messaging = null;
    talk.typing = false;
  }

  #add(talk, line) {
    talk.lines.push({at: Date.now(), ...line});
    this.#raise(talk);
    this.#say('said', {talk, line: talk.lines.at(-1)});
  }

  #raise(talk) {
    this.list = [talk, ...this.list.filter((other) => other !== talk)];
    this.#say('list');
  }

  #notice(talk, text) {
    this.#add(talk, {kind: 'notice', text});
  }

  #fail(talk, why) {
    for (const line of talk.lines)
      if (line.state === 'waiting') Object.assign(line, {state: 'failed', why});
    this.#changed(talk);
  }

  allEnded() {
    for (const talk of this.list) {
      if (talk.state !== 'quiet') this.#notice(talk, 'The conversation was interrupted.');
      this.#over(talk);
      this.#fail(talk, 'the connection was lost');
    }
  }

  /* Events were lost: what we take for a conversation may be over, or further than we know. */
  async resume() {
    const href = link(this.#communication, 'conversations');
    const answer = href ? await this.#wire.get(href) : null;
    const there = (answer?._embedded?.conversation ?? []).map((one) => link(one, 'self'));
    for (const talk of this.list) {
      if (!talk.conversation) continue;
      if (there.includes(talk.conversation))
        this.#messaging(talk, await this.#wire.get(link(talk.messaging, 'self')));
      else this.#ended(talk);
    }
  }

  /* ---- what the user does ----------------------------------------------------------------- */

  say(talk, text) {
    const line = {kind: 'mine', text, state: 'waiting'};
    this.#add(talk, line);
    this.#push(talk);
  }

  again(talk, line) {
    line.state = 'waiting';
    this.#changed(talk);
    this.#push(talk);
  }

  #push(talk) {
    if (talk.state === 'quiet') this.#invite(talk);
    else if (talk.state === 'invited') this.accept(talk);
    else this.#flush(talk);
  }

  async #invite(talk) {
    const operationId = crypto.randomUUID();
    talk.state = 'inviting';
    this.#operations.set(operationId, talk);
    this.#changed(talk);
    try {
      await this.#wire.post(link(this.#communication, 'startMessaging'), {
        json: {importance: 'Normal', subject: '', to: talk.person.uri, operationId},
      });
    } catch (error) {
      this.#operations.delete(operationId);
      this.#over(talk);
      this.#fail(talk, reason(error));
      this.#judge(error);
    }
  }

  /* In the order in which they were written, one after the other. */
  async #flush(talk) {
    if (talk.sending || talk.state !== 'connected') return;
    talk.sending = true;
    let line;
    while ((line = talk.lines.find((one) => one.state === 'waiting'))) {
      const href = link(talk.messaging, 'sendMessage');
      try {
        if (!href) break;
        await this.#wire.post(href, {text: line.text});
        line.state = 'sent';
      } catch (error) {
        Object.assign(line, {state: 'failed', why: reason(error)});
        this.#judge(error);
      }
      this.#changed(talk);
    }
    talk.sending = false;
  }

  async #settle(talk, rel) {
    const href = link(talk.invitation, rel);
    if (!href) return;
    try {
      await this.#wire.post(href);
    } catch (error) {
      this.#notice(talk, `That did not work: ${reason(error)}.`);
      this.#judge(error);
    }
  }

  async accept(talk) {
    await this.#settle(talk, 'accept');
  }

  async decline(talk) {
    await this.#settle(talk, 'decline');
  }

  async type(talk) {
    const href = link(talk.messaging, 'setIsTyping');
    if (!href || Date.now() - talk.typed < TYPING_MS) return;
    talk.typed = Date.now();
    try {
      await this.#wire.post(href);
    } catch (error) {
      this.#judge(error);
    }
  }

  /* Leave it, and forget what was said. */
  async close(talk) {
    const stop = link(talk.messaging, 'stopMessaging') ?? link(talk.invitation, 'decline');
    talk.watch.end();
    this.list = this.list.filter((other) => other !== talk);
    this.#over(talk);
    this.#say('list');
    try {
      if (stop) await this.#wire.post(stop);
    } catch (error) {
      this.#judge(error);
    }
  }

  read(talk) {
    if (talk.unread === 0) return;
    talk.unread = 0;
    this.#say('list');
  }

  /* ---- events ------------------------------------------------------------------------------ */

  /* True: the event was for us. The sender of what happens in a conversation is that. */
  take(event, sender) {
    const {rel} = event.link;
    const resource = event._embedded?.[rel];
    if (rel === 'messagingInvitation') this.#invitation(event, resource);
    else if (rel === 'conversation') this.#conversation(event);
    else if (rel === 'messaging') this.#messaging(this.#of(link(resource, 'conversation')), resource);
    else if (rel === 'message') this.#message(event, resource);
    else if (rel === 'participant') this.#participant(event, resource, sender);
    else return false;
    return true;
  }

  #invitation(event, invitation) {
    if (!invitation) return;
    const conversation = link(invitation, 'conversation');
    if (event.type === 'started') {
      const talk = this.#begin(invitation, conversation);
      if (talk) this.#changed(talk);
      return;
    }
    const talk = this.#of(conversation);
    if (!talk) return;
    talk.invitation = invitation;
    if (event.type === 'completed') this.#completed(talk, event);
    this.#changed(talk);
  }

  #begin(invitation, conversation) {
    const incoming = invitation.direction === 'Incoming';
    const from = invitation._embedded?.from;
    const talk = incoming ? from && this.with(this.#people.meet(from))
      : this.#operations.get(invitation.operationId);
    this.#operations.delete(invitation.operationId);
    if (!talk) return null;
    talk.conversation = conversation;
    talk.invitation = invitation;
    talk.messaging = null;
    talk.state = incoming ? 'invited' : 'inviting';
    if (incoming) {
      talk.unread++;
      this.#raise(talk);
      this.#say('asked', talk);
    }
    return talk;
  }

  #completed(talk, event) {
    if (event.status === 'Success') return;
    const why = (event.reason?.message ?? '').replace(/\.$/, '');
    const mine = talk.lines.some((line) => line.state === 'waiting');
    if (!mine)
      this.#notice(talk, why ? `The invitation has ended: ${why}.` : 'The invitation has ended.');
    this.#over(talk);
    this.#fail(talk, why || `${talk.person.name} did not answer`);
  }

  #conversation(event) {
    const talk = this.#of(event.link.href);
    if (talk && event.type === 'deleted') this.#ended(talk);
  }

  #ended(talk) {
    if (talk.state === 'connected') this.#notice(talk, 'The conversation has ended.');
    this.#over(talk);
    this.#fail(talk, 'the conversation has ended');
  }

  #messaging(talk, messaging) {
    if (!talk || !messaging) return;
    talk.messaging = messaging;
    if (messaging.state === 'Connected') {
      talk.state = 'connected';
      this.#flush(talk);
    }
    this.#changed(talk);
  }

  /* The text is in the link itself, as a data URL. */
  #message(event, message) {
    if (message?.direction !== 'Incoming') return;
    const talk = this.list.find((one) => one.messaging &&
      link(one.messaging, 'self') === link(message, 'messaging'));
    if (!talk) return;
    const html = link(message, 'htmlMessage');
    const text = dataText(html ?? link(message, 'plainMessage') ?? '');
    const at = Number(/-?\d+/.exec(message.timeStamp ?? '')?.[0]) || Date.now();
    talk.typing = false;
    talk.unread++;
    this.#add(talk, {kind: 'theirs', text: html ? plainText(text) : text, at});
  }

  /* One that is in typingParticipants too is typing. */
  #participant(event, participant, sender) {
    if (participant?.uri) this.#people.meet(participant);
    if (event.in?.rel !== 'typingParticipants') return;
    const talk = this.#of(sender);
    if (!talk) return;
    talk.typing = event.type !== 'deleted';
    this.#changed(talk);
  }
}

function dataText(url) {
  const comma = url.indexOf(',');
  const text = url.slice(comma + 1);
  try {
    if (!/;base64$/i.test(url.slice(0, comma))) return decodeURIComponent(text);
    const bytes = Uint8Array.from(atob(decodeURIComponent(text)), (c) => c.charCodeAt(0));
    return new TextDecoder().decode(bytes);
  } catch {
    return text;
  }
}

function reason(error) {
  if (error instanceof Unreachable) return 'the server cannot be reached';
  return (error.text || `the server refused it (${error.status})`).replace(/\.$/, '');
}
