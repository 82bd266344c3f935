// The arithmetic of the chosen cell as a table: where each term comes from, its parts, and what they make.
import { element } from "../shared/controls.js";
import { fixed } from "./words.js";

function line(kind, cells) {
  const row = element("tr", kind);
  const [name, ...values] = cells;
  const head = element("th", "", name);
  head.scope = "row";
  row.append(head, ...values.map((text) => element("td", "", text)));
  return row;
}

function header(names) {
  const head = element("tr");
  for (const name of names) {
    const cell = element("th", "", name);
    cell.scope = "col";
    head.append(cell);
  }
  return head;
}

const SYMBOLS = { viterbi: "δ", forward: "α", backward: "β" };

function recursionLines({ state, lattice, cell, frame, row }) {
  const { quantity } = state;
  const back = quantity === "backward";
  const symbol = SYMBOLS[quantity];
  const emission = state.mode === "ctc" ? "log y" : "log b";
  const edge = frame === (back ? lattice.scores.length - 1 : 0);
  const from = (term) => (edge ? (back ? "end" : "begin") : `${back ? "to" : "from"} ${lattice.names[term.state]}`);
  const names = ["term", `log ${symbol}`, "arc", ...(back ? [emission] : []), "sum"];
  const lines = cell.terms.map((term) => {
    const best = term.total === Math.max(...cell.terms.map(({ total }) => total)) && term.total > -Infinity;
    const parts = [term.value, term.arc, ...(back ? [term.score] : []), term.total].map(fixed);
    return line(best ? "hnrc-best" : "", [from(term), ...parts]);
  });
  const blank = back ? ["", "", ""] : ["", ""];
  const joined = line("hnrc-joined", [quantity === "viterbi" ? "maximum" : "log of the sum", ...blank, fixed(cell.joined)]);
  const own = `+ ${emission} of ${lattice.names[row]}`;
  const added = back ? [] : [line("", [own, ...blank, fixed(cell.score)])];
  const result = line("hnrc-result", [`= log ${symbol}`, ...blank, fixed(cell.value)]);
  return { names, lines: [...lines, joined, ...added, ...(back ? [] : [result])] };
}

function posteriorLines({ cell, passes, frame, row }) {
  const lines = ["log α", "+ log β", "− log P"].map((name, k) => line("", [name, fixed(cell.terms[k].total)]));
  const share = passes.posterior[frame][row];
  return {
    names: ["term", "value"],
    lines: [...lines, line("hnrc-joined", ["= log γ", fixed(cell.value)]), line("hnrc-result", ["γ", share.toFixed(4)])],
  };
}

export function fillTable(table, scene) {
  const { names, lines } = scene.state.quantity === "posterior" ? posteriorLines(scene) : recursionLines(scene);
  table.replaceChildren(header(names), ...lines);
}
