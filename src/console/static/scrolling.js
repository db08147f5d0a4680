// Says of a table that is wider than its place that it scrolls: it fades at the side where there is more, and a line
// below it says so.
const HINT = "More columns at the right: scroll, or press → in the table.";

export function showScrolling() {
  for (const frame of document.querySelectorAll(".wide-scroll")) show(frame);
}

export function keepScrolling() {
  addEventListener("resize", showScrolling);
  document.addEventListener("scroll", ({ target }) => {
    if (target instanceof HTMLElement && target.matches(".wide-scroll")) show(target);
  }, true);
}

function show(frame) {
  const room = frame.scrollWidth - frame.clientWidth;
  const isCut = room > 1 && frame.scrollLeft < room - 1;
  frame.classList.toggle("is-cut", isCut);
  const hint = hintOf(frame);
  if (hint) hint.hidden = !isCut;
  else if (isCut && frame.querySelector("table")) frame.after(made());
}

function hintOf(frame) {
  const next = frame.nextElementSibling;
  return next?.matches(".scroll-hint") ? next : null;
}

function made() {
  const hint = document.createElement("p");
  hint.className = "scroll-hint quiet";
  hint.textContent = HINT;
  return hint;
}
