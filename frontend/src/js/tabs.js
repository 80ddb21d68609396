// On a narrow screen a row of tabs is wider than the window: the chosen one is brought into view.

export function startTabs() {
  for (const chosen of document.querySelectorAll(".tabs > [aria-current], .seg > [aria-current]")) {
    const row = chosen.parentElement;
    if (row.scrollWidth > row.clientWidth) {
      row.scrollLeft = chosen.offsetLeft - row.offsetLeft - (row.clientWidth - chosen.offsetWidth) / 2;
    }
  }
}
