// Numbers with their units, times in UTC, words for states.

import { h } from "./dom.js";

const NEVER_S = 2 ** 53;
const whole = new Intl.NumberFormat("en-GB");
const regions = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });

export const count = (value) => whole.format(value);

/** '1 accelerator', '8 accelerators'. */
export const counted = (value, word) => `${whole.format(value)} ${word}${value === 1 ? "" : "s"}`;

export function power(watts) {
  for (const [size, unit] of [[1e9, "GW"], [1e6, "MW"], [1e3, "kW"]]) {
    if (Math.abs(watts) >= size) return `${(watts / size).toLocaleString("en-GB", { maximumSignificantDigits: 3 })} ${unit}`;
  }
  return `${whole.format(watts)} W`;
}

/** Watts of so many watts, in one unit: '12.1 of 230 MW'. */
export function powerOf(watts, most) {
  const [size, unit] = [[1e9, "GW"], [1e6, "MW"], [1e3, "kW"], [1, "W"]].find(([least]) => most >= least) ?? [1, "W"];
  const figure = (value) => (value / size).toLocaleString("en-GB", { maximumSignificantDigits: 3 });
  return `${figure(watts)} of ${figure(most)} ${unit}`;
}

/** Two units at most, and one where the second would not matter: '2 d 4 h', '3 min 20 s', '53 min'. */
export function duration(seconds) {
  const left = Math.max(0, Math.round(seconds));
  if (left >= NEVER_S) return "without end";
  const parts = [[Math.floor(left / 86400), "d"], [Math.floor(left / 3600) % 24, "h"], [Math.floor(left / 60) % 60, "min"], [left % 60, "s"]];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, parts[first][0] < 10 ? first + 2 : first + 1).filter(([value]) => value > 0).map(([value, unit]) => `${value} ${unit}`).join(" ");
}

export const region = (code) => {
  if (code === "?" || !code) return "unknown";
  try {
    return regions.of(code);
  } catch {
    return code;
  }
};

export const regionList = (codes) => (codes?.length ? codes.map(region).join(", ") : "unknown");

let ahead_s = 0; // How far the node's clock is ahead of this browser's.

export const nodeNow_s = () => Date.now() / 1000 + ahead_s;
export const setNodeNow_s = (at_s) => {
  ahead_s = at_s - Date.now() / 1000;
};

const iso = (at_s) => new Date(at_s * 1000).toISOString();

/** '20:41:07', with the date where it is not today's. */
function clockText(at_s, seconds) {
  const text = iso(at_s);
  const time = text.slice(11, seconds ? 19 : 16);
  return text.slice(0, 10) === iso(nodeNow_s()).slice(0, 10) ? time : `${text.slice(0, 10)} ${time}`;
}

/** A point in time as it stands in a sentence; hovering tells the whole of it. */
export function at(at_s, { seconds = false } = {}) {
  if (at_s === null || at_s === undefined) return "unknown";
  if (at_s >= NEVER_S) return "never";
  return h("time", { datetime: iso(at_s), title: `${iso(at_s).slice(0, 19).replace("T", " ")} UTC`, "data-clock": seconds ? "s" : "min", "data-at": at_s }, clockText(at_s, seconds));
}

/** Time passed since `at_s`; keeps counting. */
export function since(at_s) {
  return h("time", { datetime: iso(at_s), title: `since ${iso(at_s).slice(0, 19).replace("T", " ")} UTC`, "data-since": at_s }, duration(nodeNow_s() - at_s));
}

/** Time until `at_s`; keeps counting. */
export function until(at_s) {
  if (at_s >= NEVER_S) return "never";
  return h("time", { datetime: iso(at_s), title: `${iso(at_s).slice(0, 19).replace("T", " ")} UTC`, "data-until": at_s }, untilText(at_s));
}

const untilText = (at_s) => (at_s > nodeNow_s() ? `in ${duration(at_s - nodeNow_s())}` : "any moment now");

/** Bring all counting times on the page up to date. */
export function tick() {
  for (const node of document.querySelectorAll("time[data-since]")) setText(node, duration(nodeNow_s() - Number(node.dataset.since)));
  for (const node of document.querySelectorAll("time[data-until]")) setText(node, untilText(Number(node.dataset.until)));
  setText(document.getElementById("clock"), `${iso(nodeNow_s()).slice(0, 19).replace("T", " ")} UTC`);
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A state or kind of decision: a dot in its colour, and the word. */
export const badge = (word) => h("span", { class: "badge", "data-is": word }, word);

/** The step at which a reason stands. */
export const step = (reason) => h("span", { class: "step", "data-step": reason.step }, reason.step);

/** A bar with its parts from 0 to `whole`, and marks on it; `label` says the same in words. */
export function bar(label, whole, parts, marks = []) {
  const share = (value) => `${whole > 0 ? Math.min(100, (100 * value) / whole) : 0}%`;
  const node = h("div", { class: "bar", role: "img", "aria-label": label, title: label });
  let from = 0;
  for (const { value, is } of parts) {
    if (value > 0) node.append(h("span", { class: "part", "data-is": is, style: { left: share(from), width: share(value) } }));
    from += value;
  }
  for (const { value, is } of marks) {
    if (value > 0) node.append(h("span", { class: "mark", "data-is": is, style: { left: share(value) } }));
  }
  return node;
}
