// What is folded unfolds for a link into it, and for printing.
{
  // Anybody may have written the address: not each of them can be decoded.
  function named(hash) {
    const name = hash.slice(1);
    try { return document.getElementById(decodeURIComponent(name)); }
    catch { return document.getElementById(name); }
  }

  function unfold(hash) {
    const target = named(hash);
    let closed = false;
    for (
      let fold = target?.closest("details");
      fold;
      fold = fold.parentElement.closest("details")
    ) {
      closed ||= !fold.open;
      fold.open = true;
    }
    if (closed) target.scrollIntoView();
  }

  unfold(location.hash);
  addEventListener("hashchange", () => unfold(location.hash));
  // Again to where one already is: no change of the address.
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href*='#']");
    if (link?.hash && link.hash === location.hash) unfold(link.hash);
  });

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details.fold:not([open])")];
    for (const fold of opened) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of opened) fold.open = false;
  });
}
