// Small manners of forms.
import { $, $$, on, whenAdded } from "./dom.js";

function reasonGate(button) {
  const field = button.form?.elements[button.dataset.confirmReason] ?? document.getElementById(button.dataset.confirmReason);
  if (!field) {
    return;
  }
  const check = () => {
    button.disabled = field.value.trim() === "";
  };
  field.addEventListener("input", check);
  check();
}

export function startForms() {
  // Digits, one point, a leading minus: an amount is never prose.
  on("beforeinput", "[data-amount]", (event) => {
    if (event.data && /[^\d.,\-]/.test(event.data)) {
      event.preventDefault();
    }
  });
  on("change", "[data-submit-on-change]", (event, scope) => {
    const form = scope.matches("form") ? scope : scope.closest("form");
    if (event.target.form === form) {
      form.requestSubmit();
    }
  });
  // A sum that the page shows goes into a field: what is missing stays owed on this item.
  on("click", "[data-put]", (_event, button) => {
    const field = document.getElementById(button.dataset.put);
    const value = $(button.dataset.putFrom)?.dataset.value;
    if (field && value) {
      field.value = value;
      field.focus();
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
  whenAdded("[data-confirm-reason]", reasonGate);
  on("click", "[aria-disabled=true]", (event) => event.preventDefault());
  // A second click must not send twice; the button says that it works.
  on("submit", "form", (event, form) => {
    if (event.defaultPrevented || form.matches("[method=get], [hx-post], [hx-get], [data-resend]")) {
      return;
    }
    const button = event.submitter;
    if (button) {
      setTimeout(() => {
        button.setAttribute("aria-busy", "true");
      });
    }
  });
  window.addEventListener("pageshow", () => $$('form [aria-busy="true"]').forEach((button) => button.removeAttribute("aria-busy")));
  // 1–9 choose within the focused group.
  on("keydown", "[data-choices]", (event, group) => {
    if (/^[1-9]$/.test(event.key) && !event.ctrlKey && !event.altKey && !event.metaKey) {
      const radio = $$("input[type=radio]", group)[Number(event.key) - 1];
      if (radio) {
        event.preventDefault();
        radio.focus();
        radio.click();
      }
    }
  });
  // After a refused post the first wrong field has the focus.
  if (!$("[data-autofocus]")) {
    $('main [aria-invalid="true"]')?.focus();
  }
}
