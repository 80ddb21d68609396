// When something was done, by the phone on which it was done. The network may be slow or gone: a form that is sent late, or
// pressed again after a failure, keeps the moment of its first press. The server stores its own beside it. The phone counts on
// from the server's last answer, so a wrong clock in its settings harms nobody, and no step can be earlier than the page it is on.
import { on } from "./dom.js";
import { now } from "./time.js";

export function startMoments() {
  on("submit", "form", (_event, form) => {
    const field = form.querySelector("[data-moment]");
    if (field && !field.value) {
      field.value = new Date(now()).toISOString();
    }
  });
}
