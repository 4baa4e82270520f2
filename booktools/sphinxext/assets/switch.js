// The same page, and the same section, in another language; which one a reader
// prefers.  It is kept in this browser and sent nowhere.
{
  const root = new URL(
    document.documentElement.dataset.content_root || "./", location.href);
  const top = document.querySelector('meta[name="book-root"]')?.content;
  const book = new URL(top || "./", root);
  const key = `language of ${book.pathname}`;
  const links = [...document.querySelectorAll("a.edition-link")];

  // The section being read is the one a third down the window.
  const section = () => {
    const title = document.querySelector(".bd-article h1");
    if (!title || scrollY < innerHeight / 3) return location.hash;
    const { left, width } = title.getBoundingClientRect();
    const place = document.elementFromPoint(left + width / 2, innerHeight / 3);
    const found = place?.closest(".bd-article section[id]");
    return found ? `#${found.id}` : location.hash;
  };
  // When the link gets the focus, the page has moved to show it.
  let place, wait;
  addEventListener("scroll", () => {
    clearTimeout(wait);
    wait = setTimeout(() => { place = section(); }, 200);
  }, { passive: true });
  const follow = (link, hash) => {
    link.search = location.search;  // of the page of hits
    link.hash = hash;
  };
  for (const link of links) {
    // Before it is followed in any way: by touch, by key, in another tab.
    link.addEventListener("pointerdown", () => follow(link, section()));
    link.addEventListener("focus", () => follow(link, place ?? section()));
    link.addEventListener("click", () => {
      localStorage.setItem(key, link.hreflang);
    });
  }

  const here = document.documentElement.lang;
  const matches = (tag, other) =>
    tag.split("-")[0].toLowerCase() === other.split("-")[0].toLowerCase();
  // The first language of the browser that the book has; a script that differs
  // (zh-TW, zh-CN) counts where the book has both.
  const preferred = () => {
    const all = [here, ...links.map((link) => link.hreflang)];
    for (const wish of navigator.languages) {
      const found = all.find((tag) => tag === wish)
        ?? all.find((tag) => matches(tag, wish));
      if (found) return found;
    }
    return here;
  };
  // Whoever comes from elsewhere, by a link or by typing an address.  In a
  // folder, browsers may remember for each page by itself what was chosen.
  const [entry] = performance.getEntriesByType("navigation");
  const comes = entry?.type === "navigate" && location.protocol !== "file:"
    && !document.referrer.startsWith(book.href);
  const isRobot = navigator.webdriver
    || /bot|crawl|spider|slurp|lighthouse|preview/i.test(navigator.userAgent);
  const known = localStorage.getItem(key);
  const target = comes && !isRobot
    && links.find((link) => link.hreflang === (known ?? preferred()));
  if (target) {
    if (known === null) sessionStorage.setItem(`${key}, followed`, here);
    localStorage.setItem(key, target.hreflang);
    location.replace(target.href + location.search + location.hash);
  }

  // The first visit says that it has followed the browser.
  const from = sessionStorage.getItem(`${key}, followed`);
  const back = links.find((link) => link.hreflang === from);
  const article = document.querySelector(".bd-article");
  if (back && article && !target) {
    sessionStorage.removeItem(`${key}, followed`);
    const notice = document.createElement("p");
    notice.className = "edition-notice";
    notice.setAttribute("role", "status");
    const text = document.createElement("span");
    text.textContent = _("This book is shown in the language of your browser.");
    const link = back.cloneNode(true);
    link.className = "";
    link.addEventListener("click", () => {
      localStorage.setItem(key, link.hreflang);
    });
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = _("OK");
    close.addEventListener("click", () => notice.remove());
    notice.append(text, link, close);
    article.prepend(notice);
  }
}
