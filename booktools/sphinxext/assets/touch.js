// Figures that follow a finger.  A page has each of them as it was drawn; what
// draws it anew comes when the first one is near the view, for all of them.
// (It makes circles of the class touch-reach.)
{
  const texts = [...document.querySelectorAll(".touch-text")];

  const load = (address) => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.addEventListener("load", () => resolve(script.touch));
    script.addEventListener("error", reject);
    document.head.append(script);
  });

  const begin = (text, figures) => {
    const image = text.closest(".touch").previousElementSibling;
    const now = text.querySelector(".touch-now");
    // Around the image, which stays, unseen, and so the place it takes.
    const plane = document.createElement("span");
    plane.className = "touch-plane";
    if (getComputedStyle(image).display === "block") {
      plane.classList.add("touch-plane-block");
    }
    image.replaceWith(plane);
    plane.append(image);
    figures[text.dataset.figure]({
      plane,
      label: text.dataset.label,
      say: (words) => { now.textContent = words; },
    });
  };

  let loading = null;
  const observer = new IntersectionObserver((entries) => {
    if (loading || !entries.some((entry) => entry.isIntersecting)) return;
    loading = load(texts[0].dataset.script).then((figures) => {
      observer.disconnect();
      for (const text of texts) begin(text, figures);
    }, () => {
      loading = null; // without a network now, perhaps with one later
    });
  }, { rootMargin: "50%" });
  for (const text of texts) observer.observe(text.closest(".touch"));
}
