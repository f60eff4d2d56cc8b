"use strict";
// Tables sort by a click on a heading, and show the rows that have all words of their filter.
const NUMBER = /^[~$<>\u2265\u2264\s]*(-?[\d,]*\.?\d+(?:e[+-]?\d+)?)([KMBT]?)(?![\d-])/;
const SIZES = { "": 1, K: 1e3, M: 1e6, B: 1e9, T: 1e12 };
const text = (cell) => cell.textContent.trim();
function number(words) {
  const found = NUMBER.exec(words);
  return found ? Number(found[1].replaceAll(",", "")) * SIZES[found[2]] : NaN;
}
function sort(table, place, heading) {
  const down = heading.getAttribute("aria-sort") === "ascending";
  const rows = [...table.tBodies[0].rows];
  const keys = new Map(rows.map((row) => [row, text(row.cells[place])]));
  const filled = [...keys.values()].filter(Boolean);
  const numeric = filled.length > 0 && filled.every((words) => !Number.isNaN(number(words)));
  rows.sort((one, other) => {
    const [a, b] = [keys.get(one), keys.get(other)];
    if (!a || !b) return (a ? 0 : 1) - (b ? 0 : 1);
    const order = numeric ? number(a) - number(b) : a.localeCompare(b, "en", { numeric: true });
    return down ? -order : order;
  });
  for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  table.tBodies[0].append(...rows);
}
const resets = new Map();
for (const table of document.querySelectorAll("table.data")) {
  [...table.tHead.rows[0].cells].forEach((heading, place) => {
    if (!text(heading)) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text(heading);
    heading.replaceChildren(button);
    button.addEventListener("click", () => sort(table, place, heading));
  });
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 8) continue;
  const contents = rows.map((row) => row.textContent.toLowerCase());
  const bar = document.createElement("div");
  const input = document.createElement("input");
  const count = document.createElement("output");
  bar.className = "filter";
  input.type = "search";
  input.placeholder = "Filter rows";
  const title = document.getElementById(table.parentNode.getAttribute("aria-labelledby"));
  input.setAttribute("aria-label", "Filter rows: " + text(title));
  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, place) => {
      row.hidden = !words.every((word) => contents[place].includes(word));
      if (!row.hidden) shown += 1;
    });
    count.textContent = shown === rows.length ? shown + " rows" : shown + " of " + rows.length + " rows";
  };
  input.addEventListener("input", filter);
  filter();
  bar.append(input, count);
  table.before(bar);
  resets.set(table, () => { input.value = ""; filter(); });
}
// A link leads to its row, also where a filter hides it.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  const row = link && document.getElementById(link.getAttribute("href").slice(1));
  if (row && row.hidden) resets.get(row.closest("table"))();
});
