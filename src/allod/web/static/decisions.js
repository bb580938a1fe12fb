// Decisions, latest first.

import { h, keyed, only } from "./dom.js";
import { at, badge, count, counted, duration, power } from "./format.js";

export function showDecisions(list, items, hrefOf) {
  if (!items.length) {
    only(list, h("li", { class: "empty" }, "Nothing was decided yet."));
    return;
  }
  keyed(list, items, (item) => item.seq, (item) => line(item, hrefOf));
}

function line(item, hrefOf) {
  return h(
    "li",
    {},
    h("div", { class: "head" }, badge(item.kind), subject(item, hrefOf), h("span", { class: "grow" }), h("span", { class: "dim", title: "Leaf of the log" }, `#${count(item.seq)}`), at(item.at_s, { seconds: true })),
    h("div", { class: "text" }, decisionText(item)),
  );
}

/** Whom it is about; a shed plan is about a node of an envelope. */
function subject(item, hrefOf) {
  if (!item.workload_id) return h("span", {}, `${item.site}, ${item.path}`);
  return h("a", { href: hrefOf(item.workload_id) }, item.workload_id);
}

/** What was decided, in a sentence. */
export function decisionText(item) {
  switch (item.kind) {
    case "placement":
      return [
        `${item.site}, pool ${item.pool}: ${counted(item.accelerators, "accelerator")}, ${power(item.power_w)}`,
        item.access_class ? `, class ${item.access_class}` : "",
        item.run > 1 ? `, run ${item.run}` : "",
        item.lent ? h("span", { class: "lent" }, `; on lent room, ${duration(item.notice_s)} notice`) : null,
      ];
    case "hold":
      return [item.expected_at_s ? ["expected ", at(item.expected_at_s), " UTC; "] : null, summary(item.reasons)];
    case "refusal":
    case "shedplan":
    case "poweruncap":
      return summary(item.reasons);
    case "powercap":
      return [`${item.site}, pool ${item.pool}: ${power(item.limit_w)} for each accelerator, which saves ${power(item.saved_w)}, until `, at(item.ends_s, { seconds: true }), " UTC"];
    case "reclaim":
      return [`${item.site}, pool ${item.pool}: `, item.for_workload_id ? `for ${item.for_workload_id}` : "the envelope shrank", ", to stop by ", at(item.stop_at_s, { seconds: true }), " UTC"];
    default:
      return "";
  }
}

function summary(reasons) {
  if (!reasons.length) return "no reason was recorded";
  const [first] = reasons;
  const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : "";
  return `${first.site ? `${first.site}: ` : ""}${first.message}${more}`;
}
