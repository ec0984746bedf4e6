/* The event channel: one long poll after the other. An answer is acknowledged by asking for
 * the next one, so what is lost on the way is told again, and nothing twice. */
import {link, Refusal} from './wire.js';

const HOLD = 180;          /* seconds the server may keep a poll */
const PATIENCE = 200000;   /* ms until we give one up */
const GATHER = 5;          /* seconds that events of low urgency may be gathered */
const PAUSES = [1, 2, 4, 8, 15, 30]; /* seconds between attempts */

export class Channel {
  #wire;
  #href;
  #hear;
  #stop = new AbortController();
  #wake = null;

  /* hear: {event(event, sender), resume(), ended(), expired(), lost(seconds), found()}, each may be
   * a promise: the next poll waits for it. */
  constructor(wire, href, hear) {
    this.#wire = wire;
    this.#href = href;
    this.#hear = hear;
  }

  stop() {
    this.#stop.abort();
    this.#wake?.();
  }

  /* Something says that it may go again: do not sit out the pause. */
  retry() {
    this.#wake?.();
  }

  async run() {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        const answer = await this.#wire.get(this.#href, {
          query: {timeout: HOLD, medium: GATHER, low: GATHER},
          patience: PATIENCE,
          signal: this.#stop.signal,
        });
        if (failures > 0) this.#hear.found();
        failures = 0;
        await this.#take(answer);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        const end = error instanceof Refusal ? {401: 'expired', 404: 'ended'}[error.status] : null;
        if (end) {
          this.#hear[end]();
          return;
        }
        const seconds = PAUSES[Math.min(failures++, PAUSES.length - 1)];
        this.#hear.lost(seconds);
        await this.#pause(seconds);
      }
    }
  }

  async #take(answer) {
    for (const sender of answer?.sender ?? [])
      for (const event of sender.events ?? []) await this.#hear.event(event, sender.href);
    if (link(answer, 'resume')) await this.#hear.resume();
    const next = link(answer, 'next') ?? link(answer, 'resync') ?? link(answer, 'resume');
    if (!next) throw new Error('an answer that leads nowhere');
    this.#href = next;
  }

  #pause(seconds) {
    return new Promise((done) => {
      const timer = setTimeout(done, seconds * 1000);
      this.#wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }
}
