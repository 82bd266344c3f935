// Small repairs that a style sheet cannot make.
(() => {
  "use strict";

  // Search summaries are fetched page by page, which browsers forbid for file: addresses; titles still come.
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  }

  // A result that is an entry of the index points at a place without text, and Sphinx appends the summary that it
  // does not have.
  addEventListener("DOMContentLoaded", () => {
    if (typeof Search === "undefined") return;
    const summary = Search.makeSearchSummary;
    Search.makeSearchSummary = (...page) => summary(...page) ?? document.createDocumentFragment();
  });

  // The theme lets the keyboard into blocks that scroll, which it looks for at load and when sizes change; what is
  // folded away has no size until it is opened.
  const sizesChanged = () => dispatchEvent(new Event("resize"));
  document.addEventListener("toggle", sizesChanged, true);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.(".toggle-button, .toggle > .admonition-title")) sizesChanged();
  });

  // On paper the page is light and nothing is folded away.
  const root = document.documentElement;
  let theme, opened = [];
  addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
    opened = [...document.querySelectorAll("article details:not([open])")];
    for (const part of opened) part.open = true;
  });
  addEventListener("afterprint", () => {
    root.dataset.theme = theme;
    for (const part of opened) part.open = false;
  });
})();
