"use strict";
const { models, bins, pictures } = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const SHOWN = 8; // pictures in each of the two strips
const MANY = 300; // pictures from which on those out of sight are not drawn
const state = { model: 0, order: "worst", words: "", band: "", bin: null, map: at("map")?.value };

function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}
const row = (picture) => picture.rows[state.model];
const score = (picture) => row(picture).score;
const scored = (picture) => score(picture) !== undefined;
const better = () => (models[state.model].direction === "higher" ? 1 : -1);
const shortest = (number) => String(+number.toPrecision(4));
const short = (path) => path.split(/[\\/]/).pop();

// Limits of the histogram: the scores of the chosen model.
let low = 0, high = 1;
function measure() {
  const all = pictures.filter(scored).map(score);
  low = all.reduce((a, b) => Math.min(a, b), Infinity);
  high = all.reduce((a, b) => Math.max(a, b), -Infinity);
}
const binOf = (picture) => (high > low ? Math.min(bins - 1, Math.floor((bins * (score(picture) - low)) / (high - low))) : 0);

function frame(picture) {
  const found = make("span", "frame");
  if (!picture.thumbnail) {
    found.append(make("span", "none", scored(picture) ? "no thumbnail" : "not scored"));
    return found;
  }
  const image = make("img");
  image.src = picture.thumbnail;
  image.alt = "";
  found.append(image);
  const map = picture.maps[models[state.model].name]?.[state.map];
  if (map) {
    const glow = make("img", "map");
    glow.alt = "";
    // A map has the picture's sides up to rounding; it is stretched over the picture's own box.
    glow.src = map;
    image.addEventListener("load", () => fit(glow, image), { once: true });
    found.append(glow);
  }
  return found;
}
function fit(glow, image) {
  const wide = image.naturalWidth / image.naturalHeight, box = 4 / 3;
  glow.style.objectFit = "fill";
  if (wide > box) {
    glow.style.height = `${(100 * box) / wide}%`;
    glow.style.top = `${50 - (50 * box) / wide}%`;
  } else {
    glow.style.width = `${(100 * wide) / box}%`;
    glow.style.left = `${50 - (50 * wide) / box}%`;
  }
}

function card(picture) {
  const found = make("button", "card"), own = row(picture), line = make("span", "line");
  found.type = "button";
  found.append(frame(picture), line);
  if (scored(picture)) line.append(make("b", "", shortest(own.score)));
  if (own.low !== undefined) line.append(make("small", "", `${shortest(own.low)} to ${shortest(own.high)}`));
  if (own.band) line.append(make("span", "band", own.band));
  const name = make("span", "name", short(picture.path));
  name.title = picture.path;
  found.append(name);
  if (own.warning) found.append(make("span", "warning", own.warning));
  if (own.error) found.append(make("span", "error", own.error));
  found.addEventListener("click", () => open(picture));
  return found;
}

function ordered(list, order) {
  const sign = better() * (order === "best" ? -1 : 1);
  return [...list].sort((a, b) => {
    if (order === "name") return a.path.localeCompare(b.path, undefined, { numeric: true });
    if (!scored(a) || !scored(b)) return scored(b) - scored(a);
    return sign * (score(a) - score(b));
  });
}
function chosen() {
  const words = state.words.toLowerCase();
  return pictures.filter(
    (one) =>
      one.path.toLowerCase().includes(words) &&
      (!state.band || row(one).band === state.band) &&
      (state.bin === null || (scored(one) && binOf(one) === state.bin)),
  );
}

function histogram() {
  const counts = Array(bins).fill(0);
  for (const one of pictures) if (scored(one)) counts[binOf(one)] += 1;
  const most = Math.max(...counts, 1), width = (high - low) / bins;
  at("histogram").replaceChildren(
    ...counts.map((count, bin) => {
      const bar = make("button"), fill = make("i");
      const span = `${shortest(low + bin * width)} to ${shortest(low + (bin + 1) * width)}`;
      bar.type = "button";
      bar.disabled = !count;
      bar.title = `${span}: ${count}`;
      bar.setAttribute("aria-label", `${count} pictures from ${span}`);
      bar.setAttribute("aria-pressed", state.bin === bin);
      fill.style.height = `${(85 * count) / most}%`;
      bar.append(make("small", "", count || ""), fill);
      bar.addEventListener("click", () => {
        state.bin = state.bin === bin ? null : bin;
        draw();
        at("histogram").children[bin].focus();
      });
      return bar;
    }),
  );
  const ends = pictures.some(scored) ? [low, high].map(shortest) : ["no picture has a score", ""];
  at("range").replaceChildren(make("span", "", ends[0]), make("span", "", `${models[state.model].name}, ${models[state.model].direction} is better`), make("span", "", ends[1]));
}

function draw() {
  measure();
  histogram();
  const found = ordered(chosen(), state.order), good = ordered(pictures.filter(scored), "best");
  at("best").replaceChildren(...good.slice(0, SHOWN).map(card));
  at("worst").replaceChildren(...good.reverse().slice(0, SHOWN).map(card));
  at("grid").replaceChildren(...found.map(card));
  at("grid").classList.toggle("many", found.length > MANY);
  const failed = pictures.filter((one) => row(one).error).length;
  at("count").value = `${found.length} of ${pictures.length} pictures${failed ? `, ${failed} without a score` : ""}`;
}

// The large view shows every model's row.
let opened = null;
function open(picture) {
  const large = at("large"), list = large.querySelector("dl");
  opened = picture;
  large.querySelector(".frame").replaceWith(frame(picture));
  large.querySelector("h3").textContent = picture.path;
  list.replaceChildren();
  picture.rows.forEach((own, number) => {
    const parts = [own.score === undefined ? "" : shortest(own.score)];
    if (own.low !== undefined) parts.push(`(${shortest(own.low)} to ${shortest(own.high)})`);
    parts.push(own.band, own.warning, own.error);
    list.append(make("dt", "", models[number].name), make("dd", "", parts.filter(Boolean).join(" ")));
  });
  if (picture.notes) list.append(make("dt", "", "decoding"), make("dd", "", picture.notes));
  if (!large.open) large.showModal();
}
at("close").addEventListener("click", () => at("large").close());
at("large").addEventListener("click", (event) => event.target === at("large") && at("large").close());

function bind(id, key, event, number) {
  at(id)?.addEventListener(event, () => {
    state[key] = number ? +at(id).value : at(id).value;
    if (key === "model") state.bin = null;
    draw();
  });
}
bind("model", "model", "input", true);
bind("order", "order", "input");
bind("wanted", "words", "input");
bind("band", "band", "input");
bind("map", "map", "input");
const mapped = () => document.body.classList.toggle("mapped", at("always").checked);
at("always")?.addEventListener("input", mapped);
at("filter").addEventListener("submit", (event) => event.preventDefault());
at("clear").addEventListener("click", () => {
  at("filter").reset();
  Object.assign(state, { model: 0, order: "worst", words: "", band: "", bin: null, map: at("map")?.value });
  if (at("always")) mapped();
  draw();
});

function step(event) {
  const cards = [...at("grid").children], here = cards.indexOf(document.activeElement);
  const columns = cards.filter((one) => one.offsetTop === cards[0]?.offsetTop).length;
  const move = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
  if (!move || !cards.length) return false;
  const next = here < 0 ? 0 : here + move;
  cards[Math.max(0, Math.min(cards.length - 1, next))].focus();
  return true;
}
function turn(event) {
  const found = ordered(chosen(), state.order), move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const next = move && found[found.indexOf(opened) + move];
  if (next) open(next);
  return Boolean(next);
}
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox";
  if (typing) return;
  const used = {
    "/": () => (at("wanted").focus(), true),
    m: () => at("always") && ((at("always").checked = !at("always").checked), mapped(), true),
    o: () => {
      const order = at("order");
      order.selectedIndex = (order.selectedIndex + 1) % order.length;
      state.order = order.value;
      draw();
      return true;
    },
  }[event.key];
  if (used ? used() : at("large").open ? turn(event) : step(event)) event.preventDefault();
});
draw();
