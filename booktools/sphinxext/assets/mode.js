// Runs before all else.  A browser may forbid storage or have no room for
// more: then a page itself keeps what its scripts store, until it is closed.
for (const name of ["localStorage", "sessionStorage"]) {
  const kept = new Map();
  let storage;
  try { storage = window[name]; } catch {}
  const guard = {
    getItem: (key) => kept.get(`${key}`) ?? storage?.getItem(key) ?? null,
    setItem: (key, value) => {
      kept.delete(`${key}`);
      try { storage.setItem(key, value); }
      catch { kept.set(`${key}`, `${value}`); }
    },
    removeItem: (key) => {
      kept.delete(`${key}`);
      storage?.removeItem(key);
    },
    clear: () => {
      kept.clear();
      storage?.clear();
    },
  };
  const value = new Proxy(storage ?? {}, {
    get: (target, key) => {
      if (Object.hasOwn(guard, key)) return guard[key];
      const own = Reflect.get(target, key);
      return typeof own === "function" ? own.bind(target) : own;
    },
    set: (_, key, value) => {
      guard.setItem(key, value);
      return true;
    },
  });
  try { Object.defineProperty(window, name, { configurable: true, value }); }
  catch {}
}
// Before anything is painted, so that a dark page does not flash white: light
// or dark, as chosen last time, else as the system has it.
{
  const root = document.documentElement;
  const stored = localStorage.getItem("mode");
  const mode = ["light", "dark"].includes(stored) ? stored : "auto";
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.mode = mode;
  root.dataset.theme = mode === "auto" ? (dark ? "dark" : "light") : mode;
}
// Fonts of formulas are asked for before a style names them.  Of a page that
// is opened from a folder, browsers let a style load them, but nothing sooner.
if (location.protocol !== "file:") {
  const fonts = document.querySelector('meta[name="book-fonts"]')?.content;
  for (const href of fonts?.split(" ") ?? []) {
    const link = document.createElement("link");
    Object.assign(
      link, { rel: "preload", as: "font", crossOrigin: "anonymous", href });
    document.head.append(link);
  }
}
