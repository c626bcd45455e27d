// The live feed: the newest changes on top, held while paused, filtered by what their keys contain.
import { $, h, flash, announce } from "./dom.js";
import * as text from "./text.js";

const kept = 300; // changes
const wordsEvery = 4000; // ms between two sentences for those who hear the page

export class Feed {
  constructor() {
    this.events = []; // newest first, at most `kept`
    this.fresh = 0; // of them not shown yet
    this.paused = false;
    this.held = 0; // came while paused
    this.spoken = 0;
    this.unspoken = 0;
    $("pause").addEventListener("click", () => this.pause(!this.paused));
    $("feed-filter").addEventListener("input", () => this.showAll());
  }

  clear() {
    this.events = [];
    this.fresh = 0;
    this.held = 0;
    $("feed").replaceChildren();
    this.sayPaused();
    this.sayNone();
  }

  add(events, live) {
    if (live) this.speak(events);
    this.push(events.slice(-kept).map((event) => this.noteOf(event, live)), events.length);
  }

  push(notes, count = notes.length) {
    this.events.unshift(...notes.reverse());
    this.events.length = Math.min(this.events.length, kept);
    this.fresh = Math.min(this.fresh + notes.length, kept);
    if (this.paused) {
      this.held += count;
      this.sayPaused();
    } else if (!this.drawing) {
      this.drawing = requestAnimationFrame(() => this.draw());
    }
  }

  // No more of an event than a row shows: values may be large.
  noteOf(event, live) {
    const id = text.idOfKey(event);
    const value = text.memberBytes(event, "value");
    const time = event.modified ?? event.time;
    return { id, key: text.keyText(id), op: event.op, created: event.created, value: value && text.preview(value), revision: event.revision, time, live };
  }

  wanted(note) {
    return note.mark || note.key.toLowerCase().includes($("feed-filter").value.toLowerCase());
  }

  draw() {
    this.drawing = 0;
    const rows = this.events.slice(0, this.fresh).filter((note) => this.wanted(note)).map((note) => this.row(note));
    this.fresh = 0;
    $("feed").prepend(...rows);
    for (const row of rows) if (row.dataset.live !== undefined) flash(row);
    while ($("feed").childElementCount > kept) $("feed").lastElementChild.remove();
    this.sayNone();
  }

  showAll() {
    if (this.paused) {
      const shown = this.events.slice(this.fresh);
      $("feed").replaceChildren(...shown.filter((note) => this.wanted(note)).map((note) => this.row(note)));
      return this.sayNone();
    }
    this.fresh = 0;
    $("feed").replaceChildren(...this.events.filter((note) => this.wanted(note)).map((note) => this.row(note)));
    this.sayNone();
  }

  row(note) {
    if (note.mark) return h("li", { class: "mark" }, note.mark);
    const op = note.op === "set" && note.created ? "create" : note.op;
    return h("li", { "data-op": note.op, "data-revision": note.revision, "data-live": note.live },
      h("time", { datetime: note.time, title: note.time }, text.moment(note.time)),
      h("span", { class: "op op-" + op }, op),
      h("a", { href: "#/key/" + note.id, class: "key" }, note.key),
      h("span", { class: "value" }, note.value ?? ""),
      h("span", { class: "revision", title: "revision" }, String(note.revision)));
  }

  // A line across the feed: what is above it came after.
  mark(words) {
    this.push([{ mark: words }]);
  }

  pause(paused) {
    this.paused = paused;
    $("pause").textContent = paused ? "Go on" : "Pause";
    if (!paused) {
      const lost = this.held - kept;
      this.draw();
      if (lost > 0) $("feed").append(h("li", { class: "mark" }, `${text.plural(lost, "older change")} came meanwhile and ${lost === 1 ? "is" : "are"} not shown`));
      this.held = 0;
    }
    this.sayPaused();
  }

  sayPaused() {
    $("feed-note").textContent = this.paused ? `Paused. ${text.plural(this.held, "new change")}.` : "";
    $("changes").dataset.paused = this.paused;
  }

  sayNone() {
    const none = $("feed").childElementCount === 0;
    $("feed-none").hidden = !none;
    $("feed-none").textContent = this.events.length ? "No change matches the filter." : "No changes yet. They appear here as they happen.";
  }

  // One sentence for many changes: nobody can listen to each of them.
  speak(events) {
    this.unspoken += events.length;
    this.last = { op: events.at(-1).op, key: text.keyText(text.idOfKey(events.at(-1))) };
    const wait = this.spoken + wordsEvery - Date.now();
    if (this.paused || this.speaking) return;
    this.speaking = setTimeout(() => {
      this.speaking = 0;
      this.spoken = Date.now();
      const last = this.last;
      announce(`${text.plural(this.unspoken, "change")}, the last: ${last.op} ${last.key}`);
      this.unspoken = 0;
    }, Math.max(0, wait));
  }
}
