// Opens the visit that the address names, when its state in the graph is pressed.
export function openVisits() {
  addEventListener("hashchange", open);
  open();
}

function open() {
  const visit = location.hash && document.getElementById(location.hash.slice(1));
  if (visit instanceof HTMLDetailsElement) {
    for (let each = visit; each; each = each.parentElement?.closest("details")) each.open = true;
    visit.scrollIntoView({ block: "nearest" });
  }
}
