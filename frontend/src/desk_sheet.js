// The day sheet that a desk keeps: days that are over are gone, today's is open, and it says when the server is back.
import "./desk_sheet.css";

const ASK_EVERY = 15000;
const found = await caches.match(document.body.dataset.sheet, { cacheName: "kept-sheet" });
const age = found ? (Date.now() - Number(found.headers.get("X-Kept-At"))) / 1000 : 0;
const days = [...document.querySelectorAll("[data-seconds]")];
for (const day of days.filter((one) => age >= Number(one.dataset.seconds))) {
  day.remove();
}
document.querySelector("[data-seconds]")?.setAttribute("open", "");
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());

const back = document.querySelector("[data-back]");

async function ask() {
  try {
    const answer = await fetch(back.dataset.back, { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (answer.ok) {
      back.hidden = false;
      clearInterval(asking);
    }
  } catch {
    // Still silent.
  }
}

const asking = setInterval(ask, ASK_EVERY);
window.addEventListener("online", ask);
