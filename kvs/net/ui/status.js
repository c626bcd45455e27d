// How the server is doing: the figures on top, their last two minutes, and everything /v1/status says.
import * as api from "./api.js";
import { $, h, svg } from "./dom.js";
import * as text from "./text.js";

const every = 2000; // ms
const samples = 60;

// Answers given so far, but for those to questions like this page's own; null where metrics may not be read.
async function answersGiven() {
  const text = await api.metrics();
  if (text === null) return null;
  const rows = text.matchAll(/^kvs_http_requests_total\{(.*)\} (\S+)$/gm);
  return Array.from(rows).reduce((sum, [, labels, count]) => sum + (/route="\/(metrics|v1\/status)"/.test(labels) ? 0 : Number(count)), 0);
}

// A line over the last samples; `top` is its full height at least. What is null leaves a gap.
function sparkline(values, top, words) {
  const [width, height] = [120, 24];
  const most = Math.max(top, ...values.map((value) => value ?? 0));
  const x = (i) => (width - (values.length - 1 - i) * (width / (samples - 1))).toFixed(1);
  const y = (value) => (height - 1 - (value / most) * (height - 3)).toFixed(1);
  let path = "";
  values.forEach((value, i) => {
    if (value !== null) path += (path && values[i - 1] !== null ? "L" : "M") + x(i) + " " + y(value);
  });
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": words }, svg("path", { class: "floor", d: `M0 ${height - 1}H${width}` }), svg("path", { d: path || "M0 0" }));
}

export class Status {
  constructor() {
    this.series = { rate: [], watchers: [], bus: [] };
    this.last = null;
    document.addEventListener("visibilitychange", () => document.hidden || this.poll());
  }

  async poll() {
    clearTimeout(this.timer);
    if (document.hidden) return; // nobody looks; it goes on when somebody does
    const mine = (this.asking = {});
    try {
      const given = await answersGiven();
      const status = await api.status();
      if (mine === this.asking) this.take(status, given);
    } catch (error) {
      if (mine === this.asking) this.miss(error);
    }
    if (mine !== this.asking) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.poll(), every);
  }

  // The rate is that of all requests; where metrics may not be read, that of revisions: writes.
  take(status, given) {
    const now = performance.now();
    const what = given === null ? "writes/s" : "requests/s";
    const count = given ?? status.revision ?? null;
    const known = this.last?.what === what && count >= this.last.count && status.log_id === this.last.log_id;
    const rate = known ? ((count - this.last.count) * 1000) / (now - this.last.now) : null;
    this.last = count === null ? null : { what, count, now, log_id: status.log_id };
    $("what-rate").textContent = what;
    this.push("rate", rate);
    this.push("watchers", status.watchers);
    this.push("bus", status.bus.up ? (status.bus.lag ?? 1) : 0);
    document.body.dataset.reachable = true;
    this.tiles(status, rate);
    this.details(status);
  }

  clear() {
    this.asking = null;
    this.last = null;
    for (const name of Object.keys(this.series)) this.series[name] = [];
    for (const name of ["revision", "keys", "rate", "watchers", "bus"]) $("tile-" + name).textContent = "–";
    $("tile-bytes").textContent = "";
    $("status-list").replaceChildren();
    this.draw();
  }

  miss(error) {
    this.last = null;
    for (const name of Object.keys(this.series)) this.push(name, null);
    document.body.dataset.reachable = false;
    $("status-note").textContent = error.message;
    this.draw();
  }

  push(name, value) {
    this.series[name].push(value);
    if (this.series[name].length > samples) this.series[name].shift();
  }

  tiles(status, rate) {
    $("status-note").textContent = status.draining ? "The server is shutting down." : status.failure ?? (status.ready ? "" : "The server is starting.");
    $("tile-revision").textContent = status.revision === undefined ? "–" : text.number(status.revision);
    $("tile-keys").textContent = status.keys === undefined ? "–" : text.number(status.keys);
    $("tile-bytes").textContent = status.bytes === undefined ? "" : text.size(status.bytes);
    $("tile-rate").textContent = rate === null ? "–" : rate >= 10 || rate === 0 ? text.number(Math.round(rate)) : rate.toFixed(1);
    $("tile-watchers").textContent = text.number(status.watchers);
    $("tile-bus").textContent = status.bus.kind + (status.bus.up ? (status.bus.writes_refused ? ", no writes" : "") : ", away") + (status.bus.lag ? `, ${text.number(status.bus.lag)} behind` : "");
    $("bus").dataset.up = status.bus.up;
    this.draw();
  }

  draw() {
    const words = (name, values) => {
      const known = values.filter((value) => value !== null);
      return known.length ? `${name} in the last two minutes: now ${text.number(Math.round(known.at(-1)))}, at most ${text.number(Math.round(Math.max(...known)))}` : `${name}: not known yet`;
    };
    const { rate, watchers, bus } = this.series;
    $("spark-rate").replaceChildren(sparkline(rate, 4, words($("what-rate").textContent, rate)));
    $("spark-watchers").replaceChildren(sparkline(watchers, 2, words("watchers", watchers)));
    $("spark-bus").replaceChildren(sparkline(bus, 1, words("bus", bus)));
  }

  details(status) {
    const rows = [
      ["Version", status.version],
      ["Instance", status.instance],
      ["History", status.log_id],
      ["Revision", status.revision],
      ["Oldest revision to watch from", status.oldest_revision],
      ["Keys", status.keys],
      ["Keys and values", status.bytes === undefined ? undefined : text.size(status.bytes)],
      ["Watchers", status.watchers],
      ["Connections", status.connections],
      ["Up for", text.duration(status.uptime_s)],
      ["Writes synced to disk", status.fsync],
      ["Bus", [status.bus.kind, status.bus.up ? "up" : "away", status.bus.detail].filter(Boolean).join(", ")],
      ["Commands behind the bus", status.bus.lag],
      ...(status.bus.members ?? []).map((member) => ["Instance " + member.name, "heard of at " + text.moment(member.heard)]),
      ...Object.entries(status.limits).map(([name, value]) => ["Limit: " + name.replaceAll("_", " "), name === "max_memory" && value === 0 ? "none" : /size|bytes|memory/.test(name) ? text.size(value) : value]),
    ];
    const items = rows.filter(([, value]) => value !== undefined && value !== null && value !== "");
    $("status-list").replaceChildren(...items.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, typeof value === "number" ? text.number(value) : String(value)))));
  }
}
