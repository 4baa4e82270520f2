// Which chapters have been read, and where reading stopped.  It is kept in
// this browser and sent nowhere.
{
  const root = new URL(
    document.documentElement.dataset.content_root || "./", location.href);
  // All languages of a book share it.
  const top = document.querySelector('meta[name="book-root"]')?.content;
  const key = `progress of ${new URL(top || "./", root).pathname}`;
  const list = document.querySelector('meta[name="book-chapters"]')?.content;
  const chapters = list ? list.split(" ") : [];
  const address = (name) => new URL(`${name}.html`, root).href;
  const here = chapters.find((name) =>
    address(name) === location.origin + location.pathname);

  const load = () => {
    let state = null;
    // Anybody may have written there, whatever it may be.
    try { state = JSON.parse(localStorage.getItem(key)); } catch {}
    const { read, last } = state ?? {};
    const isText = (value) => typeof value === "string" && value.length < 500;
    const isPlace = chapters.includes(last?.name) && isText(last.title)
      && isText(last.hash) && last.hash.startsWith("#");
    return { read: chapters.filter((name) =>
               Array.isArray(read) && read.includes(name)),
             last: isPlace ? last : null };
  };
  const save = (state) => {
    localStorage.setItem(key, JSON.stringify(state));
    show();
  };
  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    node.className = className;
    node.textContent = text;
    return node;
  };

  // The line «Progress: 1/4», in the sidebar and on the home page.
  const lines = [];
  const addLine = (place) => {
    const line = make("div", "reading-progress", "");
    const label = make("span", "", "");
    const bar = document.createElement("progress");
    bar.max = chapters.length;
    bar.setAttribute("aria-label", _("Chapters read"));
    const reset = make("button", "", _("Clear progress"));
    reset.type = "button";
    reset.addEventListener("click", () => {
      if (confirm(_("Clear the progress that this browser remembers?"))) {
        save({ read: [], last: null });
      }
    });
    line.append(label, bar, reset);
    place.after(line);
    lines.push({ label, bar, reset });
  };

  // The button at the end of a chapter.
  const button = make("button", "reading-mark", "");
  button.type = "button";
  button.addEventListener("click", () => {
    const state = load();
    const others = state.read.filter((name) => name !== here);
    const read = others.length === state.read.length;
    save({ ...state, read: read ? [...others, here] : others });
  });

  // The link «Continue: …» on the home page.
  const start = document.querySelector(".reading-start");
  const proceed = make("a", "reading-continue", "");

  const show = () => {
    const { read, last } = load();
    for (const { label, bar, reset } of lines) {
      const [count, all] = [read.length, chapters.length];
      label.textContent = _(`Progress: ${count}/${all}`);
      bar.value = read.length;
      reset.hidden = !read.length && !last;
    }
    button.textContent = read.includes(here) ? _("✓ Read") : _("Mark as read");
    button.setAttribute("aria-pressed", read.includes(here));
    const links = ".bd-sidenav a, .chapter-path a";
    for (const link of document.querySelectorAll(links)) {
      const [target] = link.href.split("#");
      const isRead = read.some((name) => address(name) === target);
      link.classList.toggle("is-read", isRead);
      link.querySelector(".read-note")?.remove();
      if (isRead) link.append(make("span", "read-note", _(" (read)")));
    }
    proceed.hidden = !last;
    if (last) {
      proceed.href = address(last.name) + (last.hash);
      const { title } = last;
      proceed.textContent = _(`Continue: ${title}`);
    }
  };

  const text = (heading) => {
    const copy = heading.cloneNode(true);
    copy.querySelectorAll(".headerlink, .katex-mathml").forEach(
      (node) => node.remove());
    return copy.textContent.trim();
  };

  // The section being read is the one a third down the window.
  const remember = () => {
    const chapter = document.querySelector(".bd-article h1");
    const { left, width } = chapter.getBoundingClientRect();
    const place = document.elementFromPoint(left + width / 2, innerHeight / 3);
    const section = place?.closest(".bd-article section[id]");
    const heading = section?.querySelector(":scope > :is(h1, h2, h3, h4)");
    if (!heading) return;
    const title = text(chapter) +
      (heading === chapter ? "" : ` › ${text(heading)}`);
    const hash = `#${heading.parentElement.id}`;
    save({ ...load(), last: { name: here, hash, title } });
  };

  if (chapters.length) {
    const sidebar = document.querySelector(".bd-sidebar-primary .bd-docs-nav");
    if (sidebar) addLine(sidebar);
    if (start) {
      addLine(document.querySelector(".chapter-path") || start);
      start.append(proceed);
    }
    if (here) {
      document.querySelector(".bd-article")?.append(button);
      addEventListener("pagehide", remember);
      document.addEventListener("visibilitychange", () => {
        if (document.visibilityState === "hidden") remember();
      });
    }
    show();
    // Another tab has changed it, or this page comes back from the past.
    addEventListener("storage", show);
    addEventListener("pageshow", show);
  }
}
