// A field above a long list of terms or messages: what is typed or pasted
// there leaves only the entries that have it.
{
  // A message is in the book with "…" where it differs each time.
  const GAP = "…";
  // Less than that is not a message that somebody has pasted.
  const PASTED = 12;

  const fold = (text) => text.toLowerCase().replace(/\s+/g, " ").trim();
  const inOrder = (parts, text) => {
    let from = 0;
    return parts.every((part) => {
      const at = text.indexOf(part, from);
      from = at + part.length;
      return at >= 0;
    });
  };

  // An entry: its terms, and what follows them up to the next term.
  const entries = [];
  for (const term of document.querySelectorAll("article dl:not(dl dl) > dt")) {
    const isNext = term.previousElementSibling?.matches("dt");
    const entry = isNext ? entries.at(-1) : { nodes: [], titles: [] };
    if (!isNext) entries.push(entry);
    const heading = term.cloneNode(true);
    heading.querySelectorAll(".headerlink").forEach((sign) => sign.remove());
    entry.titles.push(fold(heading.textContent));
    entry.nodes.push(term);
    for (let next = term.nextElementSibling; next?.matches("dd");
      next = next.nextElementSibling) entry.nodes.push(next);
  }
  for (const entry of entries) {
    entry.text = fold(entry.nodes.map((node) => node.textContent).join(" "));
    entry.fixed = entry.titles.map((title) =>
      title.split(GAP).map((part) => part.trim()).filter(Boolean));
  }
  const matches = (entry, query) =>
    query.split(" ").every((word) => entry.text.includes(word))
    || (query.length >= PASTED
      && entry.fixed.some((parts) => inOrder(parts, query)));

  const label = document.createElement("label");
  label.textContent = _("Only entries with these words");
  const input = document.createElement("input");
  input.type = "search";
  input.className = "form-control";
  input.autocomplete = "off";
  input.spellcheck = false;
  const status = document.createElement("span");
  status.setAttribute("role", "status");
  const field = document.createElement("div");
  field.className = "entry-filter";
  label.htmlFor = input.id = "entry-filter";
  field.append(label, input, status);

  const article = document.querySelector("article");
  const sections = [...article.querySelectorAll("section:has(dl) section:has(dl)")];
  const show = () => {
    const query = fold(input.value);
    let count = 0;
    for (const entry of entries) {
      const isShown = !query || matches(entry, query);
      count += isShown;
      for (const node of entry.nodes) node.hidden = !isShown;
    }
    for (const section of sections) {
      section.hidden = !section.querySelector("dt:not([hidden])");
    }
    status.textContent =
      query && (count ? _(`Entries: ${count}.`) : _("There is no such entry."));
  };
  input.addEventListener("input", show);
  // A link to an entry that is left out shows all of them.
  addEventListener("hashchange", () => {
    let id = location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch {}
    const target = document.getElementById(id);
    if (!target?.closest("[hidden]")) return;
    input.value = "";
    show();
    target.scrollIntoView();
  });
  // Above the first section that has entries.
  sections[0]?.before(field);
}
