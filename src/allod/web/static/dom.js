// Elements out of values. Text is only ever put in as text: names and reasons are untrusted.

/** An element; `props` are attributes, `on…` functions, and `style` as a map of CSS properties. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, item] of Object.entries(value)) node.style.setProperty(key, item);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

const shown = new WeakMap();

/**
 * Make the children of `parent` those of `items`, and touch only what changed, so that focus,
 * selection and scrolling stay where they are. Items that are new after the first time glow.
 */
export function keyed(parent, items, keyOf, render) {
  const before = shown.get(parent);
  const now = new Map();
  if (!before) parent.replaceChildren();
  for (const item of items) {
    const key = keyOf(item);
    const mark = JSON.stringify(item);
    const old = before?.get(key);
    if (old && old.mark === mark) {
      now.set(key, old);
      continue;
    }
    const node = render(item);
    if (old) replaceKeepingFocus(old.node, node);
    else if (before) node.classList.add("new");
    now.set(key, { mark, node });
  }
  let next = parent.firstElementChild;
  for (const { node } of now.values()) {
    if (node === next) next = next.nextElementSibling;
    else parent.insertBefore(node, next);
  }
  while (next) {
    const gone = next;
    next = next.nextElementSibling;
    gone.remove();
  }
  shown.set(parent, now);
  parent.removeAttribute("aria-busy");
}

/** Show `nodes` alone in `parent`, and forget what `keyed` knew of it. */
export function only(parent, ...nodes) {
  shown.delete(parent);
  parent.replaceChildren(...nodes);
  parent.removeAttribute("aria-busy");
}

function replaceKeepingFocus(old, node) {
  const active = document.activeElement;
  const mark = old.contains(active) ? active.getAttribute("data-focus") : null;
  for (const details of old.querySelectorAll("details[open][data-keep]")) {
    node.querySelector(`details[data-keep="${CSS.escape(details.dataset.keep)}"]`)?.setAttribute("open", "");
  }
  old.replaceWith(node);
  if (mark) node.querySelector(`[data-focus="${CSS.escape(mark)}"]`)?.focus({ preventScroll: true });
}
