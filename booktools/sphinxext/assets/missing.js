// The language of the address that is missing: an edition has a folder.
{
  const texts = [...document.querySelectorAll("main")];
  const [source, ...editions] = texts;
  const shown = editions.find(({ dataset }) =>
    location.pathname.includes(`/${dataset.folder}`)) ?? source;
  for (const text of texts) text.hidden = text !== shown;
  document.documentElement.lang = shown.lang;
  document.title = shown.dataset.title;
}
