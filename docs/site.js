// For `mdbook build docs` only. The pages link to files beside this folder
// (`../executor/..`). The site lies two folders below the repository's, not
// one, so those links get the step that they lack.
for (const link of document.querySelectorAll('main a[href^="../"]')) {
  link.setAttribute("href", "../" + link.getAttribute("href"));
}
