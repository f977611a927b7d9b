"use strict";
// The page is whole without this: it sorts, filters and points.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const value = (cell) => {
    const text = cell.dataset.v ?? cell.textContent.trim();
    const number = Number(text.replaceAll(",", "").replace("−", "-"));
    return text !== "" && !Number.isNaN(number) ? number : text.toLowerCase();
  };
  const compare = (one, other) =>
    typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other), undefined, { numeric: true });

  for (const button of all("button.sort")) {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const table = button.closest("table");
      // Numbers are wanted largest first, names from a to z.
      const rows = [...table.tBodies[0].rows];
      const place = table.id === "map" ? [...head.parentElement.cells].indexOf(head) : head.cellIndex;
      const keys = new Map(rows.map((row) => [row, value(row.cells[place])]));
      const numeric = rows.some((row) => typeof keys.get(row) === "number");
      const before = head.getAttribute("aria-sort");
      const descending = before ? before === "ascending" : numeric;
      for (const other of all("th[aria-sort]", table)) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      rows.sort((a, b) => (descending ? -1 : 1) * compare(keys.get(a), keys.get(b)));
      table.tBodies[0].append(...rows);
    });
  }

  const map = document.getElementById("map");
  if (!map) return;
  const rows = all("tbody tr", map);
  const heads = [...map.tHead.rows[1].cells];
  const byId = (id) => document.getElementById(id);
  const bins = all(".bin");

  const filter = () => {
    const name = byId("filter-name").value.trim().toLowerCase();
    const state = byId("filter-state").value;
    const pressed = bins.find((bin) => bin.getAttribute("aria-pressed") === "true");
    const last = pressed === bins[bins.length - 1];
    let count = 0;
    for (const row of rows) {
      const score = Number(row.dataset.score);
      const within = !pressed || (score >= Number(pressed.dataset.low) && (last || score < Number(pressed.dataset.high)));
      const shown = within && row.dataset.name.toLowerCase().includes(name) && (!state || state in row.dataset);
      row.hidden = !shown;
      count += shown;
    }
    byId("shown").textContent = count === 1 ? "1 student" : `${count} students`;
  };
  const columns = () => {
    const question = byId("filter-question").value;
    const hidden = heads.map((head) => Boolean(question && head.dataset.question && head.dataset.question !== question));
    for (const row of [heads, all("col", map)]) row.forEach((one, place) => (one.hidden = hidden[place]));
    for (const group of all("th[colspan]", map.tHead)) group.hidden = Boolean(question && group.dataset.question !== question);
    for (const row of rows) [...row.cells].forEach((cell, place) => (cell.hidden = hidden[place]));
  };
  byId("filter-name").addEventListener("input", filter);
  byId("filter-state").addEventListener("change", filter);
  byId("filter-question").addEventListener("change", columns);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("show-all").addEventListener("click", () => {
    byId("filters").reset();
    for (const bin of bins) bin.setAttribute("aria-pressed", "false");
    filter();
    columns();
  });
  for (const bin of bins) {
    bin.addEventListener("click", () => {
      const pressed = bin.getAttribute("aria-pressed") === "true";
      for (const other of bins) other.setAttribute("aria-pressed", "false");
      bin.setAttribute("aria-pressed", String(!pressed));
      filter();
    });
  }
  byId("check-question").addEventListener("change", (event) => {
    for (const row of all("#checks tbody tr")) row.hidden = Boolean(event.target.value) && row.dataset.question !== event.target.value;
  });

  let marked = [];
  map.addEventListener("mouseover", (event) => {
    for (const cell of marked) cell.classList.remove("at");
    marked = [];
    const cell = event.target.closest("tbody td");
    const head = cell && heads[cell.cellIndex];
    if (!head || !head.dataset.question) return;
    const verdict = [...cell.classList].find((name) => name.startsWith("v-"))?.slice(2) ?? "";
    const [group, ...title] = head.querySelector(".unseen").textContent.split(": ");
    byId("status").textContent = `${cell.parentElement.dataset.name} · ${group} · ${title.join(": ")} · ${verdict}`;
    marked = [cell, head, cell.parentElement];
    for (const one of marked) one.classList.add("at");
  });
})();
