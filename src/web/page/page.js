/* The page: the door, and behind it the house with its parts. All state is in memory; to
 * forget it all, the page is loaded anew. */
import {enter} from './entry.js';
import {byId, setText} from './nodes.js';
import {Roster} from './roster.js';
import {SelfBar} from './selfbar.js';
import {Session} from './session.js';
import {TalkPane} from './talkpane.js';
import {whyNot} from './words.js';
import {Wire} from './wire.js';

const ENDS = {
  out: 'You are signed out.',
  expired: 'Your sign-in has expired. Please sign in again.',
  refused: 'The server does not let you in any more.',
};

/* ---- the door ------------------------------------------------------------------------------ */

function say(text, bad) {
  const message = byId('message');
  message.hidden = !text;
  message.classList.toggle('bad', bad);
  setText(message, text);
}

/* What the page was told before it was loaded anew: why, and for whom. */
function openDoor() {
  const {why, address} = history.state ?? {};
  history.replaceState(null, '');
  byId('door').hidden = false;
  if (why in ENDS) say(ENDS[why], why !== 'out');
  byId('address').value = address ?? '';
  (address ? byId('password') : byId('address')).focus();
}

function leaveBy(why, address) {
  history.replaceState({why, address}, '');
  location.reload();
}

async function signIn(event) {
  event.preventDefault();
  const [address, password, button] = ['address', 'password', 'enter'].map(byId);
  const missing = [address, password].find((input) => !input.value.trim());
  if (missing) {
    say(missing === address ? 'Please type your address.' : 'Please type your password.', true);
    missing.focus();
    return;
  }
  if (button.disabled) return;
  button.disabled = true;
  say('Signing in…', false);
  const wire = new Wire();
  const session = new Session(wire);
  try {
    const applications = await enter(wire, address.value.trim(), password.value);
    await moveIn(session, applications, address.value.trim());
    password.value = '';
  } catch (error) {
    await session.signOut();
    password.value = '';
    say(whyNot(error), true);
    password.focus();
  } finally {
    button.disabled = false;
  }
}

/* ---- the house ------------------------------------------------------------------------------- */

async function moveIn(session, applications, address) {
  await session.open(applications);
  const house = byId('house');
  const pane = new TalkPane(session, back);
  const roster = new Roster(session, open);
  const bar = new SelfBar(session, {
    complain: (text) => setText(byId('says'), text),
    leave: async () => {
      await session.signOut();
      leaveBy('out');
    },
  });

  function open(person) {
    const talk = session.talks.with(person);
    session.talks.read(talk);
    roster.choose(person);
    pane.show(talk);
    house.dataset.pane = 'talk';
    pane.focus();
  }

  function back(over) {
    house.dataset.pane = 'list';
    if (over) roster.choose(null);
    roster.focus();
  }

  hear(session, pane, address);
  byId('door').hidden = true;
  house.hidden = false;
  bar.draw();
  roster.draw();
  pane.draw();
  roster.focus();
}

function hear(session, pane, address) {
  const inSight = (talk) => talk === pane.talk && document.hasFocus() &&
    byId('talk').offsetParent !== null;
  const title = () => {
    const unread = session.talks.list.reduce((sum, talk) => sum + talk.unread, 0);
    document.title = unread ? `(${unread}) Lychgate` : 'Lychgate';
  };
  const told = (talk, text) => {
    if (inSight(talk)) session.talks.read(talk);
    else setText(byId('says'), text);
  };
  session.talks.addEventListener('said', ({detail: {talk, line}}) => {
    if (line.kind === 'theirs') told(talk, `${talk.person.name}: ${line.text}`);
    else if (line.kind === 'notice') told(talk, line.text);
  });
  session.talks.addEventListener('asked', ({detail: talk}) =>
    told(talk, `${talk.person.name} would like to talk with you.`));
  session.talks.addEventListener('list', title);
  session.addEventListener('line', ({detail}) => drawLine(detail));
  session.addEventListener('over', ({detail}) => leaveBy(detail.why, address));
  for (const type of ['focus', 'resize'])
    addEventListener(type, () => pane.talk && inSight(pane.talk) && session.talks.read(pane.talk));
  addEventListener('online', () => session.retry());
  document.addEventListener('visibilitychange', () => document.hidden || session.retry());
  for (const type of ['keydown', 'pointerdown'])
    addEventListener(type, () => session.active(), {passive: true});
  /* Who closes the page has left; nobody shall be seen as present for an hour because of it. */
  addEventListener('pagehide', () => session.signOut());
  addEventListener('pageshow', (event) => event.persisted && leaveBy('out'));
}

function drawLine({state, seconds}) {
  const line = byId('line');
  line.hidden = state === 'connected';
  setText(line, state === 'connected' ? ''
    : 'The server cannot be reached. What you see may be old. Trying again' +
      (seconds > 1 ? ` in ${seconds} seconds…` : '…'));
}

byId('signin').addEventListener('submit', signIn);
openDoor();
