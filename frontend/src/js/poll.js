// Parts that stay fresh: asked every few seconds with their ETag, swapped only when changed, never under somebody's hands.
import htmx from "./htmx.js";
import { $, $$, element, isTextField, whenAdded } from "./dom.js";
import { now, setServerTime, wallClock } from "./time.js";
import { say } from "./words.js";

const SLOWEST = 30000;
const state = new WeakMap();

function describe(node) {
  if (!node || node === document.body) {
    return null;
  }
  if (node.id) {
    return `#${CSS.escape(node.id)}`;
  }
  const row = node.closest("[data-code]");
  if (row) {
    const inner = node === row ? "" : node.matches("a") ? " a" : node.matches("button") ? " button" : "";
    return `[data-code="${CSS.escape(row.dataset.code)}"]${inner}`;
  }
  return null;
}

// Somebody is typing into this part: the new state waits until the field is left.
function isBusy(part) {
  const active = document.activeElement;
  return part.contains(active) && isTextField(active) && active.value !== active.defaultValue;
}

function swap(part, html) {
  const focus = part.contains(document.activeElement) ? describe(document.activeElement) : null;
  const marked = describe($(".is-focus[data-row]", part));
  const scrolls = $$("[id]", part).filter((node) => node.scrollTop || node.scrollLeft).map((node) => [node.id, node.scrollTop, node.scrollLeft]);
  const opened = $$("details[id][open]", part).map((node) => node.id);
  htmx.swap(part, html, { swapStyle: "innerHTML", swapDelay: 0, settleDelay: 0, transition: false });
  for (const id of opened) {
    document.getElementById(id)?.setAttribute("open", "");
  }
  for (const [id, top, left] of scrolls) {
    document.getElementById(id)?.scrollTo(left, top);
  }
  if (marked) {
    $(marked, part)?.classList.add("is-focus");
  }
  if (focus) {
    $(focus, part)?.focus({ preventScroll: true });
  }
  part.dispatchEvent(new CustomEvent("poll:swapped", { bubbles: true }));
}

function showLost(part) {
  const strip = $("#lost");
  if (!strip) {
    return;
  }
  const since = state.get(part)?.freshAt ?? now();
  const retry = element("button", { type: "button" }, say("reconnect"));
  retry.addEventListener("click", () => document.dispatchEvent(new CustomEvent("poll:now")));
  strip.replaceChildren(element("span", {}, say("connection_lost", { time: wallClock(since) })), retry);
  strip.hidden = false;
}

async function ask(part) {
  const own = state.get(part);
  if (!part.isConnected || own.asking) {
    return;
  }
  own.asking = true;
  try {
    const headers = { "HX-Request": "true", "X-Poll": "1" };
    if (own.etag) {
      headers["If-None-Match"] = own.etag;
    }
    const url = part.dataset.pollUrl || location.href;
    const answer = await fetch(url, { headers, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(10000) });
    if (answer.status === 401 || answer.type === "opaqueredirect") {
      location.assign(answer.headers.get("HX-Redirect") ?? location.href);
      return;
    }
    if (answer.status !== 304 && !answer.ok) {
      throw new Error(String(answer.status));
    }
    const time = answer.headers.get("X-Server-Time");
    if (time) {
      setServerTime(time);
    }
    own.failures = 0;
    own.freshAt = now();
    $("#lost")?.setAttribute("hidden", "");
    if (answer.status === 200) {
      const html = await answer.text();
      if (isBusy(part)) {
        document.activeElement.addEventListener("blur", () => ask(part), { once: true });
      } else {
        own.etag = answer.headers.get("ETag") ?? "";
        // The first answer only brings the tag when the page shows the same already.
        if (own.html !== html) {
          own.html = html;
          swap(part, html);
        }
      }
    }
  } catch {
    own.failures += 1;
    if (own.failures >= 2) {
      showLost(part);
    }
  } finally {
    own.asking = false;
  }
}

function follow(part) {
  if (state.has(part)) {
    return;
  }
  const own = { etag: part.dataset.pollEtag ?? "", failures: 0, asking: false, freshAt: now(), html: null };
  state.set(part, own);
  const pause = () => Math.min(SLOWEST, Number(part.dataset.poll || 5) * 1000 * 2 ** Math.min(own.failures, 3));
  const loop = async () => {
    if (!part.isConnected) {
      return;
    }
    if (!document.hidden) {
      await ask(part);
    }
    // A little apart from each other, so that forty screens do not ask in the same instant.
    setTimeout(loop, pause() * (0.9 + Math.random() * 0.2));
  };
  setTimeout(loop, pause());
}

export function startPolling() {
  whenAdded("[data-poll]", follow);
  const all = () => $$("[data-poll]").filter((part) => state.has(part)).forEach(ask);
  document.addEventListener("poll:now", all);
  window.addEventListener("online", all);
  document.addEventListener("visibilitychange", () => document.hidden || all());
}
