// What is offered as a download is saved under its name, not shown in a tab.
// The theme's template for links has no place for this attribute.
document.addEventListener("DOMContentLoaded", () => {
  for (const link of document.querySelectorAll(".dropdown-download-buttons a")) {
    link.setAttribute("download", "");
    link.removeAttribute("target");
  }
});
