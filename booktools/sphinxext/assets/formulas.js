// A formula that is wider than its place can be scrolled by keyboard as well.
// Also one in a fold: what is not shown has no width.
const watcher = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) {
      target.tabIndex = 0;
      target.setAttribute("role", "group");
      target.setAttribute("aria-label", "公式，可左右滚动");
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) {
        target.removeAttribute(name);
      }
    }
  }
});
for (const formula of document.querySelectorAll(".katex-display")) {
  watcher.observe(formula);
}
