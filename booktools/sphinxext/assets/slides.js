// Figures that move.  A page shows one frame; the others come, in one file,
// when the figure is near the view or when its slider is touched.
{
  const SECONDS = 0.7; // for each frame, when it plays

  const load = (address) => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.addEventListener("load", () => resolve(script.slide));
    script.addEventListener("error", reject);
    document.head.append(script);
  });

  const begin = (controls) => {
    const image = controls.closest(".slide").previousElementSibling;
    const inputs = [...controls.querySelectorAll("input")];
    const button = controls.querySelector("button");
    const text = controls.querySelector("p .slide-text");
    let loading = null;
    let timer = null;

    const start = () => {
      loading ??= load(controls.dataset.frames).catch(() => {
        loading = null; // without a network now, perhaps with one later
      });
      return loading;
    };
    const show = async () => {
      const slide = await start();
      if (!slide) return;
      let index = 0;
      slide.parameters.forEach(({ labels }, i) => {
        const value = inputs[i].valueAsNumber;
        index = index * labels.length + value;
        inputs[i].setAttribute("aria-valuetext", labels[value]);
        inputs[i].parentElement.querySelector(".slide-text").textContent =
          labels[value];
      });
      const frame = slide.frames[index];
      const svg = frame.svg.map((line) => slide.lines[line]).join("\n");
      // Not a moment without a picture; the style for drawings in the dark
      // knows them by how their addresses end.
      image.decoding = "sync";
      image.src =
        `data:image/svg+xml,${encodeURIComponent(svg)}#frame.svg`;
      if (text) text.textContent = frame.text;
    };
    const stop = () => {
      clearInterval(timer);
      timer = null;
      if (button) button.textContent = _("Play");
    };
    const step = () => {
      const [input] = inputs;
      if (input.value === input.max) return stop();
      input.stepUp();
      show();
    };

    for (const input of inputs) {
      input.addEventListener("input", () => {
        stop();
        show();
      });
    }
    button?.addEventListener("click", () => {
      if (timer) return stop();
      if (inputs[0].value === inputs[0].max) inputs[0].value = 0;
      show();
      timer = setInterval(step, 1000 * SECONDS);
      button.textContent = _("Pause");
    });
    new IntersectionObserver(async ([entry], observer) => {
      if (!entry.isIntersecting) return;
      observer.disconnect();
      // A browser that comes back to a page may have kept where sliders are.
      if (inputs.some((input) => input.value !== input.defaultValue)) show();
      else start();
    }, { rootMargin: "50%" }).observe(controls);
  };

  document.querySelectorAll(".slide-controls").forEach(begin);
}
