// For `mdbook build docs` only. The pages link to files beside this folder
// (`../executor/..`). The site lies two folders below the repository's, not
// one, so those links get the step that they lack.
for (const link of document.querySelectorAll('main a[href^="../"]')) {
  link.setAttribute("href", "../" + link.getAttribute("href"));
}

// On a phone, site.css shows a row of a table as a block: then each cell says
// what its column is, and stays a cell for those who listen to the page.
for (const table of document.querySelectorAll("main table")) {
  const columns = Array.from(table.querySelectorAll("th"), (cell) => cell.textContent);
  table.setAttribute("role", "table");
  for (const row of table.querySelectorAll("tbody tr")) {
    row.setAttribute("role", "row");
    Array.from(row.cells).forEach((cell, n) => {
      cell.setAttribute("role", "cell");
      if (n > 0 && columns[n]) cell.dataset.column = columns[n];
    });
  }
}
