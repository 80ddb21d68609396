// What was typed survives a fold, a refusal, a reload, and somebody else at the same desk: the server keeps it, sealed, for
// the person whose page this is. Nothing of it stays in the browser of a shared computer, except in this tab while there is
// no network. Whoever is not signed in (a sign-up) has no server to keep it: then the tab does.
import { $, csrfToken, element, on, whenAdded } from "./dom.js";
import { wallClock, now } from "./time.js";
import { say } from "./words.js";

const PREFIX = "draft:";
const PAUSE = 700;
const skipped = "[type=password], [type=hidden], [type=file], [data-draft-skip], [data-no-draft], [name=csrfmiddlewaretoken]";
const pending = new Map();

const person = () => document.body.dataset.person ?? "";
const serverUrl = () => document.body.dataset.draftsUrl ?? "";
const tabKey = (key) => `${PREFIX}${person()}:${key}`;

const fields = (form) => [...form.elements].filter((field) => field.name && field.matches("input, select, textarea") && !field.matches(skipped));

function read(form) {
  const values = {};
  for (const field of fields(form)) {
    if (field.matches("[type=checkbox], [type=radio]")) {
      if (field.checked) {
        (values[field.name] ??= []).push(field.value);
      }
    } else if (field.multiple && field.options) {
      values[field.name] = [...field.selectedOptions].map((option) => option.value);
    } else {
      values[field.name] = [field.value];
    }
  }
  return values;
}

function write(form, values) {
  let changed = false;
  for (const field of fields(form)) {
    const wanted = values[field.name] ?? [];
    if (field.matches("[type=checkbox], [type=radio]")) {
      changed ||= field.checked !== wanted.includes(field.value);
      field.checked = wanted.includes(field.value);
    } else if (field.multiple && field.options) {
      for (const option of field.options) {
        option.selected = wanted.includes(option.value);
      }
    } else if (wanted.length && field.value !== wanted[0]) {
      field.value = wanted[0];
      changed = true;
    }
  }
  return changed;
}

function toServer(key, content) {
  return fetch(serverUrl(), {
    method: "POST",
    body: new URLSearchParams({ form: key, person: person(), content }),
    headers: { "X-CSRFToken": csrfToken() },
    redirect: "manual",
    keepalive: true,
  });
}

function keepInTab(key, values) {
  sessionStorage.setItem(tabKey(key), JSON.stringify({ values, at: now() }));
}

async function keep(key, values) {
  if (!serverUrl()) {
    keepInTab(key, values);
    return;
  }
  try {
    await toServer(key, JSON.stringify(values));
    sessionStorage.removeItem(tabKey(key));
  } catch {
    keepInTab(key, values);
  }
}

function forget(key) {
  clearTimeout(pending.get(key)?.timer);
  pending.delete(key);
  sessionStorage.removeItem(tabKey(key));
  if (serverUrl()) {
    toServer(key, "").catch(() => {});
  }
}

function later(form) {
  const key = form.dataset.draft;
  clearTimeout(pending.get(key)?.timer);
  pending.set(key, { form, timer: setTimeout(() => flush(key), PAUSE) });
}

function flush(key) {
  const waiting = pending.get(key);
  if (waiting) {
    clearTimeout(waiting.timer);
    pending.delete(key);
    keep(key, read(waiting.form));
  }
}

async function kept(key) {
  const here = sessionStorage.getItem(tabKey(key));
  if (here || !serverUrl()) {
    return here ? JSON.parse(here) : null;
  }
  try {
    const answer = await fetch(`${serverUrl()}?${new URLSearchParams({ form: key })}`, { redirect: "manual" });
    const found = answer.ok ? await answer.json() : {};
    return found.values ? { values: found.values, at: Date.parse(found.at) } : null;
  } catch {
    return null;
  }
}

async function restore(form) {
  if (form.dataset.draftRestored) {
    return;
  }
  form.dataset.draftRestored = "true";
  // A refused post brings back what was sent, which is newer than any draft.
  if ($(".form-errors, [aria-invalid='true']", form)) {
    return;
  }
  const key = form.dataset.draft;
  const found = await kept(key);
  // Who types faster than the answer comes is right.
  if (!found || form.dataset.draftTouched || !write(form, found.values)) {
    return;
  }
  const discard = element("button", { type: "button", class: "btn btn-s" }, say("draft_discard"));
  const note = element("div", { class: "notice", role: "status" }, element("div", { class: "notice-body" }, say("draft_restored", { time: wallClock(found.at, false) }), " ", discard));
  discard.addEventListener("click", () => {
    forget(key);
    form.reset();
    note.remove();
  });
  form.prepend(note);
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

// Did the plain post of a moment ago succeed? Then the form is gone or a toast says so; a refusal keeps the draft.
function settleSent() {
  const sent = sessionStorage.getItem("draft-sent");
  sessionStorage.removeItem("draft-sent");
  if (!sent || $("main .refusal, main .form-errors, .lone-code")) {
    return;
  }
  if ($("[data-toasts] p") || !$(`form[data-draft="${CSS.escape(sent)}"]`)) {
    forget(sent);
  }
}

export function startDrafts() {
  settleSent();
  whenAdded("form[data-draft]", restore);
  on("input", "form[data-draft]", (event, form) => {
    if (event.isTrusted) {
      form.dataset.draftTouched = "true";
    }
    later(form);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt;
    if (form?.matches?.("form[data-draft]") && event.detail.successful) {
      forget(form.dataset.draft);
    }
  });
  on("submit", "form[data-draft]", (_event, form) => {
    flush(form.dataset.draft);
    if (!form.hasAttribute("hx-post")) {
      sessionStorage.setItem("draft-sent", form.dataset.draft);
    }
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      [...pending.keys()].forEach(flush);
    }
  });
  on("submit", "[data-sign-out]", () => sessionStorage.clear());
}
