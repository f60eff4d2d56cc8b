"use strict";
// On every page: the switch of the colours.
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
