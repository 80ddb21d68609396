// Dialogs, drawers, menus, the folded right column, and small acts: back, print, copy.
import htmx from "./htmx.js";
import { $, $$, on, whenAdded } from "./dom.js";
import { toast } from "./toasts.js";
import { say } from "./words.js";

export function open(id, opener = null) {
  const box = document.getElementById(id);
  if (!(box instanceof HTMLDialogElement) || box.open) {
    return;
  }
  box.showModal();
  const load = $("[data-load]", box);
  const url = opener?.dataset.url || load?.dataset.load;
  if (load && url && (load.dataset.loaded !== url || opener?.dataset.url)) {
    load.dataset.loaded = url;
    htmx.ajax("GET", url, { target: load, swap: "innerHTML" });
  }
  const first = $("[data-autofocus]", box) ?? $("input:not([type=hidden]), select, textarea, .btn-primary", box);
  first?.focus();
}

export function close(box) {
  if (box?.open) {
    box.close();
  }
}

function aside(show) {
  const column = $("#aside");
  column?.classList.toggle("is-open", show);
  $("[data-aside=open]")?.setAttribute("aria-expanded", String(show));
  if (show) {
    column?.focus();
  }
}

export function startOverlays() {
  on("click", "[data-open]", (event, opener) => {
    event.preventDefault();
    open(opener.dataset.open, opener);
  });
  on("click", "[data-close]", (_event, button) => close(button.closest("dialog")));
  on("click", "dialog", (event, box) => {
    // A click on the scrim folds a drawer; a dialog wants an answer.
    if (event.target === box && box.matches(".drawer, .palette, .sheet")) {
      close(box);
    }
  });
  on("click", "[data-aside]", (_event, button) => aside(button.dataset.aside === "open"));
  on("click", "[data-back]", () => (history.length > 1 ? history.back() : location.assign("/")));
  on("click", "[data-print]", () => window.print());
  on("click", "[data-copy]", async (_event, button) => {
    await navigator.clipboard.writeText(button.dataset.copy);
    toast({ text: say("copied"), tone: "info" });
  });
  document.addEventListener("click", (event) => {
    for (const menu of $$("details[data-menu][open]")) {
      if (!menu.contains(event.target)) {
        menu.open = false;
      }
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") {
      return;
    }
    const menu = $("details[data-menu][open]");
    if (menu) {
      menu.open = false;
      $("summary", menu)?.focus();
    }
    if ($("#aside.is-open")) {
      aside(false);
    }
  });
  document.addEventListener("dialog:close", (event) => close(event.target.closest("dialog")));
  whenAdded("[data-open-now]", (box) => open(box.id));
  // A link to something that is folded away opens it and goes to its first field.
  const unfold = () => {
    const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
    target?.closest("details")?.setAttribute("open", "");
    const wide = matchMedia("(min-width: 768px) and (max-width: 1279.98px)").matches;
    if (wide && target?.closest("#aside")) {
      aside(true);
    }
    if (target?.closest("#aside")) {
      target.scrollIntoView({ block: "nearest" });
      $("input:not([type=hidden]), select, textarea, button", target)?.focus();
    }
  };
  window.addEventListener("hashchange", unfold);
  unfold();
}
