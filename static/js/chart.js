// The tooltip of a chart, by pointer and by the arrow keys. It reads the table behind the chart, so that the numbers
// are written in one place.
function bucketOf(figure, index) {
  const row = figure.querySelectorAll(".chart-data tbody tr")[index];
  const heads = [...figure.querySelectorAll(".chart-data thead th")].slice(1);
  const [title, ...cells] = [...row.cells].map((cell) => cell.textContent.trim());
  return { title, values: heads.map((head, at) => ({ name: head.textContent, tone: head.dataset.tone, value: cells[at] })) };
}

function fill(tooltip, bucket) {
  const title = document.createElement("strong");
  title.textContent = bucket.title;
  const lines = bucket.values.map(({ name, tone, value }) => {
    const line = document.createElement("div");
    const swatch = document.createElement("span");
    const number = document.createElement("b");
    line.className = `tone-${tone}`;
    swatch.className = "chart-swatch";
    number.textContent = value;
    line.append(swatch, name, number);
    return line;
  });
  tooltip.replaceChildren(title, ...lines);
}

function startChart(figure) {
  const plot = figure.querySelector("[data-chart-plot]");
  const tooltip = figure.querySelector("[data-chart-tooltip]");
  const live = figure.querySelector("[data-chart-live]");
  const slots = [...plot.querySelectorAll("[data-slot]")];
  if (!slots.length) return;
  let current = -1;

  // The browser's own tooltip is for pages without a script.
  for (const slot of slots) slot.querySelector("title")?.remove();
  plot.tabIndex = 0;

  function show(index, { speak }) {
    if (slots[current]) delete slots[current].dataset.current;
    current = index;
    slots[current].dataset.current = "";
    const bucket = bucketOf(figure, current);
    fill(tooltip, bucket);
    tooltip.hidden = false;
    const box = plot.getBoundingClientRect();
    const slot = slots[current].getBoundingClientRect();
    const wanted = slot.left + slot.width / 2 - box.left - tooltip.offsetWidth / 2;
    const left = Math.max(0, Math.min(wanted, box.width - tooltip.offsetWidth));
    tooltip.style.transform = `translate(${Math.round(left)}px, calc(-100% - 4px))`;
    if (speak) live.textContent = `${bucket.title}: ${bucket.values.map(({ name, value }) => `${name} ${value}`).join(", ")}`;
  }

  function hide() {
    if (slots[current]) delete slots[current].dataset.current;
    current = -1;
    tooltip.hidden = true;
  }

  plot.addEventListener("pointermove", (event) => {
    const index = slots.indexOf(event.target.closest("[data-slot]"));
    if (index >= 0 && index !== current) show(index, { speak: false });
  });
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const last = slots.length - 1;
    const next = {
      ArrowRight: Math.min(current + 1, last),
      ArrowLeft: current < 0 ? last : Math.max(current - 1, 0),
      Home: 0,
      End: last,
    }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      show(next, { speak: true });
    } else if (event.key === "Escape") hide();
  });
}

export function startCharts(root) {
  for (const figure of root.querySelectorAll("[data-chart]:not([data-ready])")) {
    figure.dataset.ready = "";
    startChart(figure);
  }
}
