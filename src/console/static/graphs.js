// Shows a graph whole in the width of its frame. Where its letters are small then, a button, or a click into the graph,
// enlarges it: it takes the width of the page, and scrolls. It shows first what failed, runs or was last, or its start.
// On a telephone, where a whole graph has letters that nobody can read, a graph is large from the beginning.
const LEAST_SCALE = 0.65;
const SMALL_SCALE = 0.85; // a graph that is smaller than this can be enlarged
const FIRST = [".is-focus", ".start"];
const HEADER_PX = 70;
const NARROW = matchMedia("(max-width: 900px)");
let isLarge = null; // not decided yet
const looked = new WeakMap();

export function showGraphs() {
  for (const frame of document.querySelectorAll(".graph")) {
    const svg = frame.querySelector("svg.machine");
    if (svg) show(frame, svg);
  }
}

export function keepGraphs() {
  addEventListener("resize", showGraphs);
}

function show(frame, svg) {
  const width = svg.width.baseVal.value;
  const isSmall = frame.clientWidth < SMALL_SCALE * width;
  isLarge ??= NARROW.matches && frame.clientWidth < LEAST_SCALE * width;
  frame.closest(".machine-page").classList.toggle("is-large", isLarge);
  const section = frame.parentElement; // it stays beside a long path if the window has room for it
  section.classList.toggle("stays", !isLarge && section.offsetHeight + HEADER_PX < innerHeight);
  frame.classList.toggle("is-small", isSmall && !isLarge);
  svg.style.minWidth = isLarge ? `${Math.max(LEAST_SCALE * width, Math.min(width, frame.clientWidth))}px` : "0";
  showButton(frame, isSmall || isLarge);
  frame.onclick = (event) => {
    if (isSmall && !isLarge && !event.target.closest("a")) enlarge(true, frame, placeOf(event, svg));
  };
  const [state, name] = first(svg);
  if (!isLarge || !state || looked.get(frame) === name) return;
  looked.set(frame, name);
  look(frame, state);
}

function showButton(frame, isOffered) {
  const button = frame.parentElement.querySelector("[data-enlarge]");
  if (!button) return;
  button.hidden = !isOffered;
  button.textContent = isLarge ? "Fit" : "Enlarge";
  button.onclick = () => enlarge(!isLarge, frame);
}

// `place` is what is to be in the middle, as parts of the graph's width and height.
function enlarge(toLarge, frame, place) {
  isLarge = toLarge;
  looked.delete(frame);
  showGraphs();
  // the section moves above the path, which may be far from where it was
  frame.parentElement.scrollIntoView({ block: isLarge ? "start" : "nearest" });
  const svg = frame.querySelector("svg.machine");
  if (!place || !svg) return;
  const box = svg.getBoundingClientRect();
  frame.scrollLeft = place[0] * box.width - frame.clientWidth / 2;
  frame.scrollTop = place[1] * box.height - frame.clientHeight / 2;
}

function placeOf(event, svg) {
  const box = svg.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

function first(svg) {
  for (const selector of FIRST) {
    const state = svg.querySelector(selector);
    if (state) return [state, selector + (state.querySelector(".name")?.textContent ?? "")];
  }
  return [null, ""];
}

function look(frame, state) {
  const box = state.querySelector(":scope > .box") ?? state;
  const [outer, inner] = [frame.getBoundingClientRect(), box.getBoundingClientRect()];
  frame.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
  frame.scrollTop += inner.top + inner.height / 2 - outer.top - outer.height / 2;
}
