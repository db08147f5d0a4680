// Keeps a page up to date. The server sends the blocks that have changed; a hidden tab asks for none.
import { showGraphs } from "./graphs.js";
import { showWays } from "./logs.js";
import { showScrolling } from "./scrolling.js";
import { showTimes } from "./times.js";

export function openStream() {
  if (!document.querySelector("main[data-stream]")) return;
  let source = null;
  const follow = () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else if (!source) {
      source = new EventSource(location.href);
      source.addEventListener("blocks", (event) => show(JSON.parse(event.data)));
      source.onopen = () => { document.documentElement.dataset.live = "yes"; };
      source.onerror = () => { document.documentElement.dataset.live = "no"; };
    }
  };
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", () => source?.close());
  follow();
}

const shown = new Map();

function show(blocks) {
  for (const [name, html] of Object.entries(blocks)) {
    const place = document.querySelector(`[data-live="${CSS.escape(name)}"]`);
    if (!place || shown.get(name) === html) continue;
    shown.set(name, html);
    if (name === "problem") showProblem(place, html);
    else if (!isUsed(place)) replace(place, html);
  }
  showTimes();
  showGraphs();
  showScrolling();
  showWays();
}

function showProblem(place, text) {
  place.textContent = text;
  place.hidden = !text;
}

// A block with a form into which a person types is not replaced. Boxes that are checked stay so.
function isUsed(place) {
  const active = document.activeElement;
  return place.contains(active) && /^(INPUT|SELECT|TEXTAREA)$/.test(active.tagName) && active.type !== "checkbox";
}

function replace(place, html) {
  const before = place.querySelector("pre.log");
  const atEnd = !before || before.scrollHeight - before.scrollTop - before.clientHeight < 24;
  const top = before?.scrollTop ?? 0;
  const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const open = [...place.querySelectorAll("details[open][id]")].map((each) => each.id);
  const checked = [...place.querySelectorAll("input:checked")].map((each) => each.value);
  const lefts = [...place.querySelectorAll(".wide-scroll")].map((each) => each.scrollLeft);
  place.innerHTML = html;
  place.querySelectorAll(".wide-scroll").forEach((each, number) => { each.scrollLeft = lefts[number] ?? 0; });
  for (const each of place.querySelectorAll("input[type=checkbox]")) each.checked = checked.includes(each.value);
  open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  if (focused) place.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  const after = place.querySelector("pre.log");
  if (after) after.scrollTop = atEnd ? after.scrollHeight : top;
}
