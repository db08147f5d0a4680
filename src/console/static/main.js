import { openKeys } from "./keyboard.js";
import { openStream } from "./live.js";
import { showGraphs } from "./graphs.js";
import { showTimes } from "./times.js";
import { sortTables } from "./tables.js";
import { openVisits } from "./visits.js";

openKeys();
openStream();
showTimes();
showGraphs();
sortTables();
openVisits();
// on a narrow screen the entries of the navigation scroll: the current one is shown
document.querySelector(".places [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
