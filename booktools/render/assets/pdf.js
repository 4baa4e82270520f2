// Makes the page that is about to be printed ready (booktools/render/pdf.py).
// Gets the numbers of the printed pages, as far as they are known:
// the id of a place -> its page.
numbers => {
  // What is wider than the paper would be cut off: make it smaller.
  for (const box of document.querySelectorAll('.katex-display, table')) {
    const fit = box.parentElement.clientWidth / box.scrollWidth;
    if (fit < 1) box.style.fontSize = `${100 * fit}%`;
  }
  for (const link of document.querySelectorAll('a.page-number')) {
    const number = numbers[decodeURIComponent(link.hash.slice(1))];
    if (number) link.textContent = number;
  }
}
