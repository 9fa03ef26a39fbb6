// Lists that go on: when the link to the next page comes into sight, its rows
// are added to the list. Without this script it is a link.
"use strict";
(() => {
  const rows = document.getElementById("more-rows");
  const sight = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) {
      next();
    }
  }, { rootMargin: "400px" });

  async function next() {
    const link = document.getElementById("more-next");
    sight.disconnect();
    try {
      const response = await fetch(link.href, { credentials: "same-origin", redirect: "error" });
      if (!response.ok) {
        return; // the link is still there
      }
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      rows.append(...page.querySelectorAll("#more-rows > *"));
      document.dispatchEvent(new CustomEvent("postrider:added"));
      const more = page.getElementById("more-next");
      if (!more) {
        link.remove();
        return;
      }
      link.replaceWith(document.adoptNode(more));
      watch();
    } catch {
      // no network, or signed out: the link is still there
    }
  }

  function watch() {
    const link = document.getElementById("more-next");
    if (rows && link) {
      sight.observe(link);
    }
  }
  watch();
})();
