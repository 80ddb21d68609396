// What was typed survives a fold, a refusal and a reload: kept in this tab only, gone when sent or signed out.
import { $, element, on, whenAdded } from "./dom.js";
import { wallClock, now } from "./time.js";
import { say } from "./words.js";

const PREFIX = "draft:";
const skipped = "[type=password], [type=hidden], [type=file], [data-draft-skip], [name=csrfmiddlewaretoken]";

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

function restore(form) {
  const key = PREFIX + form.dataset.draft;
  const kept = sessionStorage.getItem(key);
  if (!kept || form.dataset.draftRestored) {
    return;
  }
  form.dataset.draftRestored = "true";
  const { values, at } = JSON.parse(kept);
  if (!write(form, values)) {
    return;
  }
  const discard = element("button", { type: "button", class: "btn btn-s" }, say("draft_discard"));
  const note = element("div", { class: "notice", role: "status" }, element("div", { class: "notice-body" }, say("draft_restored", { time: wallClock(at, false) }), " ", discard));
  discard.addEventListener("click", () => {
    sessionStorage.removeItem(key);
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
    sessionStorage.removeItem(PREFIX + sent);
  }
}

export function startDrafts() {
  settleSent();
  whenAdded("form[data-draft]", restore);
  on("input", "form[data-draft]", (_event, form) => {
    sessionStorage.setItem(PREFIX + form.dataset.draft, JSON.stringify({ values: read(form), at: now() }));
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt?.closest?.("form[data-draft]");
    if (form && event.detail.successful) {
      sessionStorage.removeItem(PREFIX + form.dataset.draft);
    }
  });
  on("submit", "form[data-draft]", (_event, form) => {
    if (!form.hasAttribute("hx-post")) {
      sessionStorage.setItem("draft-sent", form.dataset.draft);
    }
  });
  on("submit", "[data-sign-out]", () => sessionStorage.clear());
}
