// Keeps graphs legible: a large one scrolls in its frame, and shows first what runs or failed, or where it starts.
const LEAST_SCALE = 0.65;
const SLIGHTLY = 1.15; // a graph that is cut by less than this is a little smaller instead
const FIRST = [".is-visited.tone-busy", ".is-visited.tone-bad", ".start"];
let isFitted = false; // the whole graph in the width of its frame, however small
const looked = new WeakMap();

export function showGraphs() {
  for (const button of document.querySelectorAll("[data-fit]")) {
    button.hidden = false;
    button.onclick = () => {
      isFitted = !isFitted;
      button.textContent = isFitted ? "Legible size" : "Fit";
      showGraphs();
    };
  }
  showNewest();
  for (const frame of document.querySelectorAll(".graph")) {
    const svg = frame.querySelector("svg.machine");
    if (!svg) continue;
    svg.style.maxWidth = isFitted ? "100%" : "";
    svg.style.height = isFitted ? "auto" : "";
    if (isFitted) {
      svg.style.minWidth = "0";
      continue;
    }
    const least = LEAST_SCALE * svg.width.baseVal.value;
    svg.style.minWidth = `${least < SLIGHTLY * frame.clientWidth ? Math.min(least, frame.clientWidth) : least}px`;
    const [state, name] = first(svg);
    if (!state || looked.get(frame) === name) continue;
    looked.set(frame, name);
    look(frame, state);
  }
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
