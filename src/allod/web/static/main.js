// The page: asks for what it shows, and asks again whenever the log says that something happened.

import { Detail } from "./detail.js";
import { showDecisions } from "./decisions.js";
import { h } from "./dom.js";
import { count, setNodeNow_s, tick } from "./format.js";
import { follow, get, setToken } from "./node.js";
import { showSites } from "./sites.js";
import { VIEWS, showWorkloads } from "./workloads.js";

const GAP_MS = 400; // Between two looks at the node, however much happens.
const SLOW_MS = 15_000; // What time alone changes (windows, phases) is looked at so often.
const ROWS = 100;
const ROWS_MAX = 1000;

const el = (id) => document.getElementById(id);

// ---------------------------------------------------------------- what is chosen, in the address

const chosen = () => {
  const hash = new URLSearchParams(location.hash.slice(1));
  const view = hash.get("view");
  return { view: view in VIEWS ? view : "latest", site: hash.get("site") ?? "", workload: hash.get("workload") ?? "" };
};

function href(change) {
  const now = { ...chosen(), ...change };
  const hash = new URLSearchParams();
  if (now.view !== "latest") hash.set("view", now.view);
  if (now.site) hash.set("site", now.site);
  if (now.workload) hash.set("workload", now.workload);
  return `#${hash}`;
}

// ---------------------------------------------------------------- what is shown

let rows = ROWS;
let items = [];
let more = false;

const detail = new Detail(el("detail"), () => {
  if (chosen().workload) history.pushState(null, "", href({ workload: "" }));
});

function showChoice() {
  const { view, site, workload } = chosen();
  el("views").replaceChildren(...Object.keys(VIEWS).map((name) => h("a", { href: href({ view: name }), "aria-current": name === view ? "true" : null }, name)));
  el("site-filter").replaceChildren(site ? h("a", { class: "chip", href: href({ site: "" }), title: "Show the work of all sites" }, `site ${site} ×`) : "");
  if (workload) detail.open(workload);
  else detail.close();
}

function showRows() {
  showWorkloads(el("workloads"), el("workloads-foot"), items, {
    view: chosen().view,
    more,
    find: el("find").value,
    hrefOf: (id) => href({ workload: id }),
    showMore: () => {
      rows = Math.min(ROWS_MAX, rows * 2);
      look();
    },
  });
}

async function lookAtWorkloads() {
  const { view, site } = chosen();
  const query = `limit=${rows}${site ? `&site=${encodeURIComponent(site)}` : ""}`;
  const parts = await Promise.all(VIEWS[view].map((state) => get(`/v1/workloads?${query}${state ? `&state=${state}` : ""}`)));
  if (chosen().view !== view || chosen().site !== site) return;
  const all = parts.flatMap((part) => part.items).sort((one, two) => two.seq - one.seq);
  items = all.slice(0, rows);
  more = rows < ROWS_MAX && (all.length > rows || parts.some((part) => part.next !== null));
  showRows();
}

async function lookAtSites() {
  showSites(el("sites"), (await get("/v1/sites")).items, (name) => href({ site: name }));
}

async function lookAtDecisions() {
  showDecisions(el("decisions"), (await get("/v1/decisions?limit=40")).items, (id) => href({ workload: id }));
}

async function lookAtNode() {
  const health = await get("/healthz");
  setNodeNow_s(health.at_s);
  el("count-running").textContent = count(health.running);
  el("count-waiting").textContent = count(health.waiting);
  el("count-seq").textContent = count(health.seq + 1);
  document.title = health.waiting ? `Allod · ${count(health.waiting)} waiting` : "Allod";
  tick();
}

// ---------------------------------------------------------------- when it is looked at

let looking = false;
let again = false;

async function look() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  do {
    again = false;
    const results = await Promise.allSettled([lookAtNode(), lookAtSites(), lookAtWorkloads(), lookAtDecisions(), detail.refresh()]);
    const failed = results.find((result) => result.status === "rejected");
    if (failed) notice(failed.reason);
    else if (connected) notice(null);
    await new Promise((go) => setTimeout(go, GAP_MS));
  } while (again);
  looking = false;
}

function notice(error) {
  if (error?.status === 401) return askForToken();
  el("notice").hidden = !error;
  el("notice").textContent = error ? text(error) : "";
}

const text = (error) => (error.status ? error.message : "The node does not answer. Shown is what was known last; the page goes on trying.");

function askForToken() {
  const dialog = el("ask-token");
  if (dialog.open) return;
  dialog.showModal();
  dialog.onclose = () => {
    if (el("token").value) setToken(el("token").value.trim());
    el("token").value = "";
    followNow();
    look();
  };
}

// ---------------------------------------------------------------- live

let connected = false;

function setLink(state, words) {
  connected = state === "live";
  el("link").dataset.state = state;
  el("link").textContent = words;
  document.body.classList.toggle("stale", state === "down");
}

const followNow = follow({
  up() {
    setLink("live", "live");
    look();
  },
  down(error) {
    setLink("down", "not connected");
    notice(error ?? new Error("gone"));
  },
  record: look,
});

// ---------------------------------------------------------------- the reader

const THEMES = ["system", "light", "dark"];

function setTheme(name) {
  if (name === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  localStorage.setItem("allod-theme", name);
  el("theme").textContent = `theme: ${name}`;
}

setTheme(THEMES.includes(localStorage.getItem("allod-theme")) ? localStorage.getItem("allod-theme") : "system");
el("theme").addEventListener("click", () => setTheme(THEMES[(THEMES.indexOf(localStorage.getItem("allod-theme")) + 1) % THEMES.length]));
el("find").addEventListener("input", showRows);
el("workloads").addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-id]");
  if (row && !event.target.closest("a") && !getSelection().toString()) location.hash = href({ workload: row.dataset.id });
});
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, dialog")) return;
  event.preventDefault();
  el("find").focus();
});
addEventListener("hashchange", () => {
  showChoice();
  look();
});
addEventListener("popstate", showChoice);
setInterval(tick, 1000);
setInterval(() => document.hidden || look(), SLOW_MS);

showChoice();
look();
