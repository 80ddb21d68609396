// Scanners and card readers type: faster than any hand, ended by Enter. They are recognised in any focus.
import { $, isTextField, isVisible, topmost } from "./dom.js";
import { openPalette } from "./palette.js";

const FASTEST_HAND_MS = 35;
const SHORTEST = 6;
let typed = "";
let startedAt = 0;
let lastAt = 0;
let before = null;

function restore() {
  if (before && before.node.isConnected) {
    before.node.value = before.value;
    before.node.dispatchEvent(new Event("input", { bubbles: true }));
  }
  before = null;
}

export function deliver(code) {
  const event = new CustomEvent("scan", { detail: { code }, cancelable: true, bubbles: true });
  document.dispatchEvent(event);
  if (event.defaultPrevented) {
    return;
  }
  const field = [...topmost().querySelectorAll("[data-scan]")].find(isVisible) ?? $("main [data-scan]");
  if (field) {
    field.value = code;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
    field.form?.requestSubmit();
    return;
  }
  openPalette(code);
}

export function startScanner() {
  document.addEventListener(
    "keydown",
    (event) => {
      const at = event.timeStamp;
      if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) {
        typed = "";
        return;
      }
      if (event.key === "Enter") {
        const fast = typed.length >= SHORTEST && (lastAt - startedAt) / Math.max(1, typed.length - 1) < FASTEST_HAND_MS && at - lastAt < 120;
        const code = typed;
        typed = "";
        if (fast) {
          event.preventDefault();
          event.stopImmediatePropagation();
          restore();
          deliver(code);
        }
        return;
      }
      if (event.key.length !== 1) {
        return;
      }
      if (!typed || at - lastAt > FASTEST_HAND_MS * 2) {
        typed = "";
        startedAt = at;
        before = isTextField(event.target) && event.target.matches("input, textarea") ? { node: event.target, value: event.target.value } : null;
      }
      typed += event.key;
      lastAt = at;
      // From the third fast sign on it is no hand: letters must not fire commands meanwhile.
      if (typed.length >= 3 && (at - startedAt) / (typed.length - 1) < FASTEST_HAND_MS && !isTextField(event.target)) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    },
    true,
  );
}
