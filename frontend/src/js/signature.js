// A field to sign in: finger, pen or mouse draw lines, and the hidden field beside it keeps their points.
import { on, whenAdded } from "./dom.js";

const WIDTH = 1000;
const HEIGHT = 300;
const MOST_POINTS = 2900;
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

function prepare(pad) {
  pad.strokes = [];
  let line = null;
  let drawn = null;
  let count = 0;
  pad.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    pad.setPointerCapture(event.pointerId);
    line = [pointOf(pad, event)];
    drawn = document.createElementNS(SVG, "polyline");
    for (const [name, value] of [["fill", "none"], ["stroke", "currentColor"], ["stroke-width", "5"], ["stroke-linecap", "round"], ["stroke-linejoin", "round"]]) {
      drawn.setAttribute(name, value);
    }
    pad.append(drawn);
  });
  pad.addEventListener("pointermove", (event) => {
    if (!line || count >= MOST_POINTS) {
      return;
    }
    const point = pointOf(pad, event);
    const last = line[line.length - 1];
    if (Math.abs(point[0] - last[0]) + Math.abs(point[1] - last[1]) < 4) {
      return;
    }
    line.push(point);
    count += 1;
    drawn.setAttribute("points", line.map((one) => one.join(",")).join(" "));
  });
  const end = () => {
    if (line && line.length > 1) {
      pad.strokes.push(line);
    }
    line = null;
    keep(pad);
  };
  pad.addEventListener("pointerup", end);
  pad.addEventListener("pointercancel", end);
}

export function startSignatures() {
  whenAdded("svg[data-signature]", prepare);
  on("click", "[data-signature-clear]", (event, button) => {
    const pad = button.closest("form")?.querySelector("svg[data-signature]");
    if (pad) {
      pad.strokes = [];
      pad.replaceChildren();
      keep(pad);
    }
  });
}
