/* What the page says: states, errors, times; and text out of other people's HTML. */
import {Refusal, Unreachable} from './wire.js';

/* Availability by UCWA's word: what people call it, and the class of the sign beside it. */
const AVAILABILITY = {
  Online: ['Available', 'online'],
  IdleOnline: ['Inactive', 'idle'],
  Busy: ['Busy', 'busy'],
  IdleBusy: ['Busy, inactive', 'busy'],
  DoNotDisturb: ['Do not disturb', 'dnd'],
  BeRightBack: ['Be right back', 'away'],
  Away: ['Away', 'away'],
  Offwork: ['Off work', 'away'],
  Offline: ['Offline', 'offline'],
};

const ACTIVITY = {
  'on-the-phone': 'In a call',
  'in-a-conference': 'In a conference',
  'in-a-meeting': 'In a meeting',
  'out-of-office': 'Out of office',
  'urgent-interruptions-only': 'Urgent interruptions only',
  'off-work': 'Off work',
  'be-right-back': 'Be right back',
  presenting: 'Presenting',
  away: 'Away',
  busy: 'Busy',
};

export function availabilityClass(availability) {
  return AVAILABILITY[availability]?.[1] ?? 'unknown';
}

export function availabilityText({availability, activity}) {
  const plain = AVAILABILITY[availability]?.[0] ?? 'Presence unknown';
  return activity ? ACTIVITY[activity.toLowerCase()] ?? activity : plain;
}

/* ---- errors ---------------------------------------------------------------------------- */

const CODES = {
  invalid_grant: 'The address or the password is not right, or this account may not sign in.',
  invalid_request: 'Please type the whole address, like name@example.com, and the password.',
  unsupported_grant_type: 'This server does not let browsers sign in with a password.',
  NoChallenge: 'This server does not let browsers sign in with a password.',
  TooManyApplications: 'You are signed in at too many places already. Sign out somewhere first.',
  NotServed: 'This server does not offer sign-in from a browser.',
};

const STATUSES = {
  401: 'The server did not accept this sign-in. Please try again.',
  403: 'Your account may not sign in from a browser or a phone. Your administrator decides that.',
  404: 'Something the page needs is not at this server.',
  408: 'The server took too long. Please try again.',
  429: 'Too many attempts. Please wait a little and try again.',
  503: 'The server has too much to do just now. Please try again in a minute.',
};

/* Why a sign-in did not work, in whole sentences. */
export function whyNot(error) {
  if (error instanceof Unreachable)
    return 'The server cannot be reached. Check the network connection and try again.';
  if (!(error instanceof Refusal)) return `Something unexpected happened: ${error.message}`;
  if (error.code === 'Elsewhere')
    return `Your account is served by ${error.text}. Please sign in there.`;
  return CODES[error.subcode] ?? CODES[error.code] ?? STATUSES[error.status] ?? (error.text ||
    `The server could not do that (${error.status}).`);
}

/* ---- times and texts -------------------------------------------------------------------- */

const clock = new Intl.DateTimeFormat(undefined, {hour: '2-digit', minute: '2-digit'});
const day = new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'short'});

export function timeText(at) {
  const today = new Date().toDateString() === new Date(at).toDateString();
  return (today ? clock : day).format(at);
}

const ENTITIES = {amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0'};

function entity(all, name) {
  if (name[0] !== '#') return ENTITIES[name.toLowerCase()] ?? all;
  const code = /^#x/i.test(name) ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : all;
}

/* HTML as text. What comes out is text whatever went in: it is never markup again. */
export function plainText(html) {
  return html
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<(script|style|head)\b[\s\S]*?<\/\1\s*>/gi, '')
    .replace(/<br\b[^>]*>|<\/(p|div|li|tr|h[1-6])\s*>/gi, '\n')
    .replace(/<\/?[a-z][^>]*>|<![^>]*>/gi, '')
    .replace(/&(#x?[0-9a-f]+|[a-z]+);/gi, entity)
    .trim();
}
