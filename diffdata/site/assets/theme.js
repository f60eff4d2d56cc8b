"use strict";
// Runs before anything is drawn: that scripts run, and the colours that the reader chose.
document.documentElement.classList.add("js");
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be forbidden; the colours of the system apply.
}
