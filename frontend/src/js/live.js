// Clock, waits, deadlines and countdowns: one tick per second for all of them.
import { $$ } from "./dom.js";
import { clockface, now, wallClock, zoned } from "./time.js";
import { say } from "./words.js";

function gap(seconds) {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  if (minutes < 60) {
    return say("minutes", { n: minutes });
  }
  if (minutes < 2 * 24 * 60) {
    return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
  }
  return say("days", { n: Math.floor(minutes / (24 * 60)) });
}

function put(node, words) {
  if (node && node.textContent !== words) {
    node.textContent = words;
  }
}

function drawClock(moment) {
  for (const node of $$("[data-clock=time]")) {
    put(node, wallClock(moment));
  }
  for (const node of $$("[data-clock=day]")) {
    const parts = Object.fromEntries(
      zoned({ month: "2-digit", day: "2-digit" }).formatToParts(moment).map((part) => [part.type, part.value]),
    );
    put(node, `${parts.month}-${parts.day}`);
  }
}

function drawWait(node, moment) {
  const seconds = Math.max(0, Math.floor((moment - Date.parse(node.dataset.from)) / 1000));
  const ask = node.dataset.ask * 60;
  const limit = node.dataset.limit * 60;
  // Exactly on the mark is still within it.
  const stage = seconds > limit ? "over" : seconds > ask ? "ask" : "calm";
  put(node.querySelector("[data-wait-time]"), clockface(seconds));
  node.querySelector("[data-wait-fill]").setAttribute("width", `${Math.min(100, (seconds / (node.dataset.scale * 60)) * 100).toFixed(2)}%`);
  for (const name of ["calm", "ask", "over"]) {
    node.classList.toggle(`wait-${name}`, name === stage);
  }
  const hint = node.querySelector("[data-wait-hint]");
  if (hint) {
    put(hint, stage === "over" ? say("wait_over") : stage === "ask" ? say("wait_explain", { gap: clockface(limit - seconds) }) : "");
  }
}

function drawSince(node, moment) {
  put(node, clockface(Math.max(0, Math.floor((moment - Date.parse(node.getAttribute("datetime"))) / 1000))));
}

function drawDeadline(node, moment) {
  const left = (Date.parse(node.getAttribute("datetime")) - moment) / 1000;
  put(node, say(left < 0 ? "overdue" : "left", { gap: gap(left) }));
  node.classList.toggle("due-late", left < 0);
  node.classList.toggle("due-warn", left >= 0 && left <= 30 * 60);
  node.classList.toggle("due-plain", left > 30 * 60);
}

function drawCountdown(node, moment) {
  const left = Math.max(0, Math.ceil((Date.parse(node.dataset.due) - moment) / 1000));
  put(node.querySelector("[data-ring-time]"), clockface(left));
  node.querySelector("[data-ring]").setAttribute("stroke-dasharray", `${Math.min(100, (left / node.dataset.total) * 100).toFixed(2)} 100`);
  const almost = left > 0 && left < 120;
  node.classList.toggle("dial-almost", almost);
  if (almost || left === 0) {
    put(node.querySelector("[data-ring-word]"), say(left === 0 ? "over" : "almost"));
  }
  if (left === 0 && !node.dataset.ended) {
    node.dataset.ended = "true";
    node.dispatchEvent(new CustomEvent("countdown:ended", { bubbles: true }));
  }
}

function tick() {
  const moment = now();
  drawClock(moment);
  $$("[data-wait]").forEach((node) => drawWait(node, moment));
  $$("[data-since]").forEach((node) => drawSince(node, moment));
  $$("[data-deadline]").forEach((node) => drawDeadline(node, moment));
  $$("[data-countdown]").forEach((node) => drawCountdown(node, moment));
  document.dispatchEvent(new CustomEvent("clock:tick", { detail: { now: moment } }));
}

export function startLive() {
  tick();
  const follow = () => {
    tick();
    setTimeout(follow, 1000 - (now() % 1000) + 5);
  };
  setTimeout(follow, 1000 - (now() % 1000) + 5);
  document.addEventListener("visibilitychange", () => document.hidden || tick());
}
