// htmx without eval, without scripts in answers, for this host only; refusals land beside the act that was refused.
import htmx from "htmx.org";
import { $, announceAdded } from "./dom.js";
import { setServerTime } from "./time.js";
import { toast } from "./toasts.js";
import { say } from "./words.js";

Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  selfRequestsOnly: true,
  includeIndicatorStyles: false,
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  scrollBehavior: "auto",
  timeout: 20000,
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    // A page that shows a refusal itself (a taken slot, a stale version, what is missing) comes as it is.
    { code: "4(09|12|22)", swap: true, error: false },
    { code: "[45]..", swap: false, error: true },
  ],
});

// The nearest slot outwards from the element that asked; the page's own slot is the last resort.
function refusalSlot(origin) {
  const scopes = ["[data-refusal-scope]", "form", "dialog", "main"];
  for (const scope of scopes) {
    const slot = origin?.closest?.(scope)?.querySelector("[data-refusal-slot]");
    if (slot) {
      return slot;
    }
  }
  return $("main [data-refusal-slot]");
}

function clearRefusal(origin) {
  refusalSlot(origin)?.replaceChildren();
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (xhr.getResponseHeader("X-Refusal")) {
    const slot = refusalSlot(requestConfig.elt);
    if (slot) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
      event.detail.target = slot;
      event.detail.swapOverride = "innerHTML";
      // Whatever part of a page the act would have taken from its answer: a refusal is taken whole.
      event.detail.selectOverride = "unset";
      // A form that picks a part of the page out of its answer would find nothing in a refusal.
      event.detail.selectOverride = "unset";
    } else {
      event.detail.shouldSwap = false;
      event.detail.isError = true;
    }
  } else if (xhr.status < 400) {
    clearRefusal(requestConfig.elt);
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  const time = event.detail.xhr?.getResponseHeader("X-Server-Time");
  if (time) {
    setServerTime(time);
  }
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (!xhr.getResponseHeader("X-Refusal") || !refusalSlot(requestConfig.elt)) {
    toast({ text: say(xhr.status === 401 ? "forbidden" : "error"), tone: "error" });
  }
});
document.addEventListener("htmx:sendError", () => toast({ text: say("error"), tone: "error" }));
document.addEventListener("htmx:timeout", () => toast({ text: say("error"), tone: "error" }));

document.addEventListener("htmx:load", (event) => {
  const added = event.detail.elt;
  announceAdded(added);
  if (added.closest("[data-refusal-slot]")) {
    added.closest("[data-refusal-slot]").scrollIntoView({ block: "nearest" });
  }
  const wanted = added.matches?.("[data-autofocus]") ? added : $("[data-autofocus]", added);
  wanted?.focus({ preventScroll: true });
});

export default htmx;
