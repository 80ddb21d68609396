// The phone says at once when the network is gone, since when, and that nothing typed is lost.
import { $ } from "./dom.js";
import { now, wallClock } from "./time.js";
import { say } from "./words.js";

export function startOffline() {
  const strip = $("#offline");
  let since = 0;
  const show = () => {
    if (!strip) {
      return;
    }
    since = navigator.onLine ? 0 : since || now();
    const words = $("[data-offline-text]", strip);
    if (words && since) {
      words.textContent = `${wallClock(since, false)} · ${say("offline")}`;
    }
    strip.hidden = navigator.onLine;
  };
  window.addEventListener("online", show);
  window.addEventListener("offline", show);
  show();
}
