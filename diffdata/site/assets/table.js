"use strict";
// A table that can be searched, filtered, sorted, grouped and downloaded. The view is in the address, after #:
// q=words, COLUMN=filter, sort=-COLUMN, group=COLUMN, columns=A,B, row=KEY. All text goes into the page as text.
{
  const PAGE = 100; // rows that are added at a time
  const section = document.querySelector("[data-table]");
  const root = document.body.dataset.root;
  const data = globalThis.diffdata[section.dataset.table];
  const columns = data.columns;
  const byName = new Map(columns.map((column) => [column.name, column]));
  const rows = Array.from({ length: data.rows }, (_, place) => place);
  for (const column of columns) column.values ??= column.at.map((place) => column.of[place]);

  const plain = (name) => name.replaceAll("_", " ");
  const { missing, exact, human, parsed, csv, save } = globalThis.diffdataText;
  const at = (name, row) => byName.get(name).values[row];
  function element(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in made) made[name] = value;
      else made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  // Values as text, as in the rows that come with the page.
  function unitOf(column, row) {
    let unit = column.unit ?? "1";
    if (unit.startsWith("column:")) unit = at(unit.slice(7), row) ?? "1";
    else if (unit !== "currency") return [unit, unit !== "USD"];
    return [unit === "currency" ? at("currency", row) ?? "USD" : unit, false];
  }
  function shown(column, row) {
    const value = column.values[row];
    if (missing(value)) return "";
    if (column.kind === "number") return human(value, ...unitOf(column, row));
    if (column.kind === "flag") return value ? "yes" : "no";
    if (column.kind === "date") {
      const precision = column.precision && at(column.precision, row);
      return value.slice(0, { year: 4, month: 7 }[precision] ?? 10);
    }
    return exact(value);
  }
  function addressOf(column, row) {
    const value = column.values[row];
    if (missing(value)) return null;
    const key = encodeURIComponent(exact(value));
    if (column.folder) return `${root}${column.folder}/${key}/index.html`;
    if (column.to) return `${root}tables/${column.to}/index.html#row=${key}`;
    if (column.name === "doi") return `https://doi.org/${encodeURI(value)}`;
    return column.name === "url" && /^https?:\/\//i.test(value) ? value : null;
  }
  const keyOf = (row) => data.key.map((name) => exact(at(name, row))).join("/");

  // The view: read from the address, and written into it.
  let view;
  function read() {
    view = { q: "", sort: "", group: "", row: null, columns: null, filters: new Map() };
    for (const part of location.hash.slice(1).split("&").filter(Boolean)) {
      const [name, value] = part.split(/=(.*)/s).map((text) => {
        try {
          return decodeURIComponent(text);
        } catch {
          return text;
        }
      });
      if (name === "columns") view.columns = new Set((value ?? "").split(",").filter((each) => byName.has(each)));
      else if (name === "filters" || value === undefined) continue;
      else if (byName.has(name)) view.filters.set(name, value);
      else if (name in view) view[name] = value;
    }
    if (!byName.has(view.sort.replace(/^-/, ""))) view.sort = "";
    if (!byName.has(view.group)) view.group = "";
    if (!view.columns?.size) view.columns = null;
  }
  function address() {
    const parts = ["q", "sort", "group"].filter((name) => view[name]).map((name) => [name, view[name]]);
    parts.push(...view.filters);
    if (view.columns) parts.push(["columns", [...view.columns].join(",")]);
    if (view.row !== null) parts.push(["row", view.row]);
    return "#" + parts.map((part) => part.map(encodeURIComponent).join("=").replaceAll("%2C", ",")).join("&");
  }
  const visible = () => columns.filter((column) => (view.columns ? view.columns.has(column.name) : column.shown));

  // Filters: a text is contained, "=text" is equal, "from..to" is a range of numbers or dates.
  function test(column, text) {
    const { values, kind } = column;
    if (text === "=") return (row) => missing(values[row]);
    if (kind === "flag") return (row) => String(values[row]) === text;
    if (kind === "number" || kind === "year") {
      const [low, high = low] = text.includes("..") ? text.split("..", 2) : [text];
      const [least, most] = [parsed(low), parsed(high)];
      return (row) => {
        const value = values[row];
        return !missing(value) && !(value < least) && !(value > most);
      };
    }
    if (kind === "date") {
      const [low, high = low] = text.includes("..") ? text.split("..", 2) : [text];
      return (row) => {
        const value = values[row];
        return !missing(value) && value >= low.trim() && value.slice(0, high.trim().length) <= high.trim();
      };
    }
    if (text.startsWith("=")) return (row) => exact(values[row]) === text.slice(1);
    const words = text.toLowerCase();
    if (!column.of) return (row) => !missing(values[row]) && values[row].toLowerCase().includes(words);
    const fits = column.of.map((value) => !missing(value) && exact(value).toLowerCase().includes(words));
    return (row) => fits[column.at[row]];
  }
  let contents = null;
  function found() {
    const tests = [...view.filters].map(([name, text]) => test(byName.get(name), text));
    const words = view.q.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length) {
      contents ??= rows.map((row) => columns.map((column) => exact(column.values[row])).join("\n").toLowerCase());
      tests.push((row) => words.every((word) => contents[row].includes(word)));
    }
    const left = tests.length ? rows.filter((row) => tests.every((fits) => fits(row))) : rows;
    if (!view.sort) return left;
    const ranks = ranksOf(byName.get(view.sort.replace(/^-/, "")));
    const sign = view.sort.startsWith("-") ? -1 : 1;
    return [...left].sort((one, other) => {
      const [a, b] = [ranks[one], ranks[other]];
      if (a < 0 || b < 0) return (a < 0) - (b < 0);
      return sign * (a - b);
    });
  }
  // Places in the order of the values, computed once; a missing value has none, and is always last.
  function ranksOf(column) {
    if (column.ranks) return column.ranks;
    const collator = new Intl.Collator("en", { numeric: true });
    const order = (one, other) =>
      typeof one === "number" && typeof other === "number" ? one - other : collator.compare(String(one), String(other));
    const values = [...new Set(column.values)].filter((value) => !missing(value)).sort(order);
    const places = new Map(values.map((value, place) => [value, place]));
    column.ranks = column.values.map((value) => places.get(value) ?? -1);
    return column.ranks;
  }

  // What is drawn.
  const table = section.querySelector("table");
  const dialog = element("dialog", { className: "row" });
  section.append(dialog);
  section.querySelector(".more")?.remove();
  const more = element("p", { className: "more" });
  section.querySelector(".scroll").after(more);
  let current = rows;

  function cell(column, row, first) {
    const made = element("td", { "data-label": plain(column.name) });
    const text = shown(column, row);
    const to = addressOf(column, row);
    if (column.kind === "number" || column.kind === "year") made.className = "number";
    if (column.kind === "date") made.className = "date";
    if (column.kind === "number" && text) {
      const [unit] = unitOf(column, row);
      const full = exact(column.values[row]) + (unit === "1" ? "" : ` ${unit}`);
      if (full !== text) made.title = full;
    }
    const key = keyOf(row);
    const address = `#row=${encodeURIComponent(key)}`;
    if (first && !to) made.append(element("a", { className: "permalink", href: address }, text));
    else if (to) made.append(element("a", /^https/.test(to) ? { href: to, rel: "noreferrer" } : { href: to }, text));
    else if (text.length > 80) {
      made.className = "long";
      made.title = text;
      made.append(element("div", {}, text));
    } else made.append(text);
    if (first && to) {
      made.append(" ", element("a", { className: "permalink more", href: address, "aria-label": `all of the row ${key}` }, "⋯"));
    }
    return made;
  }
  function line(row, listed) {
    const made = element("tr", { id: `row=${encodeURIComponent(keyOf(row))}` });
    made.append(...listed.map((column, place) => cell(column, row, place === 0)));
    made.dataset.row = row;
    return made;
  }
  function fill(body, chosen, from, listed, button) {
    body.append(...chosen.slice(from, from + PAGE).map((row) => line(row, listed)));
    const next = from + PAGE;
    button.hidden = next >= chosen.length;
    button.textContent = `Show ${Math.min(PAGE, chosen.length - next)} more of ${chosen.length.toLocaleString("en-US")} rows`;
    button.onclick = () => fill(body, chosen, next, listed, button);
  }
  function groupOf(column, row) {
    const value = column.values[row];
    return column.kind === "date" && !missing(value) ? value.slice(0, 4) : shown(column, row);
  }
  function bodies(listed) {
    if (!view.group) {
      const body = element("tbody");
      const button = element("button", { type: "button" });
      fill(body, current, 0, listed, button);
      more.replaceChildren(button);
      return [body];
    }
    more.replaceChildren();
    const column = byName.get(view.group);
    const groups = new Map();
    for (const row of current) {
      const name = groupOf(column, row);
      if (groups.has(name)) groups.get(name).push(row);
      else groups.set(name, [row]);
    }
    const sorted = [...groups].sort((one, other) => other[1].length - one[1].length || (one[0] < other[0] ? -1 : 1));
    return sorted.map(([name, members]) => {
      const button = element("button", { type: "button", "aria-expanded": "false" }, name || "(empty)");
      const head = element("th", { colSpan: listed.length, scope: "rowgroup" }, button, ` ${members.length.toLocaleString("en-US")}`);
      const body = element("tbody", { className: "group" }, element("tr", {}, head));
      button.addEventListener("click", () => {
        const open = button.getAttribute("aria-expanded") === "true";
        button.setAttribute("aria-expanded", String(!open));
        while (body.rows.length > 1) body.lastChild.remove();
        if (open) return;
        const rest = element("button", { type: "button" });
        const last = element("tr", {}, element("td", { colSpan: listed.length }, rest));
        fill(body, members, 0, listed, rest);
        const add = rest.onclick;
        if (!rest.hidden) {
          body.append(last);
          rest.onclick = () => {
            add();
            if (rest.hidden) last.remove();
            else body.append(last);
          };
        }
      });
      return body;
    });
  }
  function head(listed) {
    const names = element("tr");
    const filters = element("tr", { className: "filters" });
    for (const column of listed) {
      const [name, down] = [view.sort.replace(/^-/, ""), view.sort.startsWith("-")];
      const button = element("button", { type: "button", title: column.description }, plain(column.name));
      button.dataset.sort = column.name;
      const heading = element("th", { scope: "col" }, button);
      if (column.kind === "number" || column.kind === "year") heading.className = "number";
      const unit = column.unit;
      if (unit && !/:|^1$|^currency$/.test(unit)) heading.append(" ", element("small", {}, unit));
      if (name === column.name) heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      names.append(heading);
      filters.append(element("td", {}, ...filter(column)));
    }
    return [names, filters];
  }
  function filter(column) {
    const text = view.filters.get(column.name) ?? "";
    const label = plain(column.name);
    const set = (value) => {
      if (value) view.filters.set(column.name, value);
      else view.filters.delete(column.name);
      changed();
    };
    if (column.kind === "choice" || column.kind === "flag") {
      const values = [...new Set(column.values)].filter((value) => !missing(value)).map(exact).sort();
      const select = element("select", { "aria-label": `Filter: ${label}` }, element("option", { value: "" }, "any"));
      const equal = column.kind === "flag" ? "" : "=";
      for (const value of values) {
        const words = column.kind === "flag" ? { true: "yes", false: "no" }[value] : value;
        select.append(element("option", { value: equal + value }, words));
      }
      if (column.values.some(missing)) select.append(element("option", { value: "=" }, "(empty)"));
      if (text && ![...select.options].some((option) => option.value === text)) {
        select.append(element("option", { value: text }, text));
      }
      select.value = text;
      select.addEventListener("change", () => set(select.value));
      return [select];
    }
    const input = (placeholder, value, words) => {
      const made = element("input", { type: "text", placeholder, value, "aria-label": `Filter: ${label}${words}` });
      made.spellcheck = false;
      return made;
    };
    if (column.kind === "text") {
      const one = input("contains", text, ", contains");
      one.addEventListener("input", () => set(one.value));
      return [one];
    }
    const [low, high = ""] = text.includes("..") ? text.split("..", 2) : [text, text];
    const ends = [input("from", low, ", from"), input("to", high, ", to")];
    for (const end of ends) {
      end.addEventListener("input", () => {
        const [least, most] = ends.map((each) => each.value.trim());
        set(least || most ? `${least}..${most}` : "");
      });
    }
    return ends;
  }

  const tools = section.querySelector(".tools");
  const search = element("input", { type: "search", placeholder: "Words in any column" });
  const group = element("select", {}, element("option", { value: "" }, "nothing"));
  const choice = element("fieldset", {}, element("legend", { className: "visually-hidden" }, "Columns that are shown"));
  const count = element("output", { "aria-live": "polite" });
  const button = (words, act) => {
    const made = element("button", { type: "button" }, words);
    made.addEventListener("click", act);
    return made;
  };
  const toggle = button("Sort and filter", () => {
    toggle.setAttribute("aria-expanded", String(section.classList.toggle("filtering")));
  });
  toggle.className = "narrow";
  toggle.setAttribute("aria-expanded", "false");
  tools.append(
    element("label", { className: "words" }, "Search ", search),
    element("label", {}, "Group by ", group),
    element("details", { className: "choose" }, element("summary", { className: "button" }, "Columns"), choice),
    toggle,
    button("Reset", () => {
      history.pushState(null, "", location.pathname + location.search);
      restore();
    }),
    button("Download this view (CSV)", download),
    count,
  );
  for (const column of columns) {
    const few = column.kind === "date" || column.kind === "flag" || (column.of && column.kind !== "number");
    if (few) group.append(element("option", { value: column.name }, plain(column.name)));
    const box = element("input", { type: "checkbox", value: column.name });
    choice.append(element("label", { title: column.description }, box, ` ${plain(column.name)}`));
  }
  search.addEventListener("input", () => {
    view.q = search.value;
    changed();
  });
  group.addEventListener("change", () => {
    view.group = group.value;
    changed();
  });
  choice.addEventListener("change", () => {
    const chosen = [...choice.querySelectorAll("input:checked")].map((box) => box.value);
    view.columns = chosen.length ? new Set(chosen) : null;
    changed();
    redrawHead();
  });
  table.tHead.addEventListener("click", (event) => {
    const name = event.target.closest("[data-sort]")?.dataset.sort;
    if (!name) return;
    view.sort = view.sort === name ? `-${name}` : view.sort === `-${name}` ? "" : name;
    changed();
    redrawHead();
    table.tHead.querySelector(`[data-sort="${name}"]`).focus();
  });
  section.addEventListener("click", (event) => {
    const link = event.target.closest("a, button");
    const row = event.target.closest("tr[data-row]")?.dataset.row;
    if (row === undefined || (link && !link.classList.contains("permalink"))) return;
    if (!link && (getSelection().toString() || event.detail > 1)) return;
    event.preventDefault();
    view.row = keyOf(Number(row));
    history.pushState(null, "", address());
    open();
  });
  dialog.addEventListener("close", () => {
    if (view.row === null) return;
    view.row = null;
    keep();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // a click beside it
  });

  function open() {
    const row = view.row === null ? undefined : rows.find((each) => keyOf(each) === view.row);
    if (row === undefined) {
      if (dialog.open) dialog.close();
      return;
    }
    const lines = columns.filter((column) => !missing(column.values[row])).map((column) => {
      const value = cell(column, row, false);
      if (value.title && column.kind === "number") value.append(element("small", {}, ` ${value.title}`));
      value.className = "";
      value.removeAttribute("title");
      return element("tr", {}, element("th", { scope: "row", title: column.description }, plain(column.name)), value);
    });
    dialog.setAttribute("aria-labelledby", "row-title");
    dialog.replaceChildren(
      element("div", { className: "bar" }, element("h2", { id: "row-title" }, view.row), button("Close", () => dialog.close())),
      element("table", { className: "facts" }, element("tbody", {}, ...lines)),
    );
    if (!dialog.open) dialog.showModal();
  }
  function keep() {
    const hash = address();
    history.replaceState(null, "", hash === "#" ? location.pathname + location.search : hash);
  }
  function changed() {
    keep();
    draw();
  }
  function draw() {
    const listed = visible();
    current = found();
    while (table.tBodies.length) table.tBodies[0].remove();
    table.append(...bodies(listed));
    const all = data.rows.toLocaleString("en-US");
    count.textContent = current.length === data.rows ? `${all} rows` : `${current.length.toLocaleString("en-US")} of ${all} rows`;
  }
  function redrawHead() {
    table.tHead.replaceChildren(...head(visible()));
  }
  function restore() {
    read();
    search.value = view.q;
    group.value = view.group;
    for (const box of choice.querySelectorAll("input")) {
      box.checked = visible().some((column) => column.name === box.value);
    }
    redrawHead();
    draw();
    open();
  }
  function download() {
    // A number is not saved without the columns that say what it counts.
    const units = ["unit", "currency", "price_year"];
    const shown = visible();
    const listed = shown.concat(columns.filter((column) => units.includes(column.name) && !shown.includes(column)));
    const cells = current.map((row) => listed.map((column) => column.values[row]));
    save(`${data.name}-view.csv`, csv(listed.map((column) => column.name), cells), "text/csv");
  }
  addEventListener("hashchange", restore);
  addEventListener("popstate", restore);
  restore();
}
