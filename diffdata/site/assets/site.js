"use strict";
// On every page: the switch of the colours, and rows that are folded away.
{
  const NEXT = { "": "light", light: "dark", dark: "" };
  const WORDS = { "": "as the system", light: "light", dark: "dark" };
  const SIGNS = { "": "◐", light: "☀", dark: "☾" };
  const button = document.querySelector("button.theme");
  const show = () => {
    const theme = document.documentElement.dataset.theme ?? "";
    button.setAttribute("aria-label", `Colours: ${WORDS[theme]}; change`);
    button.title = button.getAttribute("aria-label");
    button.textContent = SIGNS[theme];
  };
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const theme = NEXT[root.dataset.theme ?? ""];
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // Storage may be forbidden; the choice then holds for this page.
    }
    show();
  });
  show();
}
{
  // A link to a row opens what it is folded into; not all browsers do so by themselves.
  const unfold = () => {
    let id = location.hash.slice(1);
    try {
      id = decodeURIComponent(id);
    } catch {
      // Not an address of ours.
    }
    const row = document.getElementById(id);
    const closed = "details:not([open])";
    if (!row?.closest(closed)) return;
    for (let at = row.closest(closed); at; at = row.closest(closed)) at.open = true;
    row.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();
}
