// Opens a log at its end, which a live page then follows, or at the line of the failure; with the ways to both ends.
export function openLogs() {
  for (const log of document.querySelectorAll("pre.log")) open(log);
  document.addEventListener("click", ({ target }) => {
    const way = target.closest("[data-log]");
    if (way) go(document.querySelector("pre.log"), way.dataset.log);
  });
  showWays();
  addEventListener("resize", showWays);
}

export function showWays() {
  const log = document.querySelector("pre.log");
  const isLong = log && log.scrollHeight > log.clientHeight;
  for (const way of document.querySelectorAll("[data-log]")) way.hidden = !isLong;
}

function open(log) {
  if (location.hash && log.querySelector(`#${CSS.escape(location.hash.slice(1))}`)) return; // the browser shows that line
  const failure = log.querySelector("#failure");
  if (failure) log.scrollTop += failure.getBoundingClientRect().top - log.getBoundingClientRect().top - log.clientHeight / 2;
  else if (log.dataset.opens === "end") log.scrollTop = log.scrollHeight;
}

function go(log, end) {
  if (!log) return;
  log.scrollTop = end === "start" ? 0 : log.scrollHeight;
  log.focus({ preventScroll: true });
}
