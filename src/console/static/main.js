import { openKeys } from "./keyboard.js";
import { openStream } from "./live.js";
import { keepGraphs, showGraphs } from "./graphs.js";
import { askInPlace } from "./asking.js";
import { replaceBroken } from "./pictures.js";
import { checkPictures } from "./review.js";
import { openLogs } from "./logs.js";
import { keepScrolling, showScrolling } from "./scrolling.js";
import { showTimes } from "./times.js";
import { sortTables } from "./tables.js";
import { openVisits } from "./visits.js";

openKeys();
openStream();
showTimes();
showGraphs();
keepGraphs();
showScrolling();
keepScrolling();
sortTables();
openVisits();
askInPlace();
openLogs();
checkPictures();
replaceBroken();
// on a narrow screen the entries of the navigation scroll: the current one is shown
const current = document.querySelector(".places [aria-current]");
if (current) current.parentElement.scrollLeft = current.offsetLeft - (current.parentElement.clientWidth - current.offsetWidth) / 2;
