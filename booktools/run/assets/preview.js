// In each page that `make write` serves: reloads it when there is a new site,
// or shows what keeps the book from being built.
{
  const { site } = document.currentScript.dataset;
  const host = document.createElement("aside");
  const box = host.attachShadow({ mode: "open" });
  box.innerHTML = `
    <style>
      :host { position: fixed; z-index: 99999; inset: auto 0 0 auto; }
      section {
        box-sizing: border-box; max-width: 100vw; max-height: 50vh;
        overflow: auto; padding: .75rem 1rem; color: #fff; background: #333;
        border-top: 3px solid #888; font: 15px/1.5 sans-serif;
      }
      :host(.failed) { left: 0; }
      :host(.failed) section { background: #5c1010; border-color: #ff8a8a; }
      section[hidden] { display: none; }
      pre { margin: .5rem 0 0; white-space: pre-wrap; font: 13px/1.5 monospace; }
      pre:empty, button[hidden] { display: none; }
      button {
        float: right; border: 1px solid #fff; border-radius: 4px; color: #fff;
        background: none; font: inherit; cursor: pointer;
      }
    </style>
    <section hidden><button type="button"></button><span></span><pre></pre>
    </section>`;
  const [section, button, line, pre] =
    ["section", "button", "span", "pre"].map((name) => box.querySelector(name));

  button.textContent = _("Close");

  let wait;
  const show = (title, text = "") => {
    clearTimeout(wait);
    host.className = text ? "failed" : "";
    section.setAttribute("role", text ? "alert" : "status");
    section.hidden = !title;
    button.hidden = !text;
    line.textContent = title;
    pre.textContent = text;
    // The last lines of the page can still be read.
    document.body.style.paddingBottom =
      text ? `${section.offsetHeight}px` : "";
  };
  button.addEventListener("click", () => show(""));
  document.body.append(host);

  let last = "";
  const hear = ({ data }) => {
    if (data === last) return;
    last = data;
    const news = JSON.parse(data);
    if (news.site !== site) {
      location.reload();
    } else if (news.build === "failed") {
      show(_("There are problems; this is the page of the last good build:"), news.problems);
    } else if (news.build === "running") {
      // Most builds take no longer than it takes to read this.
      clearTimeout(wait);
      wait = setTimeout(() => show(_("Building the book …")), 1000);
    } else {
      show("");
    }
  };

  // Only while the page shows: browsers open few connections to one host.
  let events;
  const connect = () => {
    events?.close();
    if (document.hidden) return;
    last = "";
    events = new EventSource("/_preview/events");
    events.addEventListener("message", hear);
    events.addEventListener("error", () => {
      last = "";
      show(_("make write has ended. Start it again, and this page will follow."));
    });
  };
  document.addEventListener("visibilitychange", connect);
  connect();
}
