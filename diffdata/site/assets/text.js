"use strict";
// Numbers as people read them (as `lookup/text.py`), and files that are made in the browser.
{
  const SIZES = { K: 1e3, M: 1e6, B: 1e9, T: 1e12 };
  const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const missing = (value) => value === null || value === undefined;
  function exact(value) {
    if (missing(value)) return "";
    return typeof value === "number" ? String(value).replace("e+", "e") : String(value);
  }
  function number(value) {
    const size = Math.abs(value);
    if (size >= 1000 && size < 1e6) return WHOLE.format(value);
    const [digits, exponent] = value.toExponential(2).split("e");
    const power = Number(exponent);
    if (power >= -4 && power < 3) return String(Number(value.toPrecision(3)));
    return `${Number(digits)}e${power < 0 ? "-" : ""}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  function human(value, unit, bare) {
    if (/^[A-Z]{3}$/.test(unit)) {
      const suffix = ["B", "M", "K"].find((size) => value >= SIZES[size]) ?? "";
      const text = number(value / (SIZES[suffix] ?? 1)) + suffix;
      return unit === "USD" ? `$${text}` : `${text} ${unit}`;
    }
    const text = number(value);
    if (bare || unit === "1") return text;
    const counted = ["day", "hour", "month", "week", "year"].includes(unit) && value !== 1;
    return `${text} ${unit}${counted ? "s" : ""}`;
  }
  // The number that somebody types, such as 1e24, 12M or $5K.
  function parsed(text) {
    const found = /^\s*\$?\s*([-+]?[\d,]*\.?\d+(?:e[-+]?\d+)?)\s*([KMBT]?)\s*$/i.exec(text);
    return found ? Number(found[1].replaceAll(",", "")) * (SIZES[found[2].toUpperCase()] ?? 1) : NaN;
  }
  function csv(names, rows) {
    const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    return [names, ...rows].map((row) => row.map((value) => quoted(exact(value))).join(",")).join("\n") + "\n";
  }
  function save(name, text, kind) {
    const link = document.createElement("a");
    link.download = name;
    link.href = URL.createObjectURL(new Blob([text], { type: kind }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  globalThis.diffdataText = { missing, exact, human, parsed, csv, save };
}
