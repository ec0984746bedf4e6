/* The bar on top: who one is, one's own presence and note, the way out. */
import {byId, node, setText} from './nodes.js';
import {availabilityClass, availabilityText, whyNot} from './words.js';

/* What one may say of oneself; '' is automatic again. */
const STATES = ['Online', 'Busy', 'DoNotDisturb', 'BeRightBack', 'Away', 'Offwork'];

export class SelfBar {
  #session;
  #complain;

  /* complain(text): tell the user. leave(): he wants out. */
  constructor(session, {complain, leave}) {
    this.#session = session;
    this.#complain = complain;
    const state = byId('own-state');
    for (const word of STATES)
      state.append(node('option', {value: word, text: availabilityText({availability: word})}));
    state.append(node('option', {value: '', text: 'Automatic'}));
    state.addEventListener('change', () => this.#set(() => session.setPresence(state.value)));
    const note = byId('own-note');
    byId('own-note-field').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#keepNote();
    });
    note.addEventListener('change', () => this.#keepNote());
    note.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      note.value = session.note?.message ?? '';
      event.preventDefault();
    });
    byId('leave').addEventListener('click', leave);
    session.addEventListener('self', () => this.draw());
  }

  draw() {
    const {me, presence, note} = this.#session;
    setText(byId('own-name'), me?.name || (me?.uri ?? '').replace(/^sip:/i, ''));
    byId('own-sign').className = `sign ${availabilityClass(presence?.availability)}`;
    byId('own-state-field').hidden = !this.#session.can('presence');
    byId('own-note-field').hidden = !this.#session.can('note');
    this.#drawState(presence);
    if (document.activeElement !== byId('own-note')) byId('own-note').value = note?.message ?? '';
  }

  /* A state that one cannot choose (inactive, in a call) is shown all the same. */
  #drawState(presence) {
    const state = byId('own-state');
    const word = presence?.availability ?? '';
    const text = availabilityText(presence ?? {});
    state.querySelector('option[data-shown]')?.remove();
    const usual = [...state.options].find((option) => option.value === word && word);
    if (usual && usual.textContent === text) {
      state.value = word;
      return;
    }
    const shown = node('option', {value: word || 'None', text, 'data-shown': ''});
    shown.disabled = true;
    state.prepend(shown);
    shown.selected = true;
  }

  #keepNote() {
    const text = byId('own-note').value.trim();
    if (text !== (this.#session.note?.message ?? ''))
      this.#set(() => this.#session.setNote(text));
  }

  async #set(change) {
    try {
      await change();
    } catch (error) {
      this.#complain(whyNot(error));
      this.draw();
    }
  }
}
