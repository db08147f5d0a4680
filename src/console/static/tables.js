// Sorts a table with class "sortable" by the column whose head is pressed.
export function sortTables() {
  document.addEventListener("click", (event) => {
    const head = event.target.closest("table.sortable th button");
    if (head) sort(head.closest("table"), head.closest("th"));
  });
}

function sort(table, head) {
  const column = [...head.parentElement.children].indexOf(head);
  const descending = head.getAttribute("aria-sort") !== "descending";
  for (const each of head.parentElement.children) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows].map((row) => [value(row.cells[column]), row]);
  rows.sort(([a], [b]) => compare(a, b) * (descending ? -1 : 1));
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

function value(cell) {
  const text = cell.dataset.value ?? cell.textContent.trim();
  return text === "" || isNaN(text) ? text : Number(text);
}

function compare(a, b) {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === "number" ? 1 : -1;
}
