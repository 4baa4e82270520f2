// The buttons of the header.
//
// Bootstrap makes their tips and menus.  It weighs a quarter of what all pages
// share, so it comes once a reader does something.
{
  const { later } = document.currentScript.dataset;
  const POINTED_AT = '[data-bs-toggle="tooltip"]:is(:hover, :focus-visible)';
  const SIGNS = ["pointermove", "pointerdown", "touchstart", "keydown", "scroll"];

  // A menu that is asked for before that opens as soon as it can, and so does
  // the tip of what is pointed at.
  let wanted;
  const note = ({ target }) => {
    wanted = target.closest?.('[data-bs-toggle="dropdown"]');
  };
  const load = () => {
    for (const sign of SIGNS) removeEventListener(sign, load);
    const script = document.createElement("script");
    script.src = later;
    script.addEventListener("load", () => {
      removeEventListener("click", note, true);
      wanted?.click();
      for (const button of document.querySelectorAll(POINTED_AT))
        globalThis.bootstrap.Tooltip.getInstance(button)?.show();
    });
    // Without network now; perhaps with it the next time.
    script.addEventListener("error", wait);
    document.head.append(script);
  };
  const wait = () => {
    for (const sign of SIGNS) addEventListener(sign, load, { passive: true });
  };
  addEventListener("click", note, true);
  wait();
}
// The one for light and dark says which of three modes it has chosen.
{
  const NAMES = { auto: _("as the system"), light: _("light"), dark: _("dark") };
  const root = document.documentElement;
  const say = () => {
    const mode = NAMES[root.dataset.mode];
    const text = _(`Color mode: ${mode}`);
    for (const button of document.querySelectorAll(".theme-switch-button")) {
      button.setAttribute("aria-label", text);
      button.dataset.bsTitle = text;
      globalThis.bootstrap?.Tooltip.getInstance(button)
        ?.setContent({ ".tooltip-inner": text });
    }
  };
  new MutationObserver(say).observe(root, { attributeFilter: ["data-mode"] });
  say();
}
