/* The way in, as every client of UCWA goes it: autodiscover, user, challenge, token, user
 * again, and there the link to the applications. The first address is the only one the page
 * knows by itself. */
import {link, Refusal} from './wire.js';

const ROOT = '/Autodiscover/AutodiscoverService.svc/root';
const REDIRECTS = 5;

/* Follow `redirect` until there is what we want. Autodiscover sends users of another pool to
 * that pool's server, which this page may not ask: then the error names it. */
async function follow(wire, href, rel) {
  let resource = await wire.get(href);
  for (let i = 0; i < REDIRECTS && !link(resource, rel) && link(resource, 'redirect'); i++)
    resource = await wire.get(link(resource, 'redirect'));
  return resource;
}

/* Where tokens are to be had, out of the 401 that a question without one gets. */
async function challenge(wire, user) {
  try {
    await wire.get(user);
  } catch (error) {
    const words = error.headers?.get('WWW-Authenticate') ?? '';
    const found = /MsRtcOAuth[^"]*href="([^"]+)"[^"]*grant_type="([^"]*)"/i.exec(words);
    if (error.status === 401 && found && found[2].split(',').includes('password')) return found[1];
    throw error;
  }
  throw new Refusal(0, {code: 'NoChallenge'});
}

/* Prove who one is. The wire has the token then, and the password is nowhere any more.
 * Returns the link to the applications. */
export async function enter(wire, address, password) {
  const root = await follow(wire, ROOT, 'user');
  const user = link(root, 'user');
  if (!user) throw new Refusal(0, {code: 'NotServed'});
  const {body} = await wire.post(await challenge(wire, user), {
    form: {grant_type: 'password', username: address, password},
  });
  wire.take(body.access_token);
  const applications = link(await follow(wire, user, 'applications'), 'applications');
  if (!applications) throw new Refusal(0, {code: 'NotServed'});
  return applications;
}
