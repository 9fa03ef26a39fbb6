// Adds a button that copies to each text that is there to be copied. Without
// this script the texts can be selected.
"use strict";
(() => {
  if (!navigator.clipboard) return; // not over plain http, but on this machine
  for (const text of document.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button slim";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy: ${text.dataset.copy}`);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.value ?? text.innerText);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not copied";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    const line = document.createElement("div");
    line.className = "copyable";
    text.replaceWith(line);
    line.append(text, button);
  }
})();
