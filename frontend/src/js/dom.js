// Small helpers. `whenAdded` runs for what is on the page now and for everything that arrives later.
const watchers = [];

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

export function whenAdded(selector, act) {
  watchers.push([selector, act]);
  if (document.readyState !== "loading") {
    $$(selector).forEach(act);
  }
}

export function announceAdded(root) {
  for (const [selector, act] of watchers) {
    if (root.matches?.(selector)) {
      act(root);
    }
    $$(selector, root).forEach(act);
  }
}

export function on(type, selector, act, options) {
  document.addEventListener(
    type,
    (event) => {
      const hit = event.target instanceof Element ? event.target.closest(selector) : null;
      if (hit) {
        act(event, hit);
      }
    },
    options,
  );
}

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(name, value === true ? "" : value);
    }
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function isVisible(node) {
  return node.checkVisibility ? node.checkVisibility({ visibilityProperty: true }) : node.offsetParent !== null;
}

export function isTextField(node) {
  if (!(node instanceof Element)) {
    return false;
  }
  if (node.matches("textarea, select, [contenteditable='true']")) {
    return true;
  }
  return node.matches("input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=range], [type=file])");
}

// The region that keys and refusals belong to: the topmost open dialog, else the page.
export function topmost() {
  const open = $$("dialog[open]");
  return open.length ? open[open.length - 1] : document.body;
}

export function csrfToken() {
  return JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "";
}
