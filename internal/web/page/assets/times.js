// Tells times in the reader's zone. The exact UTC stays: in the title, which is
// there without this script too.
"use strict";
(() => {
  const formats = {
    "": new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }),
    day: new Intl.DateTimeFormat(undefined, { dateStyle: "medium" }),
    hour: new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }),
  };
  function tell() {
    for (const time of document.querySelectorAll("time[data-local]")) {
      const at = new Date(time.dateTime);
      if (!Number.isNaN(at.getTime())) {
        time.textContent = (formats[time.dataset.local] ?? formats[""]).format(at);
      }
    }
  }
  tell();
  document.addEventListener("postrider:added", tell);
})();
