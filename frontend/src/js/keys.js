// The key map. Keys stand on their buttons (data-key); letters are commands outside of text fields only.
import { $, $$, element, isTextField, isVisible, on, topmost } from "./dom.js";
import { open } from "./overlays.js";
import { toast } from "./toasts.js";
import { say } from "./words.js";

const SEQUENCE_MS = 1200;
let first = "";
let firstAt = 0;

const names = { " ": "Space", Escape: "Esc", PageDown: "PgDn", PageUp: "PgUp", ArrowUp: "Up", ArrowDown: "Down", ArrowLeft: "Left", ArrowRight: "Right" };

export function keysOff() {
  return localStorage.getItem("keys") === "off";
}

function pressed(event) {
  const key = names[event.key] ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  const parts = [];
  if (event.ctrlKey || event.metaKey) {
    parts.push("Ctrl");
  }
  if (event.altKey) {
    parts.push("Alt");
    // With Alt the layout may produce another sign; the physical digit is what the label says.
    if (/^Digit\d$/.test(event.code)) {
      return [...parts, event.code.slice(5)].join(" ");
    }
  }
  return [...parts, key].join(" ");
}

function find(keys) {
  const scope = topmost();
  const hits = $$(`[data-key="${CSS.escape(keys)}"]`, scope).filter((node) => isVisible(node) && !node.closest("[inert]"));
  // Rows share their keys: the focused one answers, else the first.
  return hits.find((node) => node.closest("[data-key-first], .is-focus[data-row]")) ?? hits[0] ?? null;
}

function act(node) {
  if (isTextField(node) || node.matches("input[type=radio], input[type=checkbox]")) {
    node.focus();
    if (node.matches("input[type=radio], input[type=checkbox]")) {
      node.click();
    }
    node.select?.();
    return;
  }
  node.click();
}

// A digits-only field leaves the letters to the commands.
function takesLetters(node) {
  return isTextField(node) && !node.matches("[data-amount]");
}

function rows() {
  const scope = topmost();
  const current = $(".is-focus[data-row], [data-row]:focus-within", scope);
  const list = current?.closest("[data-rows]") ?? $("[data-rows]", scope) ?? scope;
  return $$("[data-row]", list).filter(isVisible);
}

function walk(step) {
  const all = rows();
  if (!all.length) {
    return false;
  }
  const at = all.findIndex((row) => row.classList.contains("is-focus") || row.contains(document.activeElement));
  const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))];
  all.forEach((row) => row.classList.toggle("is-focus", row === next));
  const target = $("[data-row-open], a, button", next) ?? next;
  if (target === next && !next.hasAttribute("tabindex")) {
    next.setAttribute("tabindex", "-1");
  }
  target.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  next.dispatchEvent(new CustomEvent("row:focus", { bubbles: true }));
  return true;
}

function enter(event) {
  if (event.target instanceof Element && event.target.closest("a, button, summary, input, textarea, select, [role=option]")) {
    return false;
  }
  const row = $(".is-focus[data-row]", topmost());
  const target = (row && $("[data-row-open]", row)) ?? find("Enter") ?? $(".btn-primary", topmost());
  if (!target || !isVisible(target)) {
    return false;
  }
  target.click();
  return true;
}

function submitFrom(node) {
  const form = node.closest?.("form");
  const button = (form && $('[data-key="Ctrl Enter"], .btn-primary[type=submit], button[type=submit]', form)) ?? find("Ctrl Enter");
  if (!button) {
    return false;
  }
  button.click();
  return true;
}

function help() {
  const lists = $("[data-help-lists]");
  if (!lists) {
    return;
  }
  const seen = new Set();
  const list = (title, pairs) => {
    const rows = element("dl");
    for (const [keys, words] of pairs) {
      const box = element("dt");
      for (const part of /^(Ctrl|Alt|Shift)/.test(keys) ? [keys] : keys.split(" ")) {
        box.append(element("kbd", {}, part.replace("Enter", "↵")));
      }
      rows.append(box, element("dd", {}, words));
    }
    return element("section", {}, element("h3", {}, title), pairs.length ? rows : element("p", { class: "muted" }, say("no_keys")));
  };
  const page = [];
  const go = [];
  for (const node of $$("[data-key]")) {
    const keys = node.dataset.key;
    if (seen.has(keys) || node.closest("#help, .topbar, #palette") || !isVisible(node)) {
      continue;
    }
    seen.add(keys);
    const copy = node.cloneNode(true);
    $$(".keys, kbd, .sr-only", copy).forEach((part) => part.remove());
    const words = node.dataset.keyLabel || node.getAttribute("aria-label") || $("[aria-label]", node)?.getAttribute("aria-label") || copy.textContent.trim().replace(/\s+/g, " ");
    (keys.startsWith("G ") ? go : page).push([keys, words]);
  }
  const everywhere = [
    ["/", say("key_search")],
    ["?", say("key_help")],
    ["J K", say("key_rows")],
    ["Enter", say("key_open")],
    ["Ctrl Enter", say("key_submit")],
    ["Alt 1", say("key_cure")],
    ["Z", say("key_undo")],
    ["Esc", say("key_escape")],
  ];
  lists.replaceChildren(list(say("page_keys"), page), list(say("everywhere"), everywhere));
  if (go.length) {
    lists.append(list(say("go_to"), go));
  }
  const box = $("[data-keys-switch]");
  if (box) {
    box.checked = !keysOff();
  }
  open("help");
}

function onKey(event) {
  if (event.defaultPrevented || event.isComposing || event.repeat) {
    return;
  }
  const keys = pressed(event);
  const target = event.target;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (keys === "Ctrl Enter") {
    if (submitFrom(target)) {
      event.preventDefault();
    }
    return;
  }
  if (!plain) {
    const node = find(keys);
    if (node) {
      event.preventDefault();
      act(node);
    }
    return;
  }
  if (keys === "Esc") {
    // Dialogs and menus close by themselves; on the page it is one step back.
    const back = topmost() === document.body && !isTextField(target) && !$("details[data-menu][open], #aside.is-open") ? find("Esc") : null;
    if (back) {
      event.preventDefault();
      act(back);
    }
    return;
  }
  const fresh = first && Date.now() - firstAt < SEQUENCE_MS;
  const sequence = fresh && !takesLetters(target) ? find(`${first} ${keys}`) : null;
  if (!sequence && (takesLetters(target) || (isTextField(target) && /^[\d.,\-]$/.test(event.key)))) {
    return;
  }
  if (keys === "Enter") {
    if (enter(event)) {
      event.preventDefault();
    }
    return;
  }
  if (keysOff() && event.key.length === 1) {
    return;
  }
  first = "";
  if (sequence) {
    event.preventDefault();
    act(sequence);
    return;
  }
  if (keys === "?") {
    event.preventDefault();
    help();
    return;
  }
  const hit = find(keys);
  if (hit) {
    event.preventDefault();
    act(hit);
    return;
  }
  if ((keys === "J" || keys === "Down") && (keys === "J" || target.closest?.("[data-rows]")) && walk(1)) {
    event.preventDefault();
  } else if ((keys === "K" || keys === "Up") && (keys === "K" || target.closest?.("[data-rows]")) && walk(-1)) {
    event.preventDefault();
  } else if ($(`[data-key^="${CSS.escape(keys)} "]`)) {
    first = keys;
    firstAt = Date.now();
  }
}

export function startKeys() {
  document.addEventListener("keydown", onKey);
  on("click", "[data-help]", help);
  on("change", "[data-keys-switch]", (_event, box) => {
    localStorage.setItem("keys", box.checked ? "on" : "off");
    toast({ text: say(box.checked ? "keys_on" : "keys_off"), tone: "info" });
  });
  // The key of a row appears beside its button when the row is marked. Under a pressed pointer that would move the button
  // away before it is let go, and the press would be lost: the row is marked when the press is over.
  let held = false;
  const mark = (node) => {
    const row = node?.closest?.("[data-row]");
    if (!row) {
      return;
    }
    for (const marked of $$(".is-focus[data-row]")) {
      marked.classList.toggle("is-focus", marked === row);
    }
    row.classList.add("is-focus");
  };
  const released = () => {
    held = false;
    setTimeout(() => mark(document.activeElement));
  };
  document.addEventListener("pointerdown", () => (held = true), true);
  document.addEventListener("pointerup", released, true);
  document.addEventListener("pointercancel", released, true);
  document.addEventListener("keydown", () => (held = false), true);
  document.addEventListener("focusin", (event) => {
    if (!held) {
      mark(event.target);
    }
  });
}
