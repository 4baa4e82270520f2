// Bootstrap makes the tips and the menu of the header.  It weighs a quarter of
// what all pages share, so it comes once a reader does something.
{
  const { later } = document.currentScript.dataset;
  const SIGNS = ["pointermove", "pointerdown", "touchstart", "keydown", "scroll"];

  // A menu that is asked for before that opens as soon as it can.
  let wanted;
  const note = ({ target }) => {
    wanted = target.closest('[data-bs-toggle="dropdown"]');
  };
  const load = () => {
    for (const sign of SIGNS) removeEventListener(sign, load);
    const script = document.createElement("script");
    script.src = later;
    script.addEventListener("load", () => {
      removeEventListener("click", note, true);
      wanted?.click();
    });
    document.head.append(script);
  };
  addEventListener("click", note, true);
  for (const sign of SIGNS) addEventListener(sign, load, { passive: true });
}
