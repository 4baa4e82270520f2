// What a reader has guessed, and what has been shown because of it.  It is
// kept in this browser, sent nowhere and counted by nobody.
{
  const root = new URL(
    document.documentElement.dataset.content_root || "./", location.href);
  const key = `guesses of ${root.pathname}`;
  const RESULTS = {
    right: _("Guessed right"),
    wrong: _("Guessed wrong"),
    seen: _("Shown without a guess"),
  };
  const SHOWN = _("The result is shown");
  const COVERED = _("The result is covered again");
  const MINE = _("your guess");

  // `all`: nothing is covered.  `made`: for each guess the number of the
  // choice, or "seen" where the reader has only looked.
  const load = () => {
    let state = null;
    // Anybody may have written there, whatever it may be.
    try { state = JSON.parse(localStorage.getItem(key)); } catch {}
    const { all, made } = state ?? {};
    const isObject = typeof made === "object" && !Array.isArray(made);
    return { all: all === true, made: isObject ? { ...made } : {} };
  };

  const guesses = [...document.querySelectorAll(".guess")].map((box) => ({
    id: box.id,
    box,
    choices: [...box.querySelectorAll(".guess-choice")],
    covers: [...document.querySelectorAll(".guess-cover")].filter(
      (cover) => cover.dataset.guess === box.id),
    again: box.querySelector(".guess-again"),
    result: box.querySelector(".guess-result"),
    all: box.querySelector(".guess-all"),
  }));

  // Of a guess that was made: how; of others, nothing.
  const outcome = ({ id, choices }, made) => {
    if (!Object.hasOwn(made, id)) return "";
    const number = made[id];
    const choice = Number.isInteger(number) ? choices[number] : null;
    if (!choice) return "seen";
    return choice.classList.contains("is-right") ? "right" : "wrong";
  };

  // What screen readers say when something shows or is covered.
  const voice = document.createElement("p");
  voice.className = "guess-voice";
  voice.setAttribute("role", "status");
  document.body.append(voice);
  const say = (...sentences) => {
    voice.textContent = sentences.map((sentence) => _(`${sentence}. `)).join("");
  };

  const linkTo = ({ id, box }) => {
    const link = document.createElement("a");
    link.href = `#${id}`;
    const question = box.querySelector(".admonition-title + p");
    link.append(...question.cloneNode(true).childNodes);
    // A link has no links in it, and names are given once.
    for (const part of link.querySelectorAll("a, [id]")) {
      part.removeAttribute("id");
      if (part.matches("a")) part.replaceWith(...part.childNodes);
    }
    const item = document.createElement("li");
    item.append(link);
    return item;
  };
  const review = document.querySelector(".guess-review");
  const show = () => {
    const { all, made } = load();
    const count = { right: 0, wrong: 0, seen: 0, "": 0 };
    for (const guess of guesses) {
      const how = outcome(guess, made);
      count[how] += 1;
      for (const cover of guess.covers) cover.open = all || how !== "";
      guess.box.classList.toggle("is-made", how !== "");
      guess.again.hidden = how === "";
      guess.result.textContent = how && RESULTS[how];
      guess.all.setAttribute("aria-pressed", all);
      guess.choices.forEach((choice, number) => {
        const isMine = number === made[guess.id];
        choice.classList.toggle("is-mine", isMine);
        choice.querySelector(".guess-mine")?.remove();
        if (!isMine) return;
        const note = document.createElement("span");
        note.className = "guess-mine";
        note.textContent = MINE;
        choice.firstElementChild.append(note);
      });
    }
    if (!review) return;
    review.hidden = count.right + count.wrong === 0;
    review.querySelector("ul").replaceChildren(...guesses
      .filter((guess) => outcome(guess, made) === "wrong").map(linkTo));
    const { right, wrong } = count;
    const guessed = right + wrong;
    review.querySelector(".guess-count").textContent =
      _(`Guesses in this chapter: ${guessed}, right: ${right}. `) +
      (wrong ? _("Wrong:") : "");
  };
  const change = (edit) => {
    const state = load();
    edit(state);
    localStorage.setItem(key, JSON.stringify(state));
    show();
  };
  const forget = (some) => change(({ made }) => {
    for (const { id, choices } of some) {
      delete made[id];
      for (const choice of choices) choice.open = false;
    }
  });

  const see = ({ id }) => {
    change(({ made }) => { made[id] ??= "seen"; });
    say(SHOWN);
  };

  for (const guess of guesses) {
    const { id, choices, covers } = guess;
    choices.forEach((choice, number) => {
      choice.firstElementChild.addEventListener("click", (event) => {
        // When the guess is made, it only folds and unfolds.
        if (Object.hasOwn(load().made, id)) return;
        event.preventDefault();
        change(({ made }) => { made[id] = number; });
        for (const each of choices) {
          if (each === choice || each.matches(".is-right")) each.open = true;
        }
        say(RESULTS[outcome(guess, load().made)], SHOWN);
      });
    });
    for (const cover of covers) {
      cover.firstElementChild.addEventListener("click", (event) => {
        const { all, made } = load();
        if (all) return;
        event.preventDefault();
        if (Object.hasOwn(made, id)) {
          forget([guess]);
          say(COVERED);
        } else see(guess);
      });
    }
    guess.again.addEventListener("click", () => {
      forget([guess]);
      say(COVERED);
      // The button is gone.
      (choices[0]?.firstElementChild ?? guess.all).focus();
    });
    guess.all.addEventListener("click", () => {
      change((state) => { state.all = !state.all; });
      say(load().all ? SHOWN : COVERED);
    });
  }
  review?.querySelector(".guess-forget").addEventListener("click", () => {
    forget(guesses);
    guesses[0].box.scrollIntoView();
    (guesses[0].choices[0]?.firstElementChild ?? guesses[0].all).focus();
  });

  // A link that leads into what is covered shows it.
  const uncover = () => {
    const cover = document.querySelector(":target")?.closest(".guessed")
      ?.querySelector(".guess-cover:not([open])");
    if (cover) see({ id: cover.dataset.guess });
  };
  show();
  addEventListener("pageshow", () => { show(); uncover(); });
  addEventListener("hashchange", uncover);
  // Again to where one already is: no change of the address.
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href*='#']");
    if (link?.hash && link.hash === location.hash) uncover();
  });
  // Another tab has changed it.
  addEventListener("storage", show);
}
