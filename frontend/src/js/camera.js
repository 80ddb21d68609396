// A phone has no scanner: its camera reads the code, where the browser can. Elsewhere the button stays hidden.
import { on, whenAdded } from "./dom.js";
import { deliver } from "./scan.js";

const KINDS = ["ean_13", "ean_8", "upc_a", "code_128", "data_matrix", "qr_code"];
const EVERY_MS = 150;
const able = () => "BarcodeDetector" in window && Boolean(navigator.mediaDevices?.getUserMedia);

async function read(button) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const video = document.createElement("video");
  video.className = "w-full";
  video.playsInline = true;
  video.muted = true;
  video.srcObject = stream;
  button.closest("form").after(video);
  const stop = () => {
    stream.getTracks().forEach((track) => track.stop());
    video.remove();
    button.camera = null;
  };
  button.camera = stop;
  await video.play();
  const detector = new window.BarcodeDetector({ formats: KINDS });
  while (button.camera === stop && button.isConnected) {
    const found = await detector.detect(video);
    if (found.length) {
      stop();
      deliver(found[0].rawValue);
      return;
    }
    await new Promise((after) => setTimeout(after, EVERY_MS));
  }
  stop();
}

export function startCamera() {
  whenAdded("[data-camera]", (button) => {
    button.hidden = !able();
  });
  on("click", "[data-camera]", (_event, button) => {
    if (button.camera) {
      button.camera();
      return;
    }
    // Whoever refuses the camera goes on typing; nothing is lost.
    read(button).catch(() => button.camera?.());
  });
}
