// Keys: "/" searches, "g" and a letter go to a page, "j" and "k" move through rows, "t" changes the theme, "?" helps.
const GO_MS = 1200;

export function openKeys() {
  let going = 0;
  document.getElementById("theme").addEventListener("click", switchTheme);
  document.querySelector(".places [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  document.getElementById("help").addEventListener("click", showHelp);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isField(event.target)) event.target.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
    if (document.querySelector("dialog[open]")) return; // what is below it is out of reach
    const goes = Date.now() - going < GO_MS;
    going = 0;
    if (goes && go(event.key)) event.preventDefault();
    else if (event.key === "g") going = Date.now();
    else if (press(event)) event.preventDefault();
  });
}

function press({ key, repeat }) {
  if (key === "/") focusSearch();
  else if (key === "?") showHelp();
  else if (key === "t") switchTheme();
  else if (key === "j") moveRow(1);
  else if (key === "k") moveRow(-1);
  else return !repeat && pressButton(key);
  return true;
}

// Presses the first button on the page that has this key, such as a class of the first image on the review page.
function pressButton(key) {
  const button = document.querySelector(`button[data-press="${CSS.escape(key)}"]`);
  const picture = button?.closest("li")?.querySelector("img");
  // a key is no answer about an image that is out of sight
  if (picture && !isInSight(picture)) picture.scrollIntoView({ block: "center" });
  else button?.click();
  return Boolean(button);
}

function isInSight(picture) {
  const { top, bottom } = picture.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

function isField(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName));
}

function go(key) {
  const link = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
  if (link) location.assign(link.href);
  return Boolean(link);
}

function focusSearch() {
  const field = document.getElementById("search");
  field.focus();
  field.select();
}

function showHelp() {
  document.getElementById("keys").showModal();
}

function moveRow(by) {
  const links = [...document.querySelectorAll("table.rows tbody td:first-child a")];
  const next = links[links.indexOf(document.activeElement) + by] ?? links[by > 0 ? 0 : links.length - 1];
  next?.focus();
}

function switchTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
}
