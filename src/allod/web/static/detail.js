// One workload: all reasons for every site, expected start, decisions and output.

import { h } from "./dom.js";
import { at, badge, count, counted, duration, power, since, step, until } from "./format.js";
import { get, output } from "./node.js";
import { decisionText } from "./decisions.js";
import { ended, where } from "./workloads.js";

const SHOWN_CHARS = 200_000;
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** The sheet on which one workload is shown. `close` is called when the reader leaves it. */
export class Detail {
  constructor(dialog, close) {
    this.dialog = dialog;
    this.id = null;
    this.asked = 0;
    dialog.addEventListener("close", () => {
      this.id = null;
      close();
    });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  async open(id) {
    if (this.id === id) return;
    this.id = id;
    this.output = new Output(id);
    this.summary = h("div", {}, h("p", { class: "dim" }, "Loading…"));
    this.dialog.replaceChildren(
      h("header", {}, h("h2", { id: "detail-title" }, h("span", { class: "id" }, id)), h("span", { class: "grow" }), h("a", { href: `/v1/workloads/${encodeURIComponent(id)}`, class: "quiet" }, "JSON"), h("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: () => this.dialog.close() }, "Close  Esc")),
      this.summary,
      this.output.section,
    );
    if (!this.dialog.open) this.dialog.showModal();
    await this.refresh();
  }

  close() {
    if (this.dialog.open) this.dialog.close();
  }

  async refresh() {
    const id = this.id;
    if (id === null) return;
    const turn = ++this.asked;
    const path = `/v1/workloads/${encodeURIComponent(id)}`;
    try {
      const [item, why, decisions] = await Promise.all([get(path), get(`${path}/why`), get(`${path}/decisions?limit=50`)]);
      if (turn !== this.asked || this.id !== id) return;
      this.dialog.querySelector("#detail-title").replaceChildren(h("span", { class: "id" }, id), " ", item.name);
      const open = new Set([...this.summary.querySelectorAll("details[open]")].map((node) => node.dataset.keep));
      this.summary.replaceChildren(h("div", {}, facts(item), whySection(item, why), decisionSection(decisions.items), asked(item, open)));
      await this.output.refresh(item.run > 0);
    } catch (error) {
      if (turn === this.asked) this.summary.replaceChildren(h("p", { class: "warn" }, error.message));
    }
  }
}

function facts(item) {
  const rows = [
    ["State", [badge(item.state), item.out_of_reach ? h("span", { class: "warn" }, " its runner is out of reach; it may well be running") : null]],
    ["Project", item.project],
    ["Asks for", `${counted(item.accelerators, "accelerator")} for at most ${duration(item.wall_time_s)} (${item.kind})`],
    ["Where", where(item)],
    item.power_w ? ["Power", `${power(item.power_w)} at the meter`] : null,
    item.lent ? ["Room", h("span", { class: "lent" }, "lent: it can be taken back with notice")] : null,
    ["Submitted", [at(item.submitted_at_s, { seconds: true }), " UTC", item.actor ? ` by ${item.actor}` : ""]],
    item.started_at_s ? ["Started", [at(item.started_at_s, { seconds: true }), " UTC", item.run > 1 ? `, run ${item.run}` : ""]] : null,
    item.ended_at_s ? ["Ended", [at(item.ended_at_s, { seconds: true }), " UTC; ", ended(item)]] : null,
    !item.ended_at_s && item.ends_at_s ? ["Ends", [at(item.ends_at_s), " UTC at the latest, ", until(item.ends_at_s)]] : null,
    item.stop_at_s && !item.ended_at_s ? ["To stop", [until(item.stop_at_s)]] : null,
  ];
  return h("dl", { class: "facts" }, rows.filter(Boolean).map(([word, text]) => h("div", {}, h("dt", {}, word), h("dd", {}, text))));
}

function whySection(item, why) {
  const waits = item.state === "waiting";
  const title = waits ? "Why it waits" : item.state === "refused" ? "Why it was refused" : "Why it is where it is";
  const lead = [];
  if (waits) lead.push(h("p", {}, "Waits ", since(item.submitted_at_s), ". Expected start: ", why.expected_at_s ? [at(why.expected_at_s), " UTC, ", until(why.expected_at_s)] : "cannot be told", why.basis ? h("span", { class: "dim" }, ` (${why.basis})`) : "", "."));
  else if (why.basis) lead.push(h("p", { class: "dim" }, `By ${why.basis}.`));
  if (!waits && !why.sites.length) return null;
  const sites = why.sites.length ? why.sites.map(siteAnswer) : h("p", { class: "dim" }, "Nothing stands in its way.");
  return h("section", { class: "whys" }, h("h3", {}, title), lead, sites);
}

function siteAnswer(answer) {
  const expected = answer.expected_at_s ? h("p", { class: "dim" }, "Expected there ", at(answer.expected_at_s), " UTC, ", until(answer.expected_at_s), answer.basis ? ` (${answer.basis})` : "") : null;
  return h(
    "article",
    { class: "answer", "data-site": answer.site },
    h("h4", {}, answer.site || "Everywhere", h("span", { class: "dim" }, standsThere(answer))),
    h("ul", {}, [...answer.blockers, ...answer.spoke_for].map(blocker)),
    answer.change ? h("p", { class: "change" }, h("b", {}, "What would help: "), answer.change) : null,
    expected,
  );
}

function standsThere(answer) {
  if (answer.spoke_for.length) return " it was placed there";
  if (answer.blockers.some((reason) => reason.code === "floor-reclaimed")) return " it had to go from there";
  return answer.blockers.length ? ` ${count(answer.blockers.length)} in its way` : " nothing in its way";
}

function blocker(reason) {
  const figures = [reason.needed && `needed ${reason.needed}`, reason.actual && `there ${reason.actual}`].filter(Boolean).join(", ");
  const small = [reason.pool && `pool ${reason.pool}`, figures, reason.origin].filter(Boolean).join(" · ");
  return h("li", {}, step(reason), h("div", {}, reason.message, reason.forever ? h("span", { class: "forever", title: "Waiting cannot change it, only new facts or documents" }, "waiting will not help") : null, small ? h("div", { class: "dim" }, small) : null));
}

function decisionSection(items) {
  return h("section", {}, h("h3", {}, "Decisions"), h("ol", { class: "story" }, items.map((item) => h("li", {}, h("div", { class: "head" }, badge(item.kind), at(item.at_s, { seconds: true }), h("span", { class: "dim" }, `leaf #${count(item.seq)}`)), h("div", { class: "text" }, decisionText(item))))));
}

function asked(item, open) {
  return h("details", { "data-keep": "asked", open: open.has("asked") }, h("summary", {}, "What was asked"), h("pre", {}, JSON.stringify(item.spec, null, 2)));
}

/** What the command wrote, as far as it was read; the last of it is shown. */
class Output {
  constructor(id) {
    this.id = id;
    this.text = h("pre", { tabindex: "0", "aria-label": "Output" });
    this.tabs = ["stdout", "stderr"].map((stream) => h("button", { type: "button", "aria-pressed": "false", onclick: () => this.choose(stream) }, stream));
    this.section = h("section", { class: "output" }, h("div", { class: "bar-of-tools" }, h("h3", {}, "Output"), h("div", { class: "tabs", role: "group", "aria-label": "Which output" }, this.tabs)), this.text);
    this.begin("stdout");
  }

  begin(stream) {
    this.stream = stream;
    this.offset = 0;
    this.written = "";
    this.decoder = new TextDecoder();
    for (const tab of this.tabs) tab.setAttribute("aria-pressed", String(tab.textContent === stream));
  }

  choose(stream) {
    this.begin(stream);
    this.refresh(this.ran);
  }

  async refresh(ran) {
    this.ran = ran;
    const { stream, decoder } = this;
    while (ran && this.section.isConnected) {
      const { bytes, next } = await output(this.id, stream, this.offset);
      if (this.decoder !== decoder) return;
      if (!bytes.length) break;
      this.offset = next;
      this.written = (this.written + decoder.decode(bytes, { stream: true }).replace(ESCAPES, "")).slice(-SHOWN_CHARS);
    }
    const empty = ran ? `Nothing was written to ${stream} yet.` : "It has not run, so it has written nothing.";
    const text = this.written || empty;
    if (this.text.textContent === text) return;
    const follows = this.text.scrollTop + this.text.clientHeight >= this.text.scrollHeight - 8;
    this.text.textContent = text;
    this.text.classList.toggle("dim", !this.written);
    if (follows) this.text.scrollTop = this.text.scrollHeight;
  }
}
