// Everything the portal does in the browser. Each module works on what it finds in the page by delegation, so
// that fragments swapped in later need no start of their own; `ready` is for what must look at new elements.
import "./copy.js";
import "./dialog.js";
import "./fragment.js";
import "./menu.js";
import "./theme.js";
import "./tabs.js";
import "./toast.js";
import "./shortcut.js";
// Last: it leaves alone what another module has taken over.
import "./busy.js";
import { startCharts } from "./chart.js";
import { startCodeTabs } from "./code-tabs.js";
import { startKeyReveal } from "./key-reveal.js";
import { localizeTimes } from "./time.js";

function ready(root) {
  startCharts(root);
  startCodeTabs(root);
  startKeyReveal(root);
  localizeTimes(root);
}

ready(document);
document.addEventListener("htmx:load", (event) => ready(event.detail.elt));
