// Sites: capacity, access classes against their floors, power against its limit, and law.

import { h, keyed, only } from "./dom.js";
import { bar, count, duration, power, powerOf, region, regionList, since } from "./format.js";

export function showSites(parent, sites, hrefOf) {
  if (!sites.length) {
    only(parent, h("p", { class: "empty" }, "No site is known here. ", h("code", {}, "allod apply FILE"), " makes one known."));
    return;
  }
  const steady = sites.map(({ at_s, ...site }) => site); // The time alone is no change.
  keyed(parent, steady, (site) => site.name, (site) => card(site, hrefOf));
}

function card(site, hrefOf) {
  return h(
    "article",
    { class: "card", "data-site": site.name },
    h(
      "header",
      {},
      h("h3", {}, h("a", { href: hrefOf(site.name), "data-focus": site.name, title: "Show the work of this site alone" }, site.name), site.title && h("span", { class: "title" }, site.title)),
      reach(site),
    ),
    law(site),
    h("div", { class: "gauges" }, accelerators(site), watts(site)),
    site.classes.length ? classes(site) : h("p", { class: "dim" }, "No charter: nobody has a floor here, and first come is first served."),
    site.pools.length > 1 ? pools(site) : null,
  );
}

function reach(site) {
  if (site.runner === "none") return h("span", { class: "tag" }, "planned: nothing runs here yet");
  if (!site.in_reach) return h("span", { class: "tag bad" }, "out of reach for ", site.out_of_reach_since_s ? since(site.out_of_reach_since_s) : "a while");
  return h("span", { class: "tag good" }, "in reach");
}

function law(site) {
  const control = site.control.length ? regionList(site.control) : "unknown";
  const rows = [
    ["stands in", site.country, region(site.country.value)],
    ["operator", site.operator, site.operator.value ?? "unknown"],
    ["managed from", site.management, regionList(site.management.value)],
    ["metadata kept in", site.metadata, regionList(site.metadata.value)],
  ];
  return h(
    "details",
    { class: "law", "data-keep": "law" },
    h("summary", {}, region(site.country.value), " · run by ", unknown(site.operator.value ?? "unknown"), " · controlled from ", unknown(control)),
    h(
      "dl",
      {},
      rows.map(([word, fact, text]) => h("div", {}, h("dt", {}, word), h("dd", {}, unknown(text), h("span", { class: "dim" }, ` ${fact.standing}${fact.source ? `, ${fact.source}` : ""}${fact.date ? `, ${fact.date}` : ""}`), fact.note && h("span", { class: "note" }, fact.note)))),
    ),
  );
}

const unknown = (text) => (text.includes("unknown") ? h("span", { class: "warn", title: "What is not known counts as a no wherever law asks" }, text) : text);

function accelerators(site) {
  const text = site.live ? `${count(site.in_use)} of ${count(site.live)} in use` : "none live";
  return gauge("Accelerators", text, site.live ? `${count(site.free)} free${site.out ? `, ${count(site.out)} out` : ""}` : "", bar(`${text}, ${count(site.free)} free`, site.live, [{ value: site.in_use, is: "use" }]));
}

function watts(site) {
  const committed = power(site.power_committed_w);
  const base = power(site.base_load_w);
  if (site.power_limit_w === null) return gauge("Power", `${committed} committed`, "no limit stated", bar(`${committed} committed, no limit stated`, 0, []));
  // The node counts with 0 W where the limit or the base load is not known.
  if (site.power_limit_w === 0) return gauge("Power", `${committed} committed`, "none for work: the limit is 0 W, or limit or base load is unknown", bar(`${committed} committed`, 0, []));
  const free = power(Math.max(0, site.power_limit_w - site.power_committed_w));
  const text = `${powerOf(site.power_committed_w, site.power_limit_w)} committed`;
  const work = Math.max(0, site.power_committed_w - site.base_load_w);
  return gauge("Power", text, `${free} free`, bar(`${text}, of it ${base} base load; ${free} free`, site.power_limit_w, [{ value: site.base_load_w, is: "base" }, { value: work, is: site.power_committed_w > site.power_limit_w ? "over" : "power" }]));
}

const gauge = (name, text, rest, drawn) => h("div", { class: "gauge" }, h("div", { class: "line" }, h("span", { class: "name" }, name), h("span", {}, text), h("span", { class: "dim" }, rest)), drawn);

function classes(site) {
  const depth = depths(site.classes);
  return h(
    "table",
    { class: "classes" },
    h("thead", {}, h("tr", {}, ["Class", "Accelerators", "In use", "Floor", "Ceiling", "Waiting"].map((word, index) => h("th", { scope: "col", class: index > 1 ? "number" : null }, word)))),
    h("tbody", {}, site.classes.map((item) => classRow(item, site, depth.get(item.name) ?? 0))),
  );
}

function depths(classes) {
  const found = new Map();
  for (const item of classes) found.set(item.name, item.parent === null ? 0 : (found.get(item.parent) ?? 0) + 1);
  return found;
}

function classRow(item, site, depth) {
  const scale = Math.max(site.live, item.floor, item.in_use, 1);
  const own = Math.min(item.in_use, item.floor);
  const label = `${item.name}: ${count(item.in_use)} accelerators in use, floor ${count(item.floor)}, ${item.ceiling === null ? "no ceiling" : `ceiling ${count(item.ceiling)}`}`;
  const marks = [{ value: item.floor, is: "floor" }];
  if (item.ceiling !== null && item.ceiling < scale) marks.push({ value: item.ceiling, is: "ceiling" });
  return h(
    "tr",
    {},
    h("th", { scope: "row", style: { "--depth": depth }, title: `${item.title ? `${item.name}: ${item.title}` : item.name}; priority ${item.priority}; its floor is back within ${duration(item.reclaim_notice_s)}` }, item.name),
    h("td", {}, bar(label, scale, [{ value: own, is: "use" }, { value: item.in_use - own, is: "lent" }], marks)),
    h("td", { class: "number" }, count(item.in_use)),
    h("td", { class: "number" }, count(item.floor)),
    h("td", { class: "number" }, item.ceiling === null ? "–" : count(item.ceiling)),
    h("td", { class: item.waiting ? "number waits" : "number" }, count(item.waiting)),
  );
}

function pools(site) {
  return h("p", { class: "pools" }, site.pools.map((pool) => h("span", {}, h("b", {}, pool.name), ` ${pool.accelerator ?? "model unknown"}, ${count(pool.in_use)} of ${count(pool.live)} in use${pool.out ? `, ${count(pool.out)} out` : ""}`, pool.why.length ? h("span", { class: "dim" }, ` (${pool.why.join("; ")})`) : null)));
}
