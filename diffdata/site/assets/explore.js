"use strict";
// Points over time on a logarithmic axis, filtered by a form whose state is in the address. Colours are attributes,
// so that the drawing looks the same where it is saved; the style sheet changes them in the dark.
{
  const root = document.body.dataset.root;
  const section = document.querySelector("[data-explore]");
  const form = section.querySelector("form");
  const figure = section.querySelector("figure");
  const body = section.querySelector("tbody");
  const { human, exact, save } = globalThis.diffdataText;
  const fields = ["measure", "domain", "access", "country", "from", "to"];
  const INK = "#222222", FAINT = "#666666", GRID = "#E6E6E6", BLUE = "#0072B2", RED = "#D55E00";
  const LISTED = 50;

  function read() {
    const given = new URLSearchParams(location.hash.slice(1));
    form.reset();
    for (const name of fields) {
      const field = form.elements[name];
      if (given.has(name)) field.value = given.get(name);
      if (field.tagName === "SELECT" && field.selectedIndex < 0) field.selectedIndex = 0;
    }
    form.elements.reviewed.checked = given.get("reviewed") === "yes";
    draw();
  }
  function write() {
    const given = new URLSearchParams();
    for (const name of fields) {
      const field = form.elements[name];
      if (field.value && !(name === "measure" && field.selectedIndex === 0)) given.set(name, field.value);
    }
    if (form.elements.reviewed.checked) given.set("reviewed", "yes");
    const hash = String(given);
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    draw();
  }
  const measure = () => globalThis.diffdataPoints[form.elements.measure.value];
  function chosen() {
    const { domain, access, country, from, to, reviewed } = form.elements;
    return measure().points.filter(
      (point) =>
        (!domain.value || point.domains.includes(domain.value)) &&
        (!access.value || point.access === access.value) &&
        (!country.value || point.countries.includes(country.value)) &&
        point.day >= (from.value.trim() || "2010") &&
        (!to.value.trim() || point.day.slice(0, to.value.trim().length) <= to.value.trim()) &&
        (!reviewed.checked || point.reviewed),
    );
  }
  function filters() {
    const words = [];
    for (const name of fields.slice(1)) if (form.elements[name].value) words.push(`${name} ${form.elements[name].value}`);
    if (form.elements.reviewed.checked) words.push("reviewed only");
    return words.join(", ");
  }

  function drawn(name, attributes, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }
  const inWords = (point) => {
    const { unit } = measure();
    const interval = point.low !== null && point.high !== null
      ? ` (${human(point.low, unit)} to ${human(point.high, unit)}${point.level ? `, ${100 * point.level} %` : ""})` : "";
    return [point.name, `${human(point.value, unit)}${interval}, ${point.date}`,
      `${point.reviewed ? "reviewed" : "imported"}: ${point.sources.join(", ") || "no source"}`];
  };
  let points = [];
  let places = [];
  let active = -1;
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;

  function draw() {
    points = chosen().sort((one, other) => (one.day < other.day ? -1 : one.day > other.day ? 1 : 0));
    active = -1;
    tip.hidden = true;
    const width = Math.max(300, figure.clientWidth), height = Math.min(520, Math.max(340, width * 0.55));
    const narrow = width < 560;
    const box = { left: 62, right: width - 14, top: 50, bottom: height - 52 };
    const days = points.map((point) => Date.parse(point.day));
    const ends = points.flatMap((point) => [point.low, point.value, point.high]).filter((value) => value > 0);
    const [first, last] = days.length ? [Math.min(...days), Math.max(...days)] : [Date.UTC(2010), Date.UTC(2026)];
    const room = Math.max((last - first) * 0.03, 40 * 864e5);
    const [low, high] = ends.length ? [Math.log10(Math.min(...ends)), Math.log10(Math.max(...ends))] : [0, 1];
    const air = Math.max((high - low) * 0.05, 0.15);
    const x = (day) => box.left + ((day - first + room) / (last - first + 2 * room)) * (box.right - box.left);
    const y = (value) => box.bottom - ((Math.log10(value) - low + air) / (high - low + 2 * air)) * (box.bottom - box.top);
    const text = (words, at, more = {}) => drawn("text", { "font-size": 12, fill: FAINT, ...at, ...more }, words);
    const axis = measure().axis;
    const svg = drawn("svg", {
      viewBox: `0 0 ${width} ${height}`, width, height, role: "group", tabindex: 0,
      "aria-label": `${axis} of ${points.length} models over time; arrow keys go from point to point, Enter opens the model`,
      "font-family": "Liberation Sans, Arial, Helvetica, sans-serif",
    });
    svg.append(text(axis, { x: 4, y: 18 }, { "font-size": 14, "font-weight": "bold", fill: INK }));
    const words = filters();
    svg.append(text(`${points.length.toLocaleString("en-US")} models${words ? `; ${words}` : ""}`, { x: 4, y: 36 }));
    const step = Math.max(1, Math.ceil((high - low) / 8));
    const parts = high - low < 3 ? [1, 2, 5] : [1];
    for (let power = Math.floor(low - air); power <= high + air; power += 1) {
      if (((power % step) + step) % step) continue;
      for (const tick of parts.map((part) => Number(`${part}e${power}`))) {
        if (Math.log10(tick) < low - air || Math.log10(tick) > high + air) continue;
        svg.append(drawn("line", { x1: box.left, x2: box.right, y1: y(tick), y2: y(tick), stroke: GRID }));
        const label = measure().unit === "USD" ? human(tick, "USD") : tick.toExponential().replace("+", "");
        svg.append(text(label, { x: box.left - 8, y: y(tick) + 4, "text-anchor": "end" }));
      }
    }
    const [start, end] = [new Date(first - room).getUTCFullYear() + 1, new Date(last + room).getUTCFullYear()];
    const every = Math.max(1, Math.ceil((end - start + 1) / (narrow ? 5 : 12)));
    for (let year = start; year <= end; year += 1) {
      if (year % every) continue;
      svg.append(drawn("line", { x1: x(Date.UTC(year)), x2: x(Date.UTC(year)), y1: box.bottom, y2: box.bottom + 4, stroke: FAINT }));
      svg.append(text(String(year), { x: x(Date.UTC(year)), y: box.bottom + 19, "text-anchor": "middle" }));
    }
    svg.append(drawn("line", { x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom, stroke: FAINT }));
    svg.append(text(`diffdata ${figure.dataset.edition}, CC BY 4.0`, { x: 4, y: height - 8 }, { "font-size": 11 }));
    let most = 0;
    const path = [], frontier = [];
    places = points.map((point, place) => {
      const at = [x(days[place]), y(point.value)];
      if (point.low > 0 && point.high > 0) {
        svg.append(drawn("line", { x1: at[0], x2: at[0], y1: y(point.low), y2: y(point.high), stroke: BLUE, "stroke-opacity": 0.5 }));
      }
      if (point.value > most) {
        path.push(path.length ? `H${at[0].toFixed(1)}V${at[1].toFixed(1)}` : `M${at[0].toFixed(1)},${at[1].toFixed(1)}`);
        most = point.value;
        frontier.push([...at, point.name]);
      }
      return at;
    });
    if (path.length) svg.append(drawn("path", { d: `${path.join("")}H${box.right}`, fill: "none", stroke: RED, "stroke-width": 1.5 }));
    const order = points.map((_, place) => place).sort((one, other) => points[one].reviewed - points[other].reviewed);
    for (const place of order) {
      const [cx, cy] = places[place];
      const look = points[place].reviewed ? { r: 4.5, fill: BLUE, stroke: "white" } : { r: 3, fill: "none", stroke: BLUE };
      svg.append(drawn("circle", { cx: cx.toFixed(1), cy: cy.toFixed(1), ...look }));
    }
    // Names on the frontier, the latest first, where there is room for them.
    const taken = [];
    for (const [px, py, name] of frontier.reverse()) {
      const [right, wide] = [px - 6, name.length * 6.1];
      if (right - wide < box.left || taken.some(([tx, ty, tw]) => tx - tw < right + 8 && right - wide < tx + 8 && Math.abs(ty - py) < 15)) continue;
      taken.push([right, py, wide]);
      svg.append(text(name, { x: right, y: py - 5, "text-anchor": "end" }, { "font-size": 11, fill: INK }));
    }
    const mark = drawn("circle", { r: 8, fill: "none", stroke: INK, "stroke-width": 2, visibility: "hidden" });
    svg.append(mark);
    svg.addEventListener("pointermove", (event) => point(nearest(event), svg, mark));
    svg.addEventListener("pointerleave", () => point(-1, svg, mark));
    svg.addEventListener("click", (event) => {
      point(nearest(event), svg, mark);
      if (event.pointerType === "mouse" && active >= 0) visit();
    });
    svg.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 10, ArrowDown: -10 }[event.key];
      if (by && points.length) {
        event.preventDefault();
        point(Math.min(Math.max(active + by, 0), points.length - 1), svg, mark);
      } else if (event.key === "Enter" && active >= 0) visit();
    });
    figure.replaceChildren(svg, tip);
    list();
    form.querySelector("output").textContent = `${points.length.toLocaleString("en-US")} of ${measure().points.length.toLocaleString("en-US")} models`;
  }
  const addressOf = (kind, id) => `${root}${kind}/${encodeURIComponent(id)}/index.html`;
  const visit = () => location.assign(addressOf("models", points[active].id));
  function nearest(event) {
    const shape = event.currentTarget.getBoundingClientRect();
    const [x, y] = [event.clientX - shape.left, event.clientY - shape.top];
    let [best, distance] = [-1, 22];
    places.forEach(([px, py], place) => {
      const away = Math.hypot(px - x, py - y);
      if (away < distance) [best, distance] = [place, away];
    });
    return best;
  }
  function point(place, svg, mark) {
    if (place === active) return;
    active = place;
    tip.hidden = place < 0;
    mark.setAttribute("visibility", place < 0 ? "hidden" : "visible");
    svg.classList.toggle("on", place >= 0);
    if (place < 0) return;
    const [x, y] = places[place];
    mark.setAttribute("cx", x);
    mark.setAttribute("cy", y);
    const [name, ...lines] = inWords(points[place]);
    const strong = document.createElement("strong");
    strong.textContent = name;
    tip.replaceChildren(strong, ...lines.map((line) => {
      const made = document.createElement("div");
      made.textContent = line;
      return made;
    }));
    const left = Math.min(Math.max(x - tip.offsetWidth / 2, 0), figure.clientWidth - tip.offsetWidth);
    tip.style.left = `${left}px`;
    tip.style.top = `${y > tip.offsetHeight + 20 ? y - tip.offsetHeight - 14 : y + 14}px`;
  }

  function list() {
    const { unit } = measure();
    const largest = [...points].sort((one, other) => other.value - one.value).slice(0, LISTED);
    section.querySelector("caption").textContent = `The ${largest.length} largest of ${points.length.toLocaleString("en-US")} models that are shown`;
    body.replaceChildren(...largest.map((row) => {
      const line = document.createElement("tr");
      const link = (kind, id, words) => {
        const made = document.createElement("a");
        made.href = addressOf(kind, id);
        made.textContent = words;
        return made;
      };
      const sources = row.sources.flatMap((source, place) => [...(place ? [", "] : []), link("sources", source, source)]);
      const interval = row.low !== null && row.high !== null ? `${human(row.low, unit)} to ${human(row.high, unit)}` : "";
      const cells = [["model", link("models", row.id, row.name)], ["published", row.date], ["value", human(row.value, unit)],
        ["interval", interval], ["developers", row.developers], ["weights", row.access], ["sources", ...sources]];
      line.append(...cells.map(([label, ...content], place) => {
        const cell = document.createElement(place ? "td" : "th");
        if (!place) cell.scope = "row";
        if (label === "value") {
          cell.className = "number";
          cell.title = `${exact(row.value)} ${unit}`;
        }
        cell.dataset.label = label;
        cell.append(...content.filter((part) => part !== ""));
        return cell;
      }));
      return line;
    }));
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", write);
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    history.replaceState(null, "", location.pathname + location.search);
    read();
  });
  form.addEventListener("click", (event) => {
    const kind = event.target.dataset.save;
    const name = `diffdata-${form.elements.measure.value}`;
    if (kind === "svg") {
      const copy = figure.querySelector("svg").cloneNode(true);
      copy.lastChild.remove(); // the mark of the point in focus
      copy.prepend(drawn("rect", { width: "100%", height: "100%", fill: "white" }));
      copy.removeAttribute("tabindex");
      save(`${name}.svg`, new XMLSerializer().serializeToString(copy), "image/svg+xml");
    }
    if (kind === "csv") {
      const names = ["id", "name", "date", "value", "low", "high", "level", "reviewed", "developers", "countries", "domains", "access", "sources"];
      const cells = points.map((row) => names.map((each) => (Array.isArray(row[each]) ? row[each].join("; ") : row[each])));
      save(`${name}.csv`, globalThis.diffdataText.csv(names, cells), "text/csv");
    }
  });
  addEventListener("hashchange", read);
  new ResizeObserver(() => {
    const drawnWidth = figure.querySelector("svg")?.clientWidth;
    if (drawnWidth !== Math.max(300, figure.clientWidth)) draw();
  }).observe(figure);
  read();
}
