// The weekly schedule as a grid of half hours, by mouse, finger or keyboard. It
// follows the typed fields, and they follow it; they are what is sent. A day
// has one window, which may end on the next day: what would need two on a day
// is not done, and said. Without this script there are the fields.
"use strict";
(() => {
  const columns = 48;
  const minutes = 30;

  // pattern returns the cells that seven windows cover.
  function pattern(windows) {
    const cells = windows.map(() => Array(columns).fill(false));
    windows.forEach((w, day) => {
      for (let i = w.off ? w.end : w.start; i < w.end; i++) {
        cells[(day + Math.floor(i / columns)) % 7][i % columns] = true;
      }
    });
    return cells;
  }

  // runs returns the stretches of a day that are on, as pairs of columns.
  function runs(row) {
    const found = [];
    row.forEach((on, i) => {
      if (on && (i === 0 || !row[i - 1])) found.push([i, i]);
      if (on) found.at(-1)[1] = i + 1;
    });
    return found;
  }

  const same = (a, b) => a.every((on, i) => on === b[i]);

  // fit returns the windows that cover just these cells, or the first day that
  // would need two. Days that nothing happens to keep the window they had.
  function fit(old, before, cells) {
    const days = cells.map(runs);
    const joins = []; // what is open from midnight on belongs to the window of the day before
    for (let day = 0; day < 7; day++) {
      const prior = days[(day + 6) % 7].at(-1);
      const was = old[(day + 6) % 7];
      const [first, second] = days[day];
      const can = first && first[0] === 0 && prior && prior[1] === columns && prior[0] > first[1];
      if (days[day].length > 2 || (second && !can)) return { day };
      joins[day] = Boolean(second) || Boolean(can && !was.off && was.end > columns && (old[day].off || old[day].start > was.end - columns));
    }
    const windows = days.map((found, day) => {
      const next = (day + 1) % 7;
      if (same(before[day], cells[day]) && same(before[next], cells[next])) return old[day];
      const own = found[joins[day] ? 1 : 0];
      if (!own) return { ...old[day], off: true };
      const end = own[1] === columns && joins[next] ? columns + days[next][0][1] : own[1];
      return { start: own[0], end, off: false };
    });
    const wrong = pattern(windows).findIndex((row, day) => !same(row, cells[day]));
    return wrong < 0 ? { windows } : { day: wrong };
  }

  const clock = (column) => `${String(Math.floor(column / 2)).padStart(2, "0")}:${column % 2 ? "30" : "00"}`;

  function element(name, attributes, ...content) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...content);
    return made;
  }

  function build(table) {
    const days = [...table.querySelectorAll("[data-day]")].map((row) => {
      const [from, to] = row.querySelectorAll("input[type=time]");
      return { name: row.dataset.day, from, to, off: row.querySelector("input[type=checkbox]") };
    });
    const fixed = days[0].from.matches(":disabled");

    const read = () => days.map((day) => {
      const [from, to] = [day.from, day.to].map((input) => {
        const [hours, rest] = input.value.split(":").map(Number);
        return hours * 60 + rest;
      });
      if (Number.isNaN(from) || Number.isNaN(to)) return { start: 0, end: 0, off: true };
      const start = Math.floor(from / minutes);
      let end = Math.ceil(to / minutes);
      if (from > to) end += columns;
      return { start, end: Math.max(end, start + 1), off: day.off.checked, from, to };
    });

    const said = element("p", { class: "week-said", role: "status" });
    const hint = fixed ? "" : "Drag to open or close hours. With the keyboard: arrows move, Shift with arrows selects, Space opens or closes.";
    const grid = element("div", { class: "week-grid", role: "grid", "aria-label": "Hours of the week", "aria-multiselectable": "true" });
    if (fixed) grid.setAttribute("aria-readonly", "true");
    const head = element("div", { role: "row" }, element("span", { role: "columnheader", class: "week-corner" }, element("span", { class: "hidden" }, "Day")));
    for (let hour = 0; hour < 24; hour++) {
      head.append(element("span", { role: "columnheader", class: "week-hour", "aria-colspan": 2 }, element("span", {}, clock(hour * 2))));
    }
    grid.append(head);
    const cells = days.map((day, y) => {
      const row = element("div", { role: "row" }, element("span", { role: "rowheader" }, day.name.slice(0, 3), element("span", { class: "rest" }, day.name.slice(3))));
      const line = [];
      for (let x = 0; x < columns; x++) {
        const cell = element("span", { class: "week-cell", role: "gridcell", tabindex: -1, "aria-label": `${day.name} ${clock(x)} to ${clock(x + 1)}` });
        Object.assign(cell.dataset, { x, y });
        line.push(cell);
      }
      row.append(...line);
      grid.append(row);
      return line;
    });
    const place = element("div", { class: fixed ? "week is-fixed" : "week" }, grid, element("div", { class: "week-foot" }, said, element("p", { class: "muted" }, hint)));
    table.before(place);

    let windows, on;
    let at = { x: 18, y: 0 }; // where the keyboard is
    let from = null; // where what is being selected begins
    let dragged = null; // the pointer that selects

    const box = () => {
      const start = from ?? at;
      return {
        top: Math.min(start.y, at.y), bottom: Math.max(start.y, at.y),
        left: Math.min(start.x, at.x), right: Math.max(start.x, at.x),
      };
    };
    const inside = (b, x, y) => x >= b.left && x <= b.right && y >= b.top && y <= b.bottom;
    const words = (b) => `${days[b.top].name}${b.bottom > b.top ? ` to ${days[b.bottom].name}` : ""}, ${clock(b.left)} to ${clock(b.right + 1)}`;

    function say(text, refused) {
      said.textContent = text;
      said.classList.toggle("is-refused", Boolean(refused));
    }

    function draw() {
      const b = box();
      const opens = from && !on[from.y][from.x];
      cells.forEach((line, y) => line.forEach((cell, x) => {
        const covered = windows[y].from !== undefined && !windows[y].off &&
          ((x === windows[y].start && windows[y].from % minutes !== 0) ||
          (x === windows[y].end - 1 && windows[y].to % minutes !== 0 && windows[y].to !== 1439));
        cell.setAttribute("aria-selected", on[y][x]);
        cell.classList.toggle("partly", on[y][x] && covered);
        cell.classList.toggle("will-be", Boolean(from) && opens && inside(b, x, y));
        cell.classList.toggle("will-not-be", Boolean(from) && !opens && inside(b, x, y));
        cell.tabIndex = x === at.x && y === at.y ? 0 : -1;
      }));
    }

    function follow() {
      windows = read();
      on = pattern(windows);
      draw();
    }

    // write puts what is new into the fields; times that are not on a half hour
    // stay where the cell is still the end.
    function write(next) {
      next.forEach((window, i) => {
        const old = windows[i];
        if (window === old) return;
        days[i].off.checked = window.off;
        if (window.off) return;
        if (old.off || window.start !== old.start) days[i].from.value = clock(window.start);
        if (old.off || window.end !== old.end) days[i].to.value = window.end === columns ? "23:59" : clock(window.end % columns);
      });
    }

    function commit() {
      const b = box();
      const start = from ?? at;
      const opens = !on[start.y][start.x];
      const wanted = on.map((row, y) => row.map((is, x) => (inside(b, x, y) ? opens : is)));
      const result = fit(windows, on, wanted);
      from = null;
      if (result.windows) {
        write(result.windows);
        say(`${words(b)}: ${opens ? "open" : "closed"}.`);
      } else {
        say(`Nothing was changed: ${days[result.day].name} would have two windows, and a day has one. Join them, or close the other one first.`, true);
      }
      follow();
    }

    const cancel = () => {
      from = dragged = null;
      say("");
      draw();
    };

    function cellAt(event) {
      // Captured pointers report the cell they began in.
      const frame = cells[0][0].getBoundingClientRect();
      const last = cells[6][columns - 1].getBoundingClientRect();
      const part = (value, start, end, n) => Math.min(n - 1, Math.max(0, Math.floor((value - start) / (end - start) * n)));
      return { x: part(event.clientX, frame.left, last.right, columns), y: part(event.clientY, frame.top - 2, last.bottom + 2, 7) };
    }

    grid.addEventListener("pointerdown", (event) => {
      const cell = event.target.closest(".week-cell");
      if (fixed || !cell || event.button !== 0 || !event.isPrimary) return;
      dragged = event.pointerId;
      grid.setPointerCapture(dragged);
      at = cellAt(event);
      from = at;
      say(words(box()));
      draw();
    });
    grid.addEventListener("pointermove", (event) => {
      if (event.pointerId !== dragged) return;
      at = cellAt(event);
      say(words(box()));
      draw();
    });
    grid.addEventListener("pointerup", (event) => {
      if (event.pointerId !== dragged) return;
      dragged = null;
      commit();
      cells[at.y][at.x].focus({ preventScroll: true });
    });
    grid.addEventListener("pointercancel", (event) => event.pointerId === dragged && cancel()); // the page is scrolled instead

    grid.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], Home: [-columns, 0], End: [columns, 0], PageUp: [0, -7], PageDown: [0, 7] };
      const move = moves[event.key];
      if (move && !event.altKey && !event.metaKey) {
        event.preventDefault();
        if (!event.shiftKey) from = null;
        else if (!fixed) from ??= at;
        at = { x: Math.min(columns - 1, Math.max(0, at.x + move[0])), y: Math.min(6, Math.max(0, at.y + move[1])) };
        say(from ? words(box()) : "");
        draw();
        cells[at.y][at.x].focus();
      } else if ((event.key === " " || event.key === "Enter") && !fixed) {
        event.preventDefault();
        commit();
      } else if (event.key === "Escape" && from) {
        event.preventDefault();
        cancel();
      }
    });

    table.addEventListener("input", () => {
      say("");
      follow();
    });
    table.closest("form").addEventListener("reset", () => setTimeout(follow));
    follow();
  }

  document.querySelectorAll("table[data-week]").forEach(build);
})();
