// Asks the index that Pagefind made (search.py) and lists the places found,
// below every search field of the page.  Loads nothing until a field gets
// focus.
"use strict";
{
  const root = new URL(
    document.documentElement.dataset.content_root, location.href);
  const IN_DIALOG = 8;
  const ON_PAGE = 30;
  const LONGEST = 200;
  // In a text, where a link to the index is to stand.
  const INDEX = "\0";

  // What search.py says: which texts are words, and what stands for what.
  let rules;
  const words = (text) =>
    text.toLowerCase().match(new RegExp(rules.word, "gu")) ?? [];
  const isSymbol = (text) => new RegExp(rules.symbol, "u").test(text);

  // Letters that stand for symbols, which Pagefind would leave out.
  const code = (word) => isSymbol(word)
    ? rules.open + [...word.codePointAt(0).toString(16)].map((digit) =>
      String.fromCharCode(rules.zero.charCodeAt(0) + parseInt(digit, 16)))
      .join("") + rules.close
    : word;
  const decode = (_, letters) => String.fromCodePoint(parseInt(
    [...letters].map((letter) =>
      (letter.charCodeAt(0) - rules.zero.charCodeAt(0)).toString(16))
      .join(""), 16));
  const codes = (text) => words(text).map(code);

  // A place as Pagefind has it -> its text, as the author wrote it.
  const restore = (content) => content.split(rules.end)[0].replaceAll(" ", "")
    .replaceAll(rules.space, " ").replaceAll(rules.underline, "_")
    .replace(new RegExp(`${rules.open}([a-z]+)${rules.close}`, "g"), decode)
    .trim();

  let loading;
  const load = () => loading ??= start();
  async function start() {
    // A browser would refuse, and complain.
    if (location.protocol === "file:") throw new Error("no server");
    const [pagefind, file] = await Promise.all([
      import(new URL("pagefind/pagefind.js", root)),
      fetch(new URL("pagefind/rules.json", root)),
    ]);
    rules = await file.json();
    await pagefind.init();
    return pagefind;
  }

  const ask = async (query) =>
    (await (await load()).search(query)).results;
  const askExactly = async (query) =>
    new Set((await ask(`"${query}"`)).map((result) => result.id));

  // The places that have a phrase, best first.
  async function findPhrase(phrase) {
    const parts = codes(phrase);
    const ranked = await ask(parts.join(" "));
    if (parts.length > 1) {
      const ids = await askExactly(parts.join(" "));
      if (ids.size) return ranked.filter((result) => ids.has(result.id));
    }
    if (!ranked.length) return [];
    // Perhaps the reader is still typing the last word: take places where it
    // only begins.  But Pagefind, asked for a word that begins nowhere, gives
    // places with the beginning of that word instead, and that is no hit.
    if (parts.length > 1 && !/[a-z0-9]$/.test(parts.at(-1))) return [];
    const content = (await ranked[0].data()).content.toLowerCase();
    if (parts.every((part) => content.includes(part))) return ranked;
    // Or it is another form of a word that is there.
    if (parts.length > 1) return [];
    const ids = await askExactly(parts[0]);
    return ranked.filter((result) => ids.has(result.id));
  }

  // Places that have some of these phrases; those with most of them first;
  // among equals, the place that has the query for its name, then those that
  // introduce it as a term; exercises last.
  async function findAny(phrases, query) {
    const name = codes(query).join(" ");
    const named = await askExactly(`${rules.name} ${name} ${rules.name}`);
    const introduced = await askExactly(`${name} ${rules.introduced}`);
    const exercises = await askExactly(rules.exercise);
    const rankOf = (id) => named.has(id) ? 2 : introduced.has(id) ? 1
      : exercises.has(id) ? -1 : 0;
    const found = new Map();
    for (const phrase of phrases) {
      for (const result of await findPhrase(phrase)) {
        const {id, score} = result;
        const place = found.get(id)
          ?? {result, phrases: 0, rank: rankOf(id), score: 0};
        place.phrases += 1;
        place.score += score;
        found.set(id, place);
      }
    }
    return [...found.values()].sort((a, b) =>
      b.phrases - a.phrases || b.rank - a.rank || b.score - a.score);
  }

  async function find(query) {
    await load();
    let phrases = query.split(/\s+/).filter((part) => words(part).length);
    let places = await findAny(phrases, query);
    places = places.filter((place) => place.phrases === phrases.length);
    const close = !places.length;
    if (close) {
      // A whole question: look for what is in it.
      const segmenter = new Intl.Segmenter(
        document.documentElement.lang, {granularity: "word"});
      phrases = [...segmenter.segment(query)].map((part) => part.segment)
        .filter((part) => isSymbol(part)
          || (part.length > 1 && words(part).length));
      places = await findAny(phrases, query);
    }
    return {places: places.map((place) => place.result), phrases, close};
  }

  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  const escape = (word) => word.replace(/[\\^$*+|/]/g, "\\$&");
  const pattern = (phrases) => new RegExp(`(${phrases.map((phrase) =>
    words(phrase).map(escape).join("[^\\p{L}\\p{N}]*")).join("|")})`, "giu");

  const mark = (text, phrases) => text.split(pattern(phrases)).map(
    (piece, i) => i % 2 ? element("mark", {textContent: piece}) : piece);

  // Some text around the first phrase.
  function excerpt(text, phrases) {
    const start = Math.max(0, text.search(pattern(phrases)) - 24);
    const end = start + 110;
    return (start ? "…" : "") + text.slice(start, end)
      + (end < text.length ? "…" : "");
  }

  async function hit(result, phrases) {
    const {content, meta, locations} = await result.data();
    const text = restore(content);
    if (phrases.some((phrase) => text.search(pattern([phrase])) < 0)) {
      // Of some word, another form is there: what Pagefind has found.
      const all = content.split(/\s+/);
      const found = locations.map((place) => restore(all[place] ?? ""));
      phrases = [...phrases, ...found.filter((word) => words(word).length)];
    }
    // The text begins with the title.
    const rest = text.startsWith(meta.title)
      ? text.slice(meta.title.length).replace(/^\.? */, "") : text;
    const link = element("a", {href: new URL(meta.address, root)});
    link.append(
      element("span", {className: "search-place"},
        element("span", {className: "search-title"},
          ...mark(meta.title, phrases)),
        meta.page === meta.title ? "" : ` ${meta.page}`),
      element("span", {className: "search-excerpt"},
        ...mark(excerpt(rest, phrases), phrases)));
    return element("li", {}, link);
  }

  function say(status, query, {places, close}, limit) {
    const index = element(
      "a", {href: new URL("genindex.html", root), textContent: _("index")});
    const count = places.length;
    if (!count) {
      const text = _(`Nothing found for “${query}”. `
        + `Try a shorter word, or look into the ${INDEX}.`);
      const [before, behind] = text.split(INDEX);
      status.replaceChildren(before, index, behind);
    } else {
      status.textContent =
        (close ? _(`No place has “${query}”; these come closest`)
          : _(`Places found: ${count}`))
        + (count > limit ? _(`, the first ${limit} are listed.`) : _("."));
    }
  }

  function searchPage(query) {
    const address = new URL("search.html", root);
    address.searchParams.set("q", query);
    return address;
  }

  function setUp(form) {
    const input = form.querySelector("input");
    const dialog = form.closest("dialog");
    const limit = dialog ? IN_DIALOG : ON_PAGE;
    const status = element("p", {className: "search-status", role: "status"});
    const list = element("ol", {className: "search-hits"});
    form.after(status, list);

    function explainFailure() {
      status.textContent = location.protocol === "file:"
        ? _("A page that is opened from a folder cannot search. "
          + "Run in that folder: python -m http.server, "
          + "then open http://localhost:8000 .")
        : _("The files for the search could not be loaded. "
          + "Check the network, then load this page again.");
    }

    // Nothing in the book is longer than what is left of a pasted text.
    const typed = () => input.value.trim().slice(0, LONGEST);

    async function show() {
      const query = typed();
      if (!query) {
        status.textContent = "";
        list.replaceChildren();
        return;
      }
      let found, hits;
      try {
        found = await find(query);
        hits = await Promise.all(found.places.slice(0, limit).map(
          (result) => hit(result, found.phrases)));
      } catch {
        explainFailure();
        return;
      }
      // Meanwhile the reader has typed on.
      if (query !== typed()) return;
      if (!dialog) {
        // Some browsers forbid it when it is done too often.
        try { history.replaceState(null, "", searchPage(query)); } catch {}
      }
      say(status, query, found, limit);
      list.replaceChildren(...hits);
      if (dialog && found.places.length > limit) {
        const all = {href: searchPage(query), textContent: _("List all")};
        list.append(element("li", {}, element("a", all)));
      }
    }

    let timer;
    const showSoon = (event) => {
      // What is typed on the way to a Chinese character is no query.
      if (event.isComposing) return;
      clearTimeout(timer);
      timer = setTimeout(show, 120);
    };
    input.addEventListener("input", showSoon);
    input.addEventListener("compositionend", showSoon);
    input.addEventListener("focus", () => load().catch(explainFailure));
    // The hit may be on this very page.
    list.addEventListener("click", () => dialog?.close());
    if (!dialog) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        show();
      });
      input.value = new URLSearchParams(location.search).get("q") ?? "";
      if (input.value) show();
      else input.focus();
    }

    // The arrow keys go through the field and the hits; Escape closes all.
    form.parentElement.addEventListener("keydown", (event) => {
      if (event.key === "Escape") dialog?.close();
      const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
      if (!step || event.isComposing) return;
      const stops = [input, ...list.querySelectorAll("a")];
      const here = stops.indexOf(document.activeElement);
      if (here < 0 || !stops[here + step]) return;
      event.preventDefault();
      stops[here + step].focus();
    });
  }

  document.querySelectorAll("form.bd-search").forEach(setUp);
}
