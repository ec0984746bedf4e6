/* Elements. Text gets in as textContent only; there is no other way here. */

/* node('li', {class: 'x', text: 'y', type: 'button'}, child...): attributes but for text. */
export function node(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (name === 'text') element.textContent = value;
    else element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function byId(id) {
  return document.getElementById(id);
}

/* Set the text if it is another one, so that what is read aloud is news only. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/* Make the children of `parent` those of `items`, in order. Elements stay what they are for
 * the same key, and with them focus and scrolling. */
export function reconcile(parent, items, {key, make, update}) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    let child = before.get(name);
    before.delete(name);
    if (!child) {
      child = make(item);
      child.dataset.key = name;
    }
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else keepFocus(child, () => parent.insertBefore(child, place));
  }
  for (const child of before.values()) child.remove();
}

/* Browsers forget the focus of an element that is moved. */
function keepFocus(element, move) {
  const focused = document.activeElement;
  const inside = element.contains(focused);
  move();
  if (inside) focused.focus({preventScroll: true});
}

/* Of all these buttons one can be reached by Tab; arrow keys, Home and End go on from there,
 * a letter goes to the next one that begins with it. */
export function roving(container, selector) {
  const all = () => [...container.querySelectorAll(selector)].filter((one) => one.offsetParent);
  function hold(chosen) {
    for (const one of container.querySelectorAll(selector)) one.tabIndex = one === chosen ? 0 : -1;
  }
  function find(items, at, event) {
    switch (event.key) {
    case 'ArrowDown': return items[Math.min(at + 1, items.length - 1)];
    case 'ArrowUp': return items[Math.max(at - 1, 0)];
    case 'Home': return items[0];
    case 'End': return items.at(-1);
    }
    if (event.key.length !== 1 || event.key === ' ') return null;
    const letter = event.key.toLocaleLowerCase();
    return [...items.slice(at + 1), ...items.slice(0, at + 1)]
      .find((one) => (one.dataset.name ?? '').toLocaleLowerCase().startsWith(letter));
  }
  container.addEventListener('keydown', (event) => {
    const from = event.target.closest(selector);
    if (!from || event.ctrlKey || event.altKey || event.metaKey) return;
    const items = all();
    const to = find(items, items.indexOf(from), event);
    if (!to) return;
    event.preventDefault();
    to.focus();
  });
  container.addEventListener('focusin', (event) => {
    const chosen = event.target.closest(selector);
    if (chosen) hold(chosen);
  });
  return {
    /* After the list has changed: exactly one is reached by Tab. */
    settle() {
      const items = all();
      hold(items.find((one) => one.tabIndex === 0) ?? items[0]);
    },
    first() {
      all()[0]?.focus();
    },
    focus() {
      this.settle();
      all().find((one) => one.tabIndex === 0)?.focus();
    },
  };
}
