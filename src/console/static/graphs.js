// Shows a graph whole in the width of its frame. Where its letters are small then, a button, or a click into the graph,
// enlarges it: it takes the width of the page, and scrolls. It shows first what runs or failed, or where it starts.
const LEAST_SCALE = 0.65;
const SMALL_SCALE = 0.85; // a graph that is smaller than this can be enlarged
const FIRST = [".is-visited.tone-busy", ".is-visited.tone-bad", ".start"];
const HEADER_PX = 70;
let isLarge = false;
const looked = new WeakMap();

export function showGraphs() {
  showNewest();
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

// Of several such states, the innermost: a state with others inside comes before them in the document.
function first(svg) {
  for (const selector of FIRST) {
    const state = [...svg.querySelectorAll(selector)].at(selector === ".start" ? 0 : -1);
    if (state) return [state, selector + (state.querySelector(".name")?.textContent ?? "")];
  }
  return [null, ""];
}

function look(frame, state) {
  const [outer, inner] = [frame.getBoundingClientRect(), state.getBoundingClientRect()];
  frame.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
  if (inner.top < outer.top || inner.bottom > outer.bottom) frame.scrollTop += inner.top - outer.top - outer.height / 3;
}

// A chart of what happened over time that is wider than the page shows its newest part first.
function showNewest() {
  for (const each of document.querySelectorAll(".captures-charts .wide-scroll")) each.scrollLeft = each.scrollWidth;
}
