"use strict";
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const data = (id) => JSON.parse(document.getElementById(id).textContent);
const thumbnails = data("thumbnails"), captions = data("captions");

for (const image of all("img[data-thumbnail]")) image.src = thumbnails[image.dataset.thumbnail];

// Sorting: numbers by value, the rest as words; empty cells stay last.
function compare(a, b) {
  const x = parseFloat(a), y = parseFloat(b);
  return isNaN(x) || isNaN(y) ? a.localeCompare(b) : x - y;
}
for (const button of all(".sortable button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th"), bodies = head.closest("table").tBodies;
    const falling = head.ariaSort === "ascending";
    for (const other of head.parentNode.cells) if (other.ariaSort) other.ariaSort = "none";
    head.ariaSort = falling ? "descending" : "ascending";
    const text = (row) => row.cells[head.cellIndex].textContent.trim();
    for (const body of bodies) {
      body.append(...all("tr:not(.group)", body).sort((a, b) => {
        const one = text(a), two = text(b);
        if (!one || !two) return Boolean(two) - Boolean(one);
        return falling ? compare(two, one) : compare(one, two);
      }));
    }
  });
}

// Filtering: what is of another model or test set is hidden, on the whole page.
const wanted = document.getElementById("wanted"), on = document.getElementById("on");
function filter() {
  const words = wanted.value.toLowerCase();
  for (const part of all("[data-model]")) {
    const { model, test } = part.dataset;
    part.hidden = (model && !model.toLowerCase().includes(words)) || (test && on.value && test !== on.value);
  }
  const rows = all("#leaderboard tbody tr:not(.group)"), left = rows.filter((row) => !row.hidden);
  document.getElementById("count").value = `${left.length} of ${rows.length} results`;
}
wanted.addEventListener("input", filter);
on.addEventListener("input", filter);
document.getElementById("filter").addEventListener("submit", (event) => event.preventDefault());
filter();

// Scatter plots: the picture behind the point that the pointer or the arrow keys are at.
const tip = document.getElementById("tip");
function show(plot, number) {
  const spots = plot.spots, spot = spots[number], cursor = plot.querySelector(".cursor");
  plot.at = number;
  cursor.removeAttribute("hidden");
  cursor.setAttribute("cx", spot.x);
  cursor.setAttribute("cy", spot.y);
  const [name, detail, label, thumbnail] = captions[plot.dataset.set][spot.image];
  const image = tip.querySelector("img");
  image.hidden = thumbnail === null;
  if (thumbnail !== null) image.src = thumbnails[thumbnail];
  tip.querySelector("span").textContent = [name, detail, `label ${label}, prediction ${spot.prediction}`].filter(Boolean).join("\n");
  tip.hidden = false;
  const frame = plot.getBoundingClientRect(), scale = frame.width / plot.viewBox.baseVal.width;
  const x = frame.left + spot.x * scale, y = frame.top + spot.y * scale, gap = 14;
  const left = x + gap + tip.offsetWidth > innerWidth ? x - gap - tip.offsetWidth : x + gap;
  tip.style.left = `${Math.max(0, left)}px`;
  tip.style.top = `${Math.max(0, Math.min(y + gap, innerHeight - tip.offsetHeight))}px`;
}
function hide(plot) {
  tip.hidden = true;
  plot.querySelector(".cursor").setAttribute("hidden", "");
}
function spotsOf(plot) {
  const places = plot.querySelector(".points").getAttribute("d").match(/[\d.]+ [\d.]+/g) || [];
  const images = plot.dataset.images.split(" "), predictions = plot.dataset.predictions.split(" ");
  return places
    .map((place, i) => ({ x: +place.split(" ")[0], y: +place.split(" ")[1], image: images[i], prediction: predictions[i] }))
    .sort((a, b) => a.x - b.x);
}
for (const plot of all(".scatter")) {
  const ready = () => (plot.spots ||= spotsOf(plot));
  plot.addEventListener("pointermove", (event) => {
    const frame = plot.getBoundingClientRect(), scale = frame.width / plot.viewBox.baseVal.width;
    const x = (event.clientX - frame.left) / scale, y = (event.clientY - frame.top) / scale;
    const away = ready().map((spot) => Math.hypot(spot.x - x, spot.y - y));
    const nearest = away.indexOf(Math.min(...away));
    if (away[nearest] < 15) show(plot, nearest);
    else hide(plot);
  });
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") hide(plot);
    if (!step || !ready().length) return;
    event.preventDefault();
    show(plot, ((plot.at ?? (step > 0 ? -1 : 0)) + step + plot.spots.length) % plot.spots.length);
  });
  plot.addEventListener("pointerleave", () => hide(plot));
  plot.addEventListener("blur", () => hide(plot));
}

// On paper nothing can be unfolded.
const folded = new Set();
addEventListener("beforeprint", () => all("details:not([open])").forEach((part) => { folded.add(part); part.open = true; }));
addEventListener("afterprint", () => { folded.forEach((part) => { part.open = false; }); folded.clear(); });
