// Sentences come translated with the page; the code knows only their keys.
let words = null;

export function say(key, values = {}) {
  if (words === null) {
    const block = document.getElementById("browser-words");
    words = block ? JSON.parse(block.textContent) : {};
  }
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
