// The page Templates: placeholders are completed while they are typed, and the
// preview follows. Without this script they stand in a list, and there is a
// button for the preview.
"use strict";
(() => {
  const form = document.getElementById("texts");
  if (!form) {
    return;
  }

  // The preview. Only what has changed goes along: the server has the rest.
  const frame = form.querySelector("iframe");
  const saved = new FormData(form);
  let waiting = 0;
  function show() {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (!/^(texts|brand)\./.test(name) || saved.get(name) !== value) {
        query.append(name, value);
      }
    }
    // In place of what it shows: going back leaves the page.
    frame.contentWindow.location.replace(`/dashboard/templates/preview?${query}`);
  }
  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(show, 300);
  }
  form.addEventListener("input", soon);
  document.getElementById("show").addEventListener("click", (event) => {
    event.preventDefault();
    show();
  });

  // Completion (the pattern "combobox with a listbox" of ARIA).
  const box = document.createElement("ul");
  box.className = "completions";
  box.id = "completions";
  box.setAttribute("role", "listbox");
  box.setAttribute("aria-label", "Placeholders");
  box.hidden = true;
  let field = null;
  let chosen = -1;

  // What is being typed: after the last braces that are not closed.
  function typed(input) {
    const before = input.value.slice(0, input.selectionStart);
    const open = before.lastIndexOf("{{");
    return open < 0 || before.indexOf("}}", open) >= 0 ? null : { open, word: before.slice(open + 2).trim().toLowerCase() };
  }

  function choose(i) {
    chosen = i;
    [...box.children].forEach((option, n) => option.setAttribute("aria-selected", String(n === i)));
    if (i >= 0) {
      field.setAttribute("aria-activedescendant", box.children[i].id);
      box.children[i].scrollIntoView({ block: "nearest" });
    } else {
      field?.removeAttribute("aria-activedescendant");
    }
  }

  function close() {
    box.hidden = true;
    field?.setAttribute("aria-expanded", "false");
    if (field) {
      choose(-1);
    }
  }

  function complete(input) {
    field = input;
    const at = typed(input);
    const list = document.getElementById(input.dataset.placeholders);
    const all = at && list ? [...list.querySelectorAll("dt")].map((dt) => ({ path: dt.textContent.slice(2, -2), example: dt.nextElementSibling.textContent })) : [];
    const found = all.filter(({ path }) => path.toLowerCase().includes(at.word)).slice(0, 12);
    box.replaceChildren(...found.map(({ path, example }, i) => {
      const option = document.createElement("li");
      option.id = `completion-${i}`;
      option.setAttribute("role", "option");
      option.dataset.path = path;
      const name = document.createElement("code");
      name.textContent = path;
      const value = document.createElement("span");
      value.textContent = example;
      option.append(name, value);
      return option;
    }));
    if (found.length === 0) {
      close();
      return;
    }
    input.parentElement.append(box);
    box.hidden = false;
    input.setAttribute("aria-expanded", "true");
    choose(0);
  }

  function accept() {
    const at = typed(field);
    if (chosen < 0 || !at) {
      return;
    }
    const after = field.value.slice(field.selectionStart).replace(/^[\w.]*\}{0,2}/, "");
    const head = `${field.value.slice(0, at.open)}{{${box.children[chosen].dataset.path}}}`;
    field.value = head + after;
    field.setSelectionRange(head.length, head.length);
    close();
    soon();
  }

  for (const input of form.querySelectorAll("input[data-placeholders]")) {
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", box.id);
    input.addEventListener("input", () => complete(input));
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (box.hidden) {
        if (event.key === "ArrowDown") {
          complete(input);
        }
        return;
      }
      const last = box.children.length - 1;
      switch (event.key) {
        case "ArrowDown": choose(chosen === last ? 0 : chosen + 1); break;
        case "ArrowUp": choose(chosen <= 0 ? last : chosen - 1); break;
        case "Enter": case "Tab": accept(); break;
        case "Escape": close(); break;
        default: return;
      }
      event.preventDefault();
    });
  }
  box.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // the field keeps the focus
    const option = event.target.closest("li");
    if (option) {
      choose([...box.children].indexOf(option));
      accept();
    }
  });
  form.append(box);
})();
