"use strict";
// The search box of every page and the page of results. Index and library are loaded when they are first needed.
{
  const root = document.body.dataset.root;
  const form = document.querySelector("form.search");
  const input = form.querySelector("input");
  const list = document.getElementById("hits");
  const results = document.querySelector("[data-results]");

  function script(path) {
    return new Promise((loaded, failed) => {
      const made = document.createElement("script");
      made.src = root + path;
      made.onload = loaded;
      made.onerror = () => failed(new Error(`${path} cannot be loaded`));
      document.head.append(made);
    });
  }
  // Words are letters or digits: "GPT-3" and "gpt3" are both "gpt" and "3".
  const words = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().match(/\p{L}+|\d+/gu) ?? [];
  // "gtp" is also "gpt": two letters that changed places are one slip, not two.
  function swapped(word) {
    const variants = [];
    for (let place = 0; place + 1 < word.length; place += 1) {
      const letters = [...word];
      [letters[place], letters[place + 1]] = [letters[place + 1], letters[place]];
      variants.push(letters.join(""));
    }
    return variants;
  }
  let ready;
  function engine() {
    ready ??= Promise.all([script("assets/vendor/minisearch-7.2.0.js"), script("search/entries.js")]).then(() => {
      const index = new MiniSearch({ fields: ["name", "words"], tokenize: words, processTerm: (term) => term });
      const entries = globalThis.diffdataEntries;
      index.addAll(entries.map(([kind, name, beside, more], id) => ({ id, name, words: `${kind} ${beside} ${more}` })));
      const options = {
        boost: { name: 3 },
        prefix: true,
        fuzzy: (term) => (/\d/.test(term) || term.length < 3 ? false : term.length < 6 ? 1 : 2),
        weights: { fuzzy: 0.2, prefix: 0.5 },
        boostDocument: (id) => (entries[id][5] ? 1.5 : 1) * (entries[id][0] === "source" || entries[id][0] === "ledger" ? 0.7 : 1),
      };
      return (text) => {
        const terms = words(text);
        if (!terms.length) return [];
        const each = terms.map((term) => {
          const slips = /\d/.test(term) || term.length < 3 ? [] : swapped(term);
          const others = { queries: slips, combineWith: "OR", fuzzy: false, prefix: false, boostDocument: () => 0.3 };
          return slips.length ? { queries: [term, others], combineWith: "OR" } : term;
        });
        let found = index.search({ queries: each, combineWith: "AND" }, options);
        if (!found.length) found = index.search({ queries: each, combineWith: "OR" }, options);
        // What is named by these words alone comes before longer names that have them too.
        const whole = ({ id, terms: matched }) => {
          const [, name, , more] = entries[id];
          return [name, more.split(" ", 1)[0]].some((each) => words(each).every((word) => matched.includes(word)));
        };
        return found
          .map((result) => [result.score * (whole(result) ? 2.5 : 1), entries[result.id]])
          .sort(([one], [other]) => other - one)
          .map(([, entry]) => entry);
      };
    });
    return ready;
  }
  const link = (entry) => root + entry[4];
  function described([kind, name, beside]) {
    const small = document.createElement("small");
    small.textContent = beside ? `${kind}, ${beside.length > 70 ? `${beside.slice(0, 70)}…` : beside}` : kind;
    return [name, " ", small];
  }

  // The box: a combobox, whose list is walked with the arrow keys.
  let hits = [];
  let chosen = -1;
  function choose(place) {
    chosen = place;
    [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === place)));
    if (place < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", list.children[place].id);
      list.children[place].scrollIntoView({ block: "nearest" });
    }
  }
  function show(open) {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) choose(-1);
  }
  async function suggest() {
    const text = input.value;
    const find = await engine();
    if (text !== input.value) return; // typed on in the meantime
    hits = find(text).slice(0, 12);
    list.replaceChildren(
      ...hits.map((entry, place) => {
        const item = document.createElement("li");
        item.id = `hit-${place}`;
        item.setAttribute("role", "option");
        item.append(...described(entry));
        item.addEventListener("mousedown", (event) => event.preventDefault());
        item.addEventListener("click", () => location.assign(link(entry)));
        return item;
      }),
    );
    choose(-1);
    show(hits.length > 0 && document.activeElement === input);
  }
  input.addEventListener("focus", engine, { once: true });
  input.addEventListener("input", suggest);
  input.addEventListener("blur", () => show(false));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") show(false);
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    if (list.hidden) suggest();
    else {
      const places = hits.length + 1; // one of them is the box itself
      choose(((chosen + 1 + (event.key === "ArrowDown" ? 1 : -1) + places) % places) - 1);
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (chosen >= 0) location.assign(link(hits[chosen]));
    else if (input.value.trim()) location.assign(`${root}search/index.html?q=${encodeURIComponent(input.value.trim())}`);
  });
  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
    input.select();
  });

  // The page of results.
  const query = new URLSearchParams(location.search).get("q");
  if (results && query) {
    input.value = query;
    document.title = `${query} - search - diffdata`;
    engine().then((find) => {
      const found = find(query);
      const count = document.querySelector("[data-results-count]");
      count.textContent = found.length > 100 ? `The best 100 of ${found.length} for “${query}”` : `${found.length} found for “${query}”`;
      results.replaceChildren(
        ...found.slice(0, 100).map((entry) => {
          const item = document.createElement("li");
          const to = document.createElement("a");
          const [name, space, small] = described(entry);
          to.href = link(entry);
          to.textContent = name;
          item.append(to, space, small);
          return item;
        }),
      );
    });
  }
}
