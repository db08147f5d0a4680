// Writes times as ages, and counts the seconds of what still runs. Without this module, pages show times in UTC.
const UNITS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [Infinity, 86400, "d"]];
let timer = 0;

export function showTimes() {
  write();
  if (!timer) timer = setInterval(() => document.hidden || write(), 1000);
}

function write() {
  for (const each of document.querySelectorAll("time[data-age], time[data-since]")) {
    const seconds = Math.max(0, (Date.now() - Date.parse(each.dateTime)) / 1000);
    const text = "since" in each.dataset ? lasting(seconds) : age(seconds);
    each.title ||= each.textContent + " UTC";
    if (each.textContent !== text) each.textContent = text;
  }
}

function age(seconds) {
  if (seconds < 2) return "just now";
  const [, unit, name] = UNITS.find(([limit]) => seconds < limit);
  return `${Math.floor(seconds / unit)} ${name} ago`;
}

function lasting(seconds) {
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${two((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${two((seconds % 86400) / 3600)} h`;
}
