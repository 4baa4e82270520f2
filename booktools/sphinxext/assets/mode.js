// Runs before anything is painted, so that a dark page does not flash white:
// light or dark, as chosen last time, else as the system has it.
{
  const root = document.documentElement;
  const mode = localStorage.getItem("mode") || "auto";
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.mode = mode;
  root.dataset.theme = mode === "auto" ? (dark ? "dark" : "light") : mode;
}
