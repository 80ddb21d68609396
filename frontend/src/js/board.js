// Moving a block: by mouse or by M, arrows and Enter. The server decides; nothing is stored before the drop.
import htmx from "./htmx.js";
import { $, $$, on } from "./dom.js";
import { toast } from "./toasts.js";
import { say } from "./words.js";

let moving = null;

const cellOf = (block) => block.closest(".bk-cell");

function rowOf(cell) {
  return Number([...cell.classList].find((name) => name.startsWith("row-start-")).slice(10));
}

function setRow(cell, row) {
  for (const name of [...cell.classList]) {
    if (name.startsWith("row-start-")) {
      cell.classList.remove(name);
    }
  }
  cell.classList.add(`row-start-${row}`);
}

function begin(block) {
  const cell = cellOf(block);
  const board = block.closest("[data-board]");
  moving = { block, cell, board, home: cell.parentElement, row: rowOf(cell), last: Number(board.dataset.rowsTotal) - Number(block.dataset.span) + 1 };
  moving.ghost = cell.cloneNode(true);
  $(".bk", moving.ghost).classList.add("bk-ghost");
  $(".bk", moving.ghost).removeAttribute("href");
  cell.before(moving.ghost);
  block.classList.add("bk-drop");
  toast({ text: say("move_hint"), tone: "info" });
}

function end(back) {
  if (!moving) {
    return;
  }
  if (back) {
    setRow(moving.cell, moving.row);
    moving.home.append(moving.cell);
  }
  moving.ghost.remove();
  moving.block.classList.remove("bk-drop");
  moving.block.focus();
  moving = null;
}

function shift(columns, rows) {
  const all = $$(".board-col:not(.board-off)", moving.board);
  const at = all.indexOf(moving.cell.closest(".board-col"));
  const next = all[Math.max(0, Math.min(all.length - 1, at + columns))];
  if (next && columns) {
    $(".board-lane", next).append(moving.cell);
  }
  setRow(moving.cell, Math.max(1, Math.min(moving.last, rowOf(moving.cell) + rows)));
  moving.block.focus();
  moving.cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function drop() {
  const { block, cell, board } = moving;
  const values = { column: cell.closest(".board-col").dataset.column, at: rowOf(cell) - 1 };
  const answer = htmx.ajax("POST", block.dataset.moveUrl, { source: board, target: block.dataset.moveTarget || board, swap: block.dataset.moveTarget ? "innerHTML" : "none", values });
  end(false);
  Promise.resolve(answer).finally(() => document.dispatchEvent(new CustomEvent("poll:now")));
}

export function startBoard() {
  document.addEventListener(
    "keydown",
    (event) => {
      const block = document.activeElement?.closest?.("[data-block][data-move-url]");
      if (!moving && block && event.key.toLowerCase() === "m" && !event.ctrlKey && !event.altKey && !event.metaKey) {
        event.preventDefault();
        event.stopImmediatePropagation();
        begin(block);
        return;
      }
      if (!moving) {
        return;
      }
      const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
      if (steps[event.key] || event.key === "Enter" || event.key === "Escape") {
        event.preventDefault();
        event.stopImmediatePropagation();
        if (steps[event.key]) {
          shift(...steps[event.key]);
        } else if (event.key === "Enter") {
          drop();
        } else {
          end(true);
        }
      }
    },
    true,
  );
  on("dragstart", "[data-block][data-move-url]", (event, block) => {
    begin(block);
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", block.dataset.code ?? "");
  });
  on("dragover", ".board-col:not(.board-off) .board-lane", (event, lane) => {
    if (!moving) {
      return;
    }
    event.preventDefault();
    const { top, height } = lane.getBoundingClientRect();
    const row = Math.floor((event.clientY - top) / (height / Number(moving.board.dataset.rowsTotal))) + 1;
    if (moving.cell.parentElement !== lane) {
      lane.append(moving.cell);
    }
    setRow(moving.cell, Math.max(1, Math.min(moving.last, row)));
  });
  on("drop", ".board-lane", (event) => {
    if (moving) {
      event.preventDefault();
      drop();
    }
  });
  document.addEventListener("dragend", () => end(true));
}
