// Live arrival on the mailbox's list. The server sends rows; what they contain
// is escaped there. Without this script the list is as it was when it loaded.
"use strict";

(() => {
  const mostRows = 200;
  const again = 5000; // ms until the next try, when the server has refused

  const place = document.querySelector("[data-live]");
  if (!place || !window.EventSource) return;
  const sign = place.querySelector(".live");
  const news = place.querySelector("[data-news]");
  const address = new URL(place.dataset.live, location.href);
  const plain = document.title;
  let unseen = 0;

  function show(html) {
    let list = place.querySelector(".mails");
    const nothing = place.querySelector(".nothing");
    if (nothing) { // what is being typed into the search stays
      list = document.createElement("ol");
      list.className = "mails";
      nothing.replaceWith(list);
    }
    if (!list) {
      location.reload(); // the page said what to do in an empty mailbox
      return;
    }
    const parsed = new DOMParser().parseFromString(html, "text/html");
    const row = parsed.querySelector("li[data-id]");
    if (!row) return;
    for (const there of list.querySelectorAll("li[data-id]")) {
      if (there.dataset.id === row.dataset.id) return; // a reconnect may repeat one
    }
    row.classList.add("fresh");
    list.prepend(document.adoptNode(row));
    news.textContent = "New mail: " + row.querySelector(".mail-subject").textContent;
    if (document.hidden) document.title = "(" + ++unseen + ") " + plain;
    trim(list);
  }

  // A page that is left open for days does not grow without end.
  function trim(list) {
    while (list.children.length > mostRows) list.lastElementChild.remove();
    const older = place.querySelector('a[rel="next"]');
    if (!older) return;
    const next = new URL(older.href);
    next.searchParams.set("before", list.lastElementChild.dataset.id);
    older.href = next.pathname + next.search;
  }

  function follow() {
    const events = new EventSource(address);
    events.addEventListener("open", () => { sign.hidden = false; });
    events.addEventListener("mail", (event) => {
      address.searchParams.set("after", event.lastEventId);
      show(event.data);
    });
    events.addEventListener("error", () => {
      sign.hidden = true;
      if (events.readyState === EventSource.CLOSED) setTimeout(follow, again);
    });
    // A page that is kept for the way back must not hold a place.
    addEventListener("pagehide", () => events.close(), { once: true });
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); }, { once: true });
  }

  // Ages tell minutes; they must not stand still.
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "always" });
  function age() {
    for (const time of place.querySelectorAll(".mails time")) {
      const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
      if (seconds >= 60 && seconds < 3600) time.textContent = relative.format(-Math.floor(seconds / 60), "minute");
      else if (seconds >= 3600 && seconds < 86400) time.textContent = relative.format(-Math.floor(seconds / 3600), "hour");
    }
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    unseen = 0;
    document.title = plain;
  });
  setInterval(age, 30000);
  follow();
})();
