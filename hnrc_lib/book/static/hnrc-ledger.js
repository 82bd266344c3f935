// The ledger's filter: by source, by verdict, and by words of which each must stand in the row.
(() => {
  "use strict";

  const form = document.querySelector(".hnrc-ledger-filter");
  const status = document.querySelector(".hnrc-ledger-status");
  const rows = [...document.querySelectorAll(".hnrc-ledger-rows tbody tr")];
  if (!form || !status) return;
  const texts = rows.map((row) => row.textContent.toLowerCase());

  const apply = () => {
    const { source, verdict, text } = form.elements;
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = rows.filter((row, i) => {
      row.hidden = !(
        (!source.value || row.dataset.source === source.value) &&
        (!verdict.value || row.dataset.verdict === verdict.value) &&
        words.every((word) => texts[i].includes(word))
      );
      return !row.hidden;
    });
    status.textContent = `${shown.length} of ${rows.length} claims`;
  };

  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply)); // the fields are empty only afterwards
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply(); // a browser may have kept what was chosen
})();
