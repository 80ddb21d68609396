// A registered desk keeps the day sheet in its browser: a page of somebody who may see it asks for it, any other lets it go.
import { $ } from "./dom.js";

const STORE = "kept-sheet";
const EVERY = 120000;

async function keep(workers, mark) {
  await workers.register(mark.dataset.worker, { scope: "/", updateViaCache: "none" });
  // Whoever comes back right after somebody left may be given the registration that is just being taken away: the one that
  // is ready is asked for each time.
  const ask = async () => (await workers.ready).active?.postMessage({ act: "keep", whose: mark.content });
  await ask();
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
