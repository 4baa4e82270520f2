// A page that comes back, by reload or by the browser's button, shows what it
// showed.  Browsers remember how many pixels were above that, which says
// nothing before all that is above has been laid out.
{
  const article = document.querySelector("article") ?? document.body;
  const folds = () => [...article.querySelectorAll("details:not(.guess-cover)")];
  const sections = () => [...article.querySelectorAll(":scope > section > section")];
  const top = (element) => element.getBoundingClientRect().top;
  const isAbove = (element) => top(element) < innerHeight / 3;
  const HEADINGS = "h1, h2, h3, h4, h5, h6";

  // The heading that the reader is below, and how far.
  const remember = () => {
    // To ask where something is would lay out the section that it is in.
    const outer = sections().findLast(isAbove) ?? article;
    const near = [...outer.querySelectorAll(HEADINGS)].findLast(isAbove);
    const section = near?.closest("[id]");
    const place = {
      id: section?.id,
      above: section ? top(near) : -scrollY,
      open: folds().map((fold) => fold.open),
      focus: document.activeElement?.id,
    };
    history.replaceState({ ...history.state, place }, "");
  };
  // Not only when the page is left: then it is too late for some browsers.
  let pause;
  const rememberSoon = () => {
    clearTimeout(pause);
    pause = setTimeout(remember, 200);
  };

  const goBack = (place) => {
    const all = folds();
    if (all.length === place.open.length) {
      all.forEach((fold, i) => { fold.open = place.open[i]; });
    }
    if (place.focus) {
      document.getElementById(place.focus)?.focus({ preventScroll: true });
    }
    const section = document.getElementById(place.id);
    const mark = section?.querySelector(HEADINGS) ?? document.body;
    const scroll = () => scrollBy({
      top: top(mark) - place.above,
      behavior: "instant",
    });
    // Again when something above takes its height only now: fonts, pictures,
    // what is laid out when it comes into view.  Until the reader moves.
    const observer = new ResizeObserver(scroll);
    observer.observe(article);
    addEventListener("load", scroll);
    history.scrollRestoration = "manual";
    const stop = () => {
      history.scrollRestoration = "auto";
      observer.disconnect();
      removeEventListener("load", scroll);
    };
    for (const what of ["wheel", "keydown", "pointerdown", "touchstart"]) {
      addEventListener(what, stop, { once: true, passive: true });
    }
    setTimeout(stop, 3000);
    scroll();
  };

  if (history.state?.place) goBack(history.state.place);
  addEventListener("scroll", rememberSoon, { passive: true });
  article.addEventListener("toggle", rememberSoon, { capture: true });

  // Once the reader moves, the other sections get their true heights, too,
  // one after the other: or the scrollbar would lie.  Not all at once, and
  // not while the page loads, or a phone could not be used meanwhile.
  const later = globalThis.requestIdleCallback ?? ((call) => setTimeout(call, 50));
  const lay = ([section, ...others]) => {
    if (!section) return;
    section.style.contentVisibility = "visible";
    later(() => lay(others));
  };
  // Where the browser does not keep what shows in its place, only what is below.
  const keeps = CSS.supports("overflow-anchor", "auto");
  addEventListener("scroll", () => later(() => {
    lay(sections().filter((section) => keeps || top(section) > 0));
  }), { once: true, passive: true });
}
