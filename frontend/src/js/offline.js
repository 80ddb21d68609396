// The phone says at once when the network is gone, and that nothing typed is lost.
import { $ } from "./dom.js";

export function startOffline() {
  const strip = $("#offline");
  const show = () => {
    if (strip) {
      strip.hidden = navigator.onLine;
    }
  };
  window.addEventListener("online", show);
  window.addEventListener("offline", show);
  show();
}
