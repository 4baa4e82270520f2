// What is copied from a page stays readable elsewhere: a formula becomes its
// TeX, a section becomes Markdown, its place becomes a link.
{
  // A selection that begins or ends inside a formula takes the whole of it.
  const wholeFormulas = (range) => {
    const formula = (node) =>
      (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)
        ?.closest(".katex");
    const whole = range.cloneRange();
    const first = formula(range.startContainer);
    const last = formula(range.endContainer);
    if (first) whole.setStartBefore(first);
    if (last) whole.setEndAfter(last);
    return whole.cloneContents();
  };

  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (!selection.rangeCount || !event.clipboardData) return;
    // Laid out, or there would be no line breaks between its blocks.
    const copy = document.createElement("div");
    copy.style = "position: fixed; left: -200vw; width: 100vw";
    for (let i = 0; i < selection.rangeCount; i++) {
      copy.append(wholeFormulas(selection.getRangeAt(i)));
    }
    const formulas = copy.querySelectorAll(".katex");
    if (!formulas.length) return;
    for (const formula of formulas) {
      // A letter or a number is its own TeX.
      const tex = (formula.querySelector("annotation") ?? formula)
        .textContent.trim();
      const display = formula.closest(".katex-display");
      const mark = display ? "$$" : "$";
      (display || formula).replaceWith(mark + tex + mark);
    }
    copy.querySelectorAll(".headerlink, .eqno, details.check").forEach(
      (node) => node.remove());
    document.body.append(copy);
    event.clipboardData.setData("text/plain", copy.innerText.trim());
    event.clipboardData.setData("text/html", copy.innerHTML);
    copy.remove();
    event.preventDefault();
  });

  const toClipboard = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    // An address that is neither https nor this machine has no clipboard.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("the browser does not allow it");
  };

  // The menu that the sign beside a heading opens.
  const menu = document.createElement("div");
  menu.className = "section-menu";
  menu.popover = "auto";
  const status = document.createElement("span");
  status.setAttribute("role", "status");
  let heading;

  const addButton = (label, getText) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", async () => {
      try {
        await toClipboard(await getText());
        status.textContent = _("Copied");
      } catch (error) {
        status.textContent = error.cause ?? _("Could not be copied");
      }
    });
    menu.append(button);
  };

  const link = () => {
    const page = document.querySelector('link[rel="canonical"]')?.href;
    return new URL(`#${heading.parentElement.id}`, page || location).href;
  };
  addButton(_("Copy link"), link);
  addButton(_("Copy as Markdown"), async () => {
    // A browser would refuse, and complain.
    if (location.protocol === "file:") {
      throw new Error("no server", { cause: _("A page opened as a file has no Markdown") });
    }
    const file = document.querySelector(
      'meta[name="book-sections"]').content;
    const response = await fetch(file);
    if (!response.ok) throw new Error(response.statusText);
    const sections = await response.json();
    const start = sections.findIndex(
      ({ id }) => id === heading.parentElement.id);
    const rest = sections.slice(start + 1);
    const end = rest.findIndex(({ level }) => level <= sections[start].level);
    const parts = sections.slice(
      start, end < 0 ? undefined : start + 1 + end);
    return [...parts.map(({ text }) => text), `<${link()}>`].join("\n\n");
  });
  menu.append(status);

  if (document.querySelector('meta[name="book-sections"]')) {
    document.body.append(menu);
    const signs = ".bd-article :is(h1, h2, h3, h4) > .headerlink";
    for (const sign of document.querySelectorAll(signs)) {
      sign.setAttribute("aria-haspopup", "true");
      sign.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        heading = sign.parentElement;
        // Some browsers forbid it where a page lies in a folder or a frame,
        // or when it is done too often.
        try { history.replaceState(null, "", sign.hash); } catch {}
        status.textContent = "";
        menu.showPopover();
        const box = sign.getBoundingClientRect();
        const free = document.documentElement.clientWidth - menu.offsetWidth;
        menu.style.left = `${Math.max(0, Math.min(box.left, free - 8))}px`;
        const room = innerHeight - menu.offsetHeight - 8;
        menu.style.top = `${Math.min(box.bottom + 4, room)}px`;
        menu.querySelector("button").focus();
      });
    }
  }
}
