// Keeps the day sheet of a registered desk and shows it where the server does not answer.
//
// What is kept is what the paper sheet holds, for the person who works at the desk. It goes when they leave (lock,
// sign-out), when the server says that they may not have it (any answer but the sheet), and when its days are over.
// The file has no imports: a worker loads it as a plain script. `self.DESK` was set by whoever loads it.
const STORE = "kept-sheet";
const SHEET = self.DESK.sheet;
const LEAVING = self.DESK.leaving;
const ASSETS = /^\/static\/assets\/desk_sheet-/;
const NAMED = /(?:href|src)="(\/static\/assets\/desk_sheet-[^"]+)"/g;
const PASSED_ON = ["Content-Type", "Content-Language", "Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options"];
const SILENT = [502, 503, 504];
const FRESH = 60000;
// Counts how often the sheet was let go: what was on its way at that moment is not kept.
let letGo = 0;

async function forget() {
  letGo += 1;
  await caches.delete(STORE);
}

async function kept() {
  const found = await caches.match(SHEET, { cacheName: STORE });
  if (found && Date.now() >= Number(found.headers.get("X-Kept-Until"))) {
    await forget();
    return undefined;
  }
  return found;
}

async function keep(whose) {
  const found = await kept();
  if (found) {
    if (found.headers.get("X-Kept-For") !== whose) {
      await forget();
    } else if (Date.now() - Number(found.headers.get("X-Kept-At")) < FRESH) {
      return;
    }
  }
  const before = letGo;
  try {
    // A desk that asks by itself is no person at work: it locks all the same.
    const answer = await fetch(SHEET, { headers: { "X-Poll": "1" }, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(15000) });
    if (answer.status >= 500) {
      return;
    }
    if (answer.status !== 200) {
      await forget();
      return;
    }
    const html = await answer.text();
    const until = Date.now() + Number(answer.headers.get("X-Kept-Seconds")) * 1000;
    const headers = new Headers({ "X-Kept-For": whose, "X-Kept-At": String(Date.now()), "X-Kept-Until": String(until) });
    for (const name of PASSED_ON.filter((one) => answer.headers.has(one))) {
      headers.set(name, answer.headers.get(name));
    }
    const store = await caches.open(STORE);
    await store.addAll([...html.matchAll(NAMED)].map((one) => one[1]));
    await store.put(SHEET, new Response(html, { headers }));
  } catch {
    // The server is silent: what is kept stays.
  }
  if (letGo !== before) {
    await caches.delete(STORE);
  }
}

async function visit(request, leaving) {
  if (leaving) {
    await forget();
  }
  let answer;
  try {
    answer = await fetch(request);
    if (!SILENT.includes(answer.status)) {
      return answer;
    }
  } catch {
    answer = Response.error();
  }
  return (await kept()) ?? answer;
}

async function asset(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(request, { cacheName: STORE, ignoreVary: true })) ?? Response.error();
  }
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => {
  event.waitUntil(event.data.act === "keep" ? keep(event.data.whose) : forget());
});
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== self.location.origin) {
    return;
  }
  if (event.request.mode === "navigate") {
    event.respondWith(visit(event.request, LEAVING.includes(url.pathname)));
  } else if (ASSETS.test(url.pathname)) {
    event.respondWith(asset(event.request));
  }
});
