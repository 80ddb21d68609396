// The matrix by keyboard: arrows walk the cells, Enter opens (they are links), D shows what the row counts.
import { $, $$, on } from "./dom.js";

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const HOVER_MS = 350;
let shown = null;
let hovering = 0;

function hide() {
  clearTimeout(hovering);
  if (shown?.isConnected && shown.matches(":popover-open")) {
    shown.hidePopover();
  }
  shown = null;
}

// Beside the name and within the window: below it, or above where there is no room.
function show(link) {
  const box = link && document.getElementById(link.dataset.definition);
  if (!box?.showPopover || box === shown) {
    return;
  }
  hide();
  box.showPopover();
  const name = link.closest("th").getBoundingClientRect();
  const below = name.bottom + 6;
  const top = below + box.offsetHeight < innerHeight - 8 ? below : Math.max(8, name.top - box.offsetHeight - 6);
  box.style.top = `${top}px`;
  box.style.left = `${Math.max(8, Math.min(name.left + 8, innerWidth - box.offsetWidth - 8))}px`;
  shown = box;
}

function target(cell) {
  return $("a", cell) ?? cell;
}

// The chain's column holds nothing to open; it is walked past.
function cells(row) {
  return $$(":scope > .mx-name, :scope > .mx-cell", row);
}

function move(matrix, [down, right]) {
  const rows = $$("tr[data-row]", matrix);
  const here = document.activeElement.closest?.("tr[data-row]");
  if (!here || !matrix.contains(here)) {
    target(cells(rows[0])[0]).focus();
    return;
  }
  const column = cells(here).indexOf(document.activeElement.closest("th, td"));
  const row = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(here) + down))];
  const walked = cells(row);
  const next = target(walked[Math.max(0, Math.min(walked.length - 1, Math.max(0, column) + right))]);
  next.focus({ preventScroll: true });
  uncover(matrix, next.closest("th, td"));
}

// The sticky head and the first two columns must not lie over the cell that has the focus.
function uncover(matrix, cell) {
  const box = matrix.getBoundingClientRect();
  const at = cell.getBoundingClientRect();
  const top = box.top + $("thead", matrix).offsetHeight;
  const left = cell.matches(".mx-name") ? box.left : $(".mx-chain", matrix).getBoundingClientRect().right;
  if (at.top < top) {
    matrix.scrollTop -= top - at.top;
  } else if (at.bottom > box.bottom - 12) {
    matrix.scrollTop += at.bottom - box.bottom + 12;
  }
  if (at.left < left) {
    matrix.scrollLeft -= left - at.left;
  } else if (at.right > box.right - 12) {
    matrix.scrollLeft += at.right - box.right + 12;
  }
  cell.scrollIntoView?.({ block: "nearest", inline: "nearest" });
}

function onKey(event) {
  const matrix = $("[data-matrix]");
  if (!matrix || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) {
    return;
  }
  const inside = matrix.contains(event.target);
  if (event.key === "Escape" && shown) {
    hide();
    event.preventDefault();
  } else if (STEPS[event.key] && inside) {
    hide();
    move(matrix, STEPS[event.key]);
    event.preventDefault();
  } else if (event.key.toLowerCase() === "d" && (inside || event.target === document.body)) {
    const row = (inside && event.target.closest("tr[data-row]")) || $("tr[data-row]:has(.mx-is-bad)", matrix) || $("tr[data-row]", matrix);
    if (row && shown === $(".mx-def", row)) {
      hide();
    } else if (row) {
      show($("[data-definition]", row));
    }
    event.preventDefault();
  }
}

export function startMatrix() {
  document.addEventListener("keydown", onKey);
  on("focusin", "[data-definition]", (event, link) => link.matches(":focus-visible") && show(link));
  on("focusout", "[data-definition]", hide);
  on("pointerover", ".mx-name", (event, name) => {
    clearTimeout(hovering);
    if (event.pointerType === "mouse" && $("[data-definition]", name)) {
      hovering = setTimeout(() => show($("[data-definition]", name)), HOVER_MS);
    }
  });
  on("pointerout", ".mx-name", (event, name) => event.relatedTarget instanceof Node && name.contains(event.relatedTarget) ? null : hide());
  document.addEventListener("scroll", hide, { capture: true, passive: true });
}
