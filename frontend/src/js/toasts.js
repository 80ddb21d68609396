// Done, with undo for eight seconds where it can be undone. Errors stay until they are read.
import { $, $$, csrfToken, element, whenAdded } from "./dom.js";
import { say } from "./words.js";

const UNDO_SECONDS = 8;
const SHORT_SECONDS = 5;

export function toast({ text, tone = "done", undo = "" }) {
  const place = $("#toasts");
  if (!place || !text) {
    return;
  }
  const box = element("div", { class: `toast toast-${tone}` }, element("span", { class: "toast-words" }, text));
  const leave = () => box.remove();
  let left = undo ? UNDO_SECONDS : SHORT_SECONDS;
  if (undo) {
    const button = element("button", { type: "button", "data-key": "Z" }, say("undo"), " ", element("kbd", { "aria-hidden": "true" }, "Z"));
    button.addEventListener("click", async () => {
      button.disabled = true;
      const answer = await fetch(undo, { method: "POST", headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true" }, redirect: "manual" }).catch(() => null);
      leave();
      if (answer && (answer.ok || answer.type === "opaqueredirect")) {
        const next = answer.headers.get("HX-Redirect");
        document.dispatchEvent(new CustomEvent("poll:now"));
        if (next) {
          location.assign(next);
        } else {
          toast({ text: say("undone"), tone: "info" });
        }
      } else {
        toast({ text: say("undo_failed"), tone: "error" });
      }
    });
    box.append(button, element("span", { class: "toast-left" }, say("seconds", { n: left })));
  }
  if (tone === "error" || !undo) {
    const close = element("button", { type: "button", class: "toast-close", "aria-label": say("close") }, "×");
    close.addEventListener("click", leave);
    box.append(close);
  }
  place.append(box);
  if (tone !== "error") {
    const count = setInterval(() => {
      if (box.matches(":hover, :focus-within")) {
        return;
      }
      left -= 1;
      const words = $(".toast-left", box);
      if (words) {
        words.textContent = say("seconds", { n: left });
      }
      if (left <= 0 || !box.isConnected) {
        clearInterval(count);
        leave();
      }
    }, 1000);
  }
}

export function startToasts() {
  document.addEventListener("toast", (event) => toast(event.detail));
  document.addEventListener("toasts", (event) => event.detail.items?.forEach(toast));
  whenAdded("[data-toasts]", (list) => {
    for (const line of $$("p", list)) {
      const extra = line.dataset.extra?.startsWith("{") ? JSON.parse(line.dataset.extra) : {};
      const tones = { success: "done", warning: "warn", error: "error" };
      toast({ text: line.textContent, tone: extra.tone ?? tones[line.dataset.tone] ?? "info", undo: extra.undo });
    }
    list.remove();
  });
}
