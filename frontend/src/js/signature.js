// A field to sign in: finger, pen or mouse draw lines, and the hidden field beside it keeps their points.
import { on, whenAdded } from "./dom.js";

const WIDTH = 1000;
const HEIGHT = 300;
const MOST_POINTS = 2900;
const MOST_LINES = 200;
const SVG = "http://www.w3.org/2000/svg";

function keep(pad) {
  const field = document.getElementById(pad.dataset.signature);
  if (field) {
    field.value = pad.strokes.length ? JSON.stringify(pad.strokes) : "";
  }
}

function pointOf(pad, event) {
  const box = pad.getBoundingClientRect();
  const clamp = (value, most) => Math.min(most, Math.max(0, Math.round(value)));
  return [clamp(((event.clientX - box.left) / box.width) * WIDTH, WIDTH), clamp(((event.clientY - box.top) / box.height) * HEIGHT, HEIGHT)];
}

// A line as it is drawn: with its first point nothing is seen, every further one makes it longer.
function lineIn(pad) {
  const line = document.createElementNS(SVG, "polyline");
  for (const [name, value] of [["fill", "none"], ["stroke", "currentColor"], ["stroke-width", "5"], ["stroke-linecap", "round"], ["stroke-linejoin", "round"]]) {
    line.setAttribute(name, value);
  }
  pad.append(line);
  return line;
}

const show = (drawn, line) => drawn.setAttribute("points", line.map((one) => one.join(",")).join(" "));

// What a refused form brings back is drawn again; what is no drawing counts as none.
function drawnBefore(pad) {
  try {
    return JSON.parse(document.getElementById(pad.dataset.signature)?.value || "[]").filter((line) => line.length > 1);
  } catch {
    return [];
  }
}

function prepare(pad) {
  // A field may be announced more than once; drawn twice, every line would be kept twice.
  if (pad.strokes) {
    return;
  }
  pad.strokes = drawnBefore(pad);
  pad.strokes.forEach((line) => show(lineIn(pad), line));
  pad.count = pad.strokes.flat().length;
  let line = null;
  let drawn = null;
  pad.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    if (pad.strokes.length >= MOST_LINES) {
      return;
    }
    pad.setPointerCapture(event.pointerId);
    line = [pointOf(pad, event)];
    drawn = lineIn(pad);
  });
  pad.addEventListener("pointermove", (event) => {
    if (!line || pad.count >= MOST_POINTS) {
      return;
    }
    const point = pointOf(pad, event);
    const last = line[line.length - 1];
    if (Math.abs(point[0] - last[0]) + Math.abs(point[1] - last[1]) < 4) {
      return;
    }
    line.push(point);
    pad.count += 1;
    show(drawn, line);
  });
  const end = () => {
    if (line && line.length > 1) {
      pad.strokes.push(line);
      nameWhoSigns(pad.closest("form"));
    } else if (line) {
      drawn.remove();
    }
    line = null;
    keep(pad);
  };
  pad.addEventListener("pointerup", end);
  pad.addEventListener("pointercancel", end);
}

// Drawn lines need no typed name: the file knows it. What somebody typed stays; without a drawing nothing is filled in,
// because then the typed name is the signature.
function nameWhoSigns(form) {
  const field = form?.querySelector("[data-signer-names]");
  const names = field ? JSON.parse(field.dataset.signerNames) : {};
  if (!field || (field.value.trim() && !Object.values(names).includes(field.value))) {
    return;
  }
  const drawing = form.querySelector("svg[data-signature]")?.strokes?.length;
  field.value = (drawing && names[form.elements.signer?.value]) || "";
}

export function startSignatures() {
  whenAdded("svg[data-signature]", prepare);
  on("change", "input[name=signer]", (event, choice) => {
    if (choice.form?.querySelector("svg[data-signature]")?.strokes?.length) {
      nameWhoSigns(choice.form);
    }
  });
  on("click", "[data-signature-clear]", (event, button) => {
    const pad = button.closest("form")?.querySelector("svg[data-signature]");
    if (pad) {
      pad.strokes = [];
      pad.count = 0;
      pad.replaceChildren();
      keep(pad);
      nameWhoSigns(pad.closest("form"));
    }
  });
}
