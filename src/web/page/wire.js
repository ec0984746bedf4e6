/* Requests: a link, a method, an answer; or one of two errors. Everything the page asks for
 * goes through here, so this is also the only place that has the token. It lives in this
 * object and nowhere else: a page that is reloaded or closed has forgotten it. */

/* The server said no. */
export class Refusal extends Error {
  constructor(status, body, headers) {
    super(body?.message || `${status}`);
    this.status = status;
    this.code = body?.code || body?.error || '';
    this.subcode = body?.subcode || '';
    this.text = typeof body?.message === 'string' ? body.message : '';
    this.headers = headers;
  }
}

/* There was no answer, or one that no part of this server can have given. */
export class Unreachable extends Error {}

/* The address behind a link of a resource; null: it is missing, so this is not allowed now. */
export function link(resource, rel) {
  return resource?._links?.[rel]?.href ?? null;
}

export class Wire {
  #token = null;
  #going = new Set(); /* what stops each request under way */
  #closed = false;

  take(token) {
    this.#token = token;
  }

  /* Nobody waits for what was asked, nothing more can be asked, and the token is forgotten.
   * `farewell`, where there is one, is what a last DELETE goes to. */
  async close(farewell) {
    this.#closed = true;
    for (const stop of this.#going) stop();
    try {
      if (farewell && this.#token)
        await this.#send('DELETE', farewell, {keepalive: true, patience: 5000});
    } finally {
      this.#token = null;
    }
  }

  /* Links may be relative. A token goes to nobody but the host this page came from. */
  #url(href, query) {
    const url = new URL(href, location.href);
    if (url.origin !== location.origin)
      throw new Refusal(0, {code: 'Elsewhere', message: url.host});
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    return url;
  }

  /* query: an object; json, form (objects) or text: the body; patience: milliseconds.
   * Returns {status, body, headers}; body is null where there is no JSON. */
  async ask(method, href, options) {
    if (this.#closed) throw new Unreachable('signed out');
    return this.#send(method, href, options);
  }

  async #send(method, href, {query, json, form, text, patience = 30000, signal, keepalive} = {}) {
    const headers = new Headers({Accept: 'application/json'});
    if (this.#token) headers.set('Authorization', `Bearer ${this.#token}`);
    let body;
    if (json !== undefined) {
      headers.set('Content-Type', 'application/json');
      body = JSON.stringify(json);
    } else if (form !== undefined) {
      headers.set('Content-Type', 'application/x-www-form-urlencoded');
      body = new URLSearchParams(form).toString();
    } else if (text !== undefined) {
      headers.set('Content-Type', 'text/plain; charset=utf-8');
      body = text;
    }
    const stop = new AbortController();
    const stopper = () => stop.abort();
    const timer = setTimeout(stopper, patience);
    this.#going.add(stopper);
    signal?.addEventListener('abort', stopper);
    try {
      const response = await fetch(this.#url(href, query), {
        method, headers, body, keepalive, signal: stop.signal,
        cache: 'no-store', credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer',
      });
      return await this.#read(response);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new Unreachable(error.message);
    } finally {
      clearTimeout(timer);
      this.#going.delete(stopper);
      signal?.removeEventListener('abort', stopper);
    }
  }

  async #read(response) {
    const type = response.headers.get('Content-Type') ?? '';
    const body = type.includes('json') ? await response.json() : null;
    if (!response.ok) {
      /* What a proxy says when there is nobody behind it. */
      if (!body && [502, 503, 504].includes(response.status))
        throw new Unreachable(`${response.status}`);
      throw new Refusal(response.status, body, response.headers);
    }
    return {status: response.status, body, headers: response.headers};
  }

  get(href, options) {
    return this.ask('GET', href, options).then((answer) => answer.body);
  }

  post(href, options) {
    return this.ask('POST', href, options);
  }
}
