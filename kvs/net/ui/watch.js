// The stream of changes: one WebSocket that goes on from where it was, and says what a gap was like.
import * as api from "./api.js";

const recent = 50; // revisions from before the page was opened
const silence = 15000; // ms without a word (marks come every 5 s) until the connection counts as dead
const leastWait = 250;
const mostWait = 10000;

// Calls of `listener`:
//   changes(events, {live})   sets, deletes, expiries in order; not live: from before `synced`
//   gap(how)                  something is missing here: "diff", "reset", "new_history"
//   stream({kind, …})         "live", "lost" {why}, "back" {seconds, missed, how: "all" or that of the gap}
//   bus({up, time})           the instance has lost its bus, found it again
export class Watch {
  constructor(listener) {
    this.listener = listener;
    this.socket = null;
    this.timer = 0;
    this.forget();
  }

  // As if it had never been: whoever watches from now on may be somebody else.
  forget() {
    this.position = null; // {revision, logId}
    this.wasLive = false;
    this.lostAt = 0;
    this.attempts = 0;
    this.missed = 0;
    this.how = "all";
  }

  async start() {
    clearTimeout(this.timer);
    this.close();
    const mine = (this.starting = {});
    let status;
    try {
      status = await api.status();
      if (status.revision === undefined) throw new Error("it is starting");
    } catch (error) {
      if (mine === this.starting) this.lost(error.message);
      return;
    }
    if (mine !== this.starting) return;
    const behind = this.position && this.position.logId === status.log_id && status.revision < this.position.revision;
    if (behind) this.lost(`it is at revision ${status.revision}, behind the ${this.position.revision} seen here`);
    else this.connect(status);
  }

  connect(status) {
    if (this.position && this.position.logId !== status.log_id) {
      this.gap("new_history");
      this.position = null;
    }
    if (!this.position) {
      const revision = Math.max(status.oldest_revision, status.revision - recent, 0);
      this.position = { revision, logId: status.log_id };
      this.began = status.revision; // what came before it is no news
    }
    const scheme = location.protocol === "https:" ? "wss://" : "ws://";
    const since = this.position.revision + "@" + this.position.logId;
    const socket = new WebSocket(`${scheme}${location.host}/v1/watch?since=${since}&progress=5s`, api.protocols());
    this.socket = socket;
    this.live = false;
    let opened = false;
    socket.onopen = () => (opened = true);
    socket.onmessage = (message) => this.receive(JSON.parse(message.data));
    socket.onclose = (event) => (opened ? this.closed(event) : this.refused(since));
    this.hear();
  }

  hear() {
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => {
      this.close();
      this.lost("it has gone silent");
    }, silence);
  }

  close() {
    clearTimeout(this.quiet);
    if (!this.socket) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }

  receive(events) {
    this.hear();
    let changes = [];
    const flush = () => {
      if (changes.length) this.listener.changes(changes, { live: this.live });
      changes = [];
    };
    for (const event of events) {
      if (event.op === "set" || event.op === "delete" || event.op === "expire") {
        // After `reset` everything that is there comes, which is no change; and none is a place to resume from.
        if (!event.initial && !event.more) this.position.revision = event.revision;
        if (event.initial && this.how === "reset") continue;
        if (!this.live && event.revision > this.began) ++this.missed;
        changes.push(event);
        continue;
      }
      flush();
      this.control(event);
    }
    flush();
  }

  control(event) {
    if (event.op === "diff" || event.op === "reset") this.gap(event.op);
    if (event.op === "stale") this.listener.bus({ up: false, time: event.time });
    if (event.op === "fresh") this.listener.bus({ up: true });
    if (event.op !== "synced" && event.op !== "progress") return;
    this.position.revision = Math.max(this.position.revision, event.revision);
    if (event.op === "synced" && !this.live) this.synced();
  }

  gap(how) {
    this.how = how;
    this.listener.gap(how);
  }

  synced() {
    this.live = this.wasLive = true;
    this.attempts = 0;
    const seconds = this.lostAt ? Math.round((Date.now() - this.lostAt) / 1000) : 0;
    const again = this.lostAt !== 0 || this.how !== "all";
    this.listener.stream({ kind: again ? "back" : "live", seconds, missed: this.missed, how: this.how });
    this.lostAt = 0;
    this.missed = 0;
    this.how = "all";
    this.began = this.position.revision;
  }

  async refused(since) {
    clearTimeout(this.quiet);
    this.socket = null;
    const mine = this.starting;
    const why = await api.refusal(since);
    if (mine === this.starting) this.lost(why ? why.message : "the connection broke");
  }

  closed(event) {
    clearTimeout(this.quiet);
    this.socket = null;
    // "draining since=42@0123456789abcdef": everything up to there was sent.
    const said = /^(\S+) since=(\d+)@([0-9a-f]{16})$/.exec(event.reason);
    if (said && this.position && said[3] === this.position.logId) {
      this.position.revision = Math.max(this.position.revision, Number(said[2]));
    }
    this.lost(said ? (said[1] === "draining" ? "it is shutting down" : said[1]) : "the connection broke");
  }

  lost(why) {
    if (!this.lostAt && this.position) this.lostAt = Date.now();
    this.live = false;
    const most = Math.min(mostWait, leastWait * 2 ** this.attempts++);
    const wait = most * (0.5 + Math.random() / 2);
    this.listener.stream({ kind: "lost", why, wait });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.start(), wait);
  }
}
