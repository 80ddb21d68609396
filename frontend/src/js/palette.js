// One box for people, records and commands. The server answers what it knows; the page adds what it can do.
import { $, $$, element, isVisible, on } from "./dom.js";
import { say } from "./words.js";

const DELAY = 120;
let timer = 0;
let asked = 0;

function commands(query) {
  const wanted = query.trim().toLowerCase();
  const found = [];
  const seen = new Set();
  // Rooms behind "More" are found by their name as well.
  const rooms = wanted ? ", .sheet-list a" : "";
  for (const node of $$(`.rail-item, .topnav a, main [data-key], .toolbar [data-key], .foot [data-key], .aside [data-key]${rooms}`)) {
    const hidden = !node.matches(".sheet-list a") && (node.closest("dialog") || !isVisible(node));
    if (hidden || node.matches("[aria-disabled=true]")) {
      continue;
    }
    const copy = node.cloneNode(true);
    $$(".keys, kbd, .count, .sr-only, svg", copy).forEach((part) => part.remove());
    const title = (node.dataset.keyLabel || copy.textContent).trim().replace(/\s+/g, " ");
    if (!title || seen.has(title) || !title.toLowerCase().includes(wanted)) {
      continue;
    }
    seen.add(title);
    found.push({ title, node, keys: node.dataset.key ?? "" });
  }
  return found.slice(0, wanted ? 8 : 14);
}

function commandGroup(query) {
  const found = commands(query);
  if (!found.length) {
    return null;
  }
  const group = element("div", { class: "palette-group", role: "group", "aria-label": say("commands") }, element("p", { class: "palette-label", "aria-hidden": "true" }, say("commands")));
  for (const one of found) {
    const item = element("button", { type: "button", class: "palette-item", role: "option", "aria-selected": "false", tabindex: "-1" });
    item.append(element("span", { class: "palette-title" }, one.title));
    if (one.keys) {
      const keys = element("span", { class: "keys", "aria-hidden": "true" });
      one.keys.split(" ").forEach((part) => keys.append(element("kbd", {}, part)));
      item.append(keys);
    }
    item.addEventListener("click", () => {
      $("#palette").close();
      one.node.click();
    });
    group.append(item);
  }
  return group;
}

const options = () => $$("#palette-results [role=option]");

function choose(index) {
  const all = options();
  const at = Math.max(0, Math.min(all.length - 1, index));
  all.forEach((item, number) => {
    item.setAttribute("aria-selected", String(number === at));
    item.id ||= `palette-${number}-${Math.random().toString(36).slice(2, 8)}`;
  });
  const input = $("#palette-input");
  if (all[at]) {
    input.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

async function ask(query) {
  const results = $("#palette-results");
  const number = (asked += 1);
  const url = document.body.dataset.searchUrl;
  const parts = [];
  if (query.trim() && url) {
    const answer = await fetch(`${url}?${new URLSearchParams({ q: query })}`, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (number !== asked) {
      return; // a newer question is on its way
    }
    if (answer?.status === 401) {
      location.assign(answer.headers.get("HX-Redirect") ?? location.href);
      return;
    }
    if (answer?.ok && !answer.redirected) {
      const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
      parts.push(...parsed.body.childNodes);
    }
  }
  const own = commandGroup(query);
  const nothing = !own && !parts.some((node) => node.querySelector?.("[role=option]"));
  results.replaceChildren(...(own && parts.some((node) => node.matches?.(".palette-none")) ? [] : parts), ...(own ? [own] : []));
  if (nothing && !$(".palette-none", results)) {
    results.append(element("p", { class: "palette-none" }, say("nothing_found")));
  }
  choose(0);
}

export function openPalette(query = "") {
  const box = $("#palette");
  if (!box) {
    return;
  }
  if (!box.open) {
    box.showModal();
  }
  const input = $("#palette-input");
  input.value = query;
  input.focus();
  ask(query);
}

export function startPalette() {
  on("click", "[data-palette]", () => openPalette());
  on("input", "#palette-input", (_event, input) => {
    clearTimeout(timer);
    timer = setTimeout(() => ask(input.value), DELAY);
  });
  on("keydown", "#palette-input", (event) => {
    const all = options();
    const at = all.findIndex((item) => item.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && all[at]) {
      event.preventDefault();
      all[at].click();
    }
  });
}
