// What a link leads to, a term, a formula or a figure, is shown beside it
// while it is pointed at or has the focus of the keyboard.
{
  const LINKS = "a.internal:has(.std-term, .std-numref), "
    + 'a.internal[href*="#equation-"]';
  const DELAY = 300;

  const pages = new Map();
  const pageOf = (url) => {
    const address = url.href.replace(/#.*/, "");
    if (address === location.href.replace(/#.*/, "")) return document;
    // A browser would refuse, and complain.
    if (url.protocol === "file:") return null;
    if (!pages.has(address)) {
      const parse = async () => {
        const response = await fetch(address);
        if (!response.ok) throw new Error(response.statusText);
        const text = await response.text();
        return new DOMParser().parseFromString(text, "text/html");
      };
      const page = parse();
      pages.set(address, page);
      // Without network now; perhaps with it the next time.
      page.catch(() => pages.delete(address));
    }
    return pages.get(address);
  };

  // Not what a reader has not guessed yet.
  const isCovered = (target, page) => {
    const cover = target.closest(".guessed")?.querySelector(".guess-cover");
    return cover && !(page === document && cover.open);
  };
  const excerpt = (target) => {
    if (target.matches("dt")) {
      // An entry may have several terms: all of them stand above its text.
      const list = document.createElement("dl");
      let first = target;
      while (first.previousElementSibling?.matches("dt")) {
        first = first.previousElementSibling;
      }
      for (let part = first; part; part = part.nextElementSibling) {
        if (part.matches("dt") && list.querySelector("dd")) break;
        list.append(part.cloneNode(true));
      }
      return list;
    }
    if (target.matches(".math")) return target.cloneNode(true);
    if (!target.matches("figure")) return null;
    const figure = document.createElement("figure");
    for (const part of target.querySelectorAll("img, figcaption")) {
      if (!part.closest("noscript")) figure.append(part.cloneNode(true));
    }
    return figure;
  };

  const find = async (link) => {
    const url = new URL(link.href);
    const page = await pageOf(url);
    const target = page?.getElementById(decodeURIComponent(url.hash.slice(1)));
    if (!target || isCovered(target, page)) return null;
    const copy = excerpt(target);
    if (!copy) return null;
    for (const part of [copy, ...copy.querySelectorAll("[id]")]) {
      part.removeAttribute("id");
    }
    copy.querySelectorAll(".headerlink").forEach((sign) => sign.remove());
    // Addresses are relative to the page that they are taken from.
    for (const inner of copy.querySelectorAll("a[href]")) {
      inner.href = new URL(inner.getAttribute("href"), url);
    }
    for (const image of copy.querySelectorAll("img")) {
      image.src = new URL(image.getAttribute("src"), url);
      image.loading = "eager";
    }
    return copy;
  };

  const box = document.createElement("div");
  box.className = "tooltip-of-link bd-article";
  box.popover = "manual";
  box.id = "tooltip-of-link";
  box.setAttribute("role", "tooltip");
  let current, timer;

  const hide = () => {
    clearTimeout(timer);
    current?.removeAttribute("aria-describedby");
    current = null;
    if (box.matches(":popover-open")) box.hidePopover();
  };
  const place = (link) => {
    const { left, top, bottom } = link.getClientRects()[0];
    const { offsetWidth: width, offsetHeight: height } = box;
    const x = Math.min(left, document.documentElement.clientWidth - width - 8);
    const isBelow = bottom + height + 8 < innerHeight || top < height;
    box.style.left = `${Math.max(x, 8)}px`;
    box.style.top = `${isBelow ? bottom + 4 : top - height - 4}px`;
  };
  const show = async (link) => {
    hide();
    current = link;
    let copy = null;
    // Where a page cannot be read, the link is enough.
    try { copy = await find(link); } catch {}
    if (current !== link) return;
    if (!copy) {
      current = null;
      return;
    }
    box.replaceChildren(copy);
    if (!box.isConnected) document.body.append(box);
    box.showPopover();
    place(link);
    link.setAttribute("aria-describedby", box.id);
  };
  const later = (call) => {
    clearTimeout(timer);
    timer = setTimeout(call, DELAY);
  };

  const linkOf = (event) => event.target.closest?.(LINKS);
  const article = document.querySelector("article");
  // A finger points at a link only to follow it.
  article?.addEventListener("pointerover", (event) => {
    const link = linkOf(event);
    if (!link || event.pointerType === "touch") return;
    if (link === current) clearTimeout(timer);
    else later(() => show(link));
  });
  article?.addEventListener("pointerout", (event) => {
    if (linkOf(event)) later(hide);
  });
  // What is shown can be pointed at, too: to read on, or to copy it.
  box.addEventListener("pointerover", () => clearTimeout(timer));
  box.addEventListener("pointerout", () => later(hide));
  article?.addEventListener("focusin", (event) => {
    const link = linkOf(event);
    if (link?.matches(":focus-visible")) show(link);
  });
  article?.addEventListener("focusout", hide);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  addEventListener("scroll", () => {
    if (!current || !box.matches(":popover-open")) return;
    const { top, bottom } = current.getBoundingClientRect();
    if (bottom < 0 || top > innerHeight) hide();
    else place(current);
  }, { passive: true });
}
