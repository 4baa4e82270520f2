// What the theme does by measuring the whole page while it loads, which takes
// a phone longer than all else; here only what shows is measured.
{
  // What is wider than its place can be scrolled by keyboard as well.  Until
  // it shows, a guess is made from its text: rather too wide than too narrow.
  const article = document.querySelector(".bd-article");
  const width = article?.clientWidth || innerWidth;
  const columns = (width - 120) / 9;
  const cells = (line) => line.replace(/[\u1100-\uffff]/g, "xx").length;
  const isLong = (element) => element.matches("div") ? width < 700 :
    element.textContent.split("\n").some((line) => cells(line) > columns);
  const mark = (element, isWide) => {
    if (!isWide) {
      for (const name of ["tabindex", "role", "aria-label"]) {
        element.removeAttribute(name);
      }
      return;
    }
    element.tabIndex = 0;
    if (element.matches(".katex-display")) {
      element.setAttribute("role", "group");
      element.setAttribute("aria-label", _("Formula, scrolls left and right"));
    }
  };
  // Something goes on at the right, and the style says so.
  const tell = (element) => {
    const { scrollLeft, clientWidth, scrollWidth } = element;
    element.toggleAttribute("data-more", scrollLeft + clientWidth < scrollWidth - 2);
  };
  const watcher = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      // What does not show has no width.
      if (!contentRect.width) continue;
      mark(target, target.scrollWidth > target.clientWidth);
      tell(target);
    }
  });
  const kinds = ".katex-display, pre, .pst-scrollable-table-container";
  for (const element of document.querySelectorAll(kinds)) {
    mark(element, isLong(element));
    watcher.observe(element);
    element.addEventListener("scroll", () => tell(element), { passive: true });
  }

  // The line of the page's contents whose section is being read.
  const lines = new Map();
  for (const line of document.querySelectorAll(".page-toc a[href^='#']")) {
    let id = line.hash.slice(1);
    try { id = decodeURIComponent(id); } catch {}
    lines.set(document.getElementById(id), line);
  }
  const shown = new Set();
  const contents = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) shown.add(target);
      else shown.delete(target);
    }
    for (const [section, line] of lines) {
      line.classList.toggle("active", shown.has(section));
    }
  }, { rootMargin: "-20% 0px -75%" });
  for (const section of lines.keys()) {
    if (section) contents.observe(section);
  }
}
