// Workloads: one row each, with what stands in the way of those that wait.

import { h, keyed, only } from "./dom.js";
import { at, badge, count, duration, since, step, until } from "./format.js";

/** What the tabs show: a name, and the states to ask for; none: all. */
export const VIEWS = {
  latest: [""],
  waiting: ["waiting"],
  running: ["placed", "running", "stopping"],
  ended: ["completed", "failed", "timeout", "cancelled", "reclaimed", "lost", "node-failed"],
  refused: ["refused"],
};

const EMPTY = {
  latest: ["No work has been asked for yet. ", h("code", {}, "allod submit examples/hello.yaml"), " asks for some."],
  waiting: ["Nothing waits."],
  running: ["Nothing runs."],
  ended: ["Nothing has ended yet."],
  refused: ["Nothing was refused."],
};

export function showWorkloads(body, foot, items, { view, more, find, hrefOf, showMore }) {
  const word = find.trim().toLowerCase();
  const found = word ? items.filter((item) => textOf(item).includes(word)) : items;
  if (!found.length) {
    const text = items.length ? [`None of the ${count(items.length)} rows has '${find.trim()}' in it.`] : EMPTY[view];
    only(body, h("tr", { class: "empty" }, h("td", { colspan: 7 }, text.map((part) => (part.cloneNode ? part.cloneNode(true) : part)))));
  } else {
    keyed(body, found, (item) => item.id, (item) => row(item, hrefOf));
  }
  foot.replaceChildren(`${count(found.length)} shown, latest first. `, more ? h("button", { type: "button", class: "quiet", onclick: showMore }, "Show more") : "");
}

const textOf = (item) => [item.id, item.name, item.project, item.state, item.site, item.access_class, ...item.reasons.flatMap((reason) => [reason.site, reason.step, reason.message])].join(" ").toLowerCase();

function row(item, hrefOf) {
  return h(
    "tr",
    { "data-id": item.id },
    h("th", { scope: "row" }, h("a", { href: hrefOf(item.id), "data-focus": item.id }, h("span", { class: "id" }, item.id), " ", h("span", { class: "name" }, item.name))),
    h("td", { class: "project" }, item.project),
    h("td", {}, badge(item.state), item.out_of_reach ? h("span", { class: "warn" }, " out of reach") : null),
    h("td", { class: "number" }, count(item.accelerators), h("span", { class: "unit" }, item.accelerators === 1 ? " accelerator" : " accelerators")),
    h("td", { class: "where" }, where(item)),
    h("td", { class: "time" }, when(item)),
    h("td", { class: "why" }, why(item)),
  );
}

export function where(item) {
  if (!item.site) return item.access_class ? h("span", { class: "dim" }, `asks for ${item.access_class}`) : h("span", { class: "dim" }, "–");
  return [h("span", {}, item.site), h("span", { class: "dim" }, ` ${item.access_class || item.pool}`)];
}

function when(item) {
  switch (item.state) {
    case "waiting":
      return ["waits ", since(item.submitted_at_s)];
    case "running":
    case "stopping":
      return ["runs ", since(item.started_at_s ?? item.placed_at_s ?? item.submitted_at_s)];
    case "placed":
      return ["placed ", since(item.placed_at_s ?? item.submitted_at_s), " ago"];
    case "refused":
      return at(item.submitted_at_s);
    default:
      return [at(item.ended_at_s), item.started_at_s ? h("span", { class: "dim" }, ` ran ${duration(item.ended_at_s - item.started_at_s)}`) : null];
  }
}

function why(item) {
  switch (item.state) {
    case "waiting":
    case "refused":
      // Recorded when its room went; what it waits for now is asked when it is opened.
      if (item.state === "waiting" && item.reasons.some((reason) => reason.code === "floor-reclaimed")) return h("span", { class: "dim" }, "asked for again: its lent room was taken back");
      if (item.state === "waiting" && item.outcome === "node-failed" && !item.reasons.length) return h("span", { class: "dim" }, "waits again: the node that it ran on failed");
      return [item.state === "waiting" && item.expected_at_s ? h("span", { class: "expected" }, "expected to start ", until(item.expected_at_s)) : null, reasonsBySite(item.reasons)];
    case "placed":
    case "running":
      return [item.lent ? h("span", { class: "lent" }, "on lent room; ") : null, h("span", { class: "dim" }, "until ", item.ends_at_s === null ? "it ends" : [at(item.ends_at_s), " UTC"], " at the latest")];
    case "stopping":
      return [item.cancelled_by ? `cancelled by ${item.cancelled_by}` : "its lent room is taken back", item.stop_at_s ? [", stops ", until(item.stop_at_s)] : null];
    default:
      return ended(item);
  }
}

export function ended(item) {
  const parts = [];
  if (item.exit_status !== null && item.exit_status !== undefined) parts.push(`exit status ${item.exit_status}`);
  if (item.state === "cancelled" && item.cancelled_by) parts.push(`by ${item.cancelled_by}`);
  if (item.detail) parts.push(item.detail);
  return parts.length ? parts.join("; ") : "–";
}

/** One line for each site: the first thing in its way, and how many more there are. */
function reasonsBySite(reasons) {
  const sites = new Map();
  for (const reason of reasons) sites.set(reason.site, [...(sites.get(reason.site) ?? []), reason]);
  const lines = [...sites].map(([site, all]) =>
    h("li", {}, h("span", { class: "site" }, site || "everywhere"), " ", step(all[0]), " ", all[0].message, all.length > 1 ? h("span", { class: "dim" }, ` and ${all.length - 1} more`) : null),
  );
  const most = 3;
  if (lines.length > most) return h("ul", {}, lines.slice(0, most), h("li", { class: "dim" }, `and ${lines.length - most} more sites`));
  return h("ul", {}, lines);
}
