// The button for light and dark says which of three modes it has chosen.
{
  const NAMES = { auto: "随系统", light: "浅色", dark: "深色" };
  const root = document.documentElement;
  const say = () => {
    const text = `颜色模式：${NAMES[root.dataset.mode]}`;
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
