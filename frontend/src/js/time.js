// The server owns the time. Every answer brings its clock; between answers this machine only counts on.
let offset = 0;
let zone = "Asia/Shanghai";

export function setServerTime(iso) {
  const moment = Date.parse(iso);
  if (!Number.isNaN(moment)) {
    offset = moment - Date.now();
  }
}

export function now() {
  return Date.now() + offset;
}

export function zoned(options) {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options });
}

export function wallClock(moment, seconds = true) {
  const shape = { hour: "2-digit", minute: "2-digit" };
  if (seconds) {
    shape.second = "2-digit";
  }
  return zoned(shape).format(moment);
}

export function clockface(seconds) {
  const total = Math.floor(Math.abs(seconds));
  const hours = Math.floor(total / 3600);
  const two = (value) => String(value).padStart(2, "0");
  const rest = `${two(Math.floor((total % 3600) / 60))}:${two(total % 60)}`;
  return hours ? `${hours}:${rest}` : rest.replace(/^0/, "");
}

const source = document.querySelector('meta[name="server-time"]');
if (source) {
  zone = source.dataset.zone || zone;
  // The page took a moment to arrive; its own navigation timing says how long.
  const [navigation] = performance.getEntriesByType("navigation");
  const age = navigation ? Math.max(0, performance.now() - navigation.responseStart) : 0;
  setServerTime(new Date(Date.parse(source.content) + age).toISOString());
}
