// A registered desk keeps the day sheet in its browser: a page of somebody who may see it asks for it, any other lets it go.
import { $ } from "./dom.js";

const STORE = "kept-sheet";
const EVERY = 120000;

async function keep(workers, mark) {
  const registration = await workers.register(mark.dataset.worker, { scope: "/", updateViaCache: "none" });
  await workers.ready;
  const ask = () => registration.active?.postMessage({ act: "keep", whose: mark.content });
  ask();
  setInterval(ask, EVERY);
}

async function letGo(workers) {
  const registration = await workers.getRegistration("/");
  if (registration) {
    registration.active?.postMessage({ act: "forget" });
    await caches.delete(STORE);
    await registration.unregister();
  }
}

export function startKeptSheet() {
  const workers = navigator.serviceWorker;
  if (!workers) {
    return;
  }
  const mark = $('meta[name="kept-sheet"]');
  // A browser that does not allow it works as without a registration.
  (mark ? keep(workers, mark) : letGo(workers)).catch(() => {});
}
