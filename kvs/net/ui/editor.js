// Creating and changing a key. A write names the revision it was made from; if the key has another one by then, both
// values are shown and somebody decides. Nothing is overwritten unseen.
import * as api from "./api.js";
import { $, h, announce } from "./dom.js";
import { render, formsOf, shortValue, valueOf } from "./entry.js";
import * as text from "./text.js";

export class Editor {
  constructor(saved) {
    this.saved = saved;
    this.drafts = new Map(); // id ("" = a new key) -> what was left behind unsaved
    this.id = null;
    $("editor").addEventListener("submit", (event) => {
      event.preventDefault();
      this.save(this.base);
    });
    $("editor").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("editor").requestSubmit();
    });
    $("new-value").addEventListener("input", () => this.setFile(null));
    $("file").addEventListener("change", () => this.setFile($("file").files[0] ?? null));
    $("cancel").addEventListener("click", () => this.cancel());
    $("editor").addEventListener("input", () => (this.dirty = true));
    addEventListener("beforeunload", (event) => {
      if (this.id !== null && this.dirty) event.preventDefault();
    });
  }

  // `id` null: a key that is to be named, beginning with `prefix`.
  async open(id, prefix = "") {
    this.id = id ?? "";
    this.dirty = false;
    this.setFile(null);
    $("editor-note").textContent = "";
    $("conflict").hidden = true;
    $("key-field").hidden = id !== null;
    $("editor-title").textContent = id === null ? "New key" : text.keyText(id);
    $("editor").dataset.state = "loading";
    const draft = this.drafts.get(this.id);
    if (draft) this.restore(draft);
    else if (id === null) this.fill({ key: text.keyText(prefix), base: 0 });
    else await this.load(id);
    if (this.id !== (id ?? "")) return;
    $("editor").dataset.state = "open";
    this.sayBase();
    (id === null ? $("new-key") : $("new-value")).focus();
  }

  async load(id) {
    try {
      const record = await api.record(id);
      if (this.id !== id) return;
      const bytes = valueOf(record);
      const plain = text.textOf(bytes);
      const left = record.expires ? text.duration((Date.parse(record.expires) - Date.now()) / 1000) : "";
      this.fill({ value: plain ?? "", base: record.revision, ttl: left, type: record.content_type ?? "" });
      this.lineEnds(plain ?? "");
      if (plain === null) $("editor-note").textContent = "The value is binary: what is typed or chosen here replaces it.";
    } catch (error) {
      if (this.id !== id) return;
      this.fill({ base: 0 });
      if (error.status !== 404) $("editor-note").textContent = error.message;
    }
  }

  fill({ key = "", value = "", base, ttl = "", type = "" }) {
    $("new-key").value = key;
    $("new-value").value = value;
    $("ttl").value = ttl;
    $("type").value = type;
    this.base = base;
    this.crlf = false;
  }

  // A text field has only "\n" for the end of a line.
  lineEnds(value) {
    this.crlf = /\r\n/.test(value) && !/(^|[^\r])\n|\r(?!\n)/.test(value);
    if (!this.crlf && value.includes("\r")) $("editor-note").textContent = "Its line ends are of several kinds; saved from here, all become LF.";
  }

  sayBase() {
    $("editor-base").textContent = this.base
      ? `Saved only if the key is still at revision ${text.number(this.base)}, which this began from.`
      : "Saved only if there is no such key yet.";
    $("editor-base").dataset.revision = this.base;
  }

  setFile(file) {
    this.file = file;
    if (!file) $("file").value = "";
    $("new-value").disabled = file !== null;
    $("file-note").textContent = file ? `${file.name}, ${text.size(file.size)}, becomes the value.` : "";
    $("no-file").hidden = file === null;
  }

  leave() {
    if (this.id === null) return;
    if (this.dirty) this.drafts.set(this.id, { key: $("new-key").value, value: $("new-value").value, base: this.base, ttl: $("ttl").value, type: $("type").value, crlf: this.crlf });
    this.id = null;
  }

  restore(draft) {
    this.fill(draft);
    this.crlf = draft.crlf;
    this.dirty = true;
    $("editor-note").textContent = "This is what you left here unsaved.";
  }

  cancel() {
    const id = this.id;
    this.drop();
    location.hash = id ? "#/key/" + id : "#/";
  }

  drop() {
    this.dirty = false;
    this.drafts.delete(this.id);
  }

  // An event of this key while it is being edited: said at once, so that nobody works on for nothing.
  changed(event) {
    if (this.id === null || text.idOfKey(event) !== this.id || event.revision <= this.base || this.saving) return;
    const what = event.op === "set" ? "changed" : "deleted";
    $("editor-note").textContent = `Somebody has ${what} it meanwhile (revision ${text.number(event.revision)}). Save, and you can compare.`;
  }

  target() {
    return this.id || text.idOf(text.bytesOf($("new-key").value));
  }

  async save(revision) {
    const id = this.target();
    if (!id) return this.refuse("A key has at least one character.", $("new-key"));
    if (!text.isAddressable(id)) return this.refuse(`No browser can write a key named "${id}". Use: kvs set -- ${id} VALUE`, $("new-key"));
    this.saving = true;
    $("save").disabled = true;
    $("editor-note").textContent = "";
    try {
      const answer = await api.put(id, this.body(), { revision, ttl: $("ttl").value.trim(), contentType: $("type").value.trim() });
      announce(`Saved ${text.keyText(id)} at revision ${answer.revision}`);
      this.drop();
      this.id = null;
      this.saved(id);
    } catch (error) {
      if (error.status === 412) this.conflict(error.members);
      else this.refuse(error.status === 0 ? "No answer came, so it may have been saved or not. Save again: if it was, you are shown that." : error.message);
    } finally {
      this.saving = false;
      $("save").disabled = false;
    }
  }

  body() {
    if (this.file) return this.file;
    return this.crlf ? $("new-value").value.replaceAll("\n", "\r\n") : $("new-value").value;
  }

  refuse(words, field = null) {
    $("editor-note").textContent = words;
    field?.focus();
  }

  // Both versions side by side, what differs marked, and three ways out.
  conflict({ current, current_revision }) {
    const mine = this.file ? `(the file ${this.file.name})` : $("new-value").value;
    const theirs = current ? shortValue(current) : "";
    const [left, right] = this.file || !current ? [[mine], [theirs]] : marked(mine, theirs);
    $("conflict-mine").replaceChildren(...left);
    $("conflict-theirs").replaceChildren(...right);
    $("conflict-words").textContent = current
      ? this.base
        ? `Somebody saved revision ${text.number(current_revision)} after you began from ${text.number(this.base)}. Nothing was overwritten.`
        : `There is such a key already, at revision ${text.number(current_revision)}. Nothing was overwritten.`
      : "Somebody has deleted the key meanwhile. Nothing was saved.";
    $("theirs-title").textContent = current ? `On the server, revision ${text.number(current_revision)}` : "On the server: deleted";
    $("take-mine").textContent = current ? `Replace revision ${text.number(current_revision)} by mine` : "Create it again with mine";
    $("take-theirs").textContent = current ? "Take theirs, drop mine" : "Leave it deleted, drop mine";
    this.way($("take-mine"), () => this.save(current_revision));
    this.way($("take-theirs"), () => this.takeTheirs());
    this.way($("merge"), () => this.merge(current_revision));
    $("merge").hidden = this.file !== null;
    $("conflict").hidden = false;
    $("conflict").dataset.revision = current_revision;
    $("conflict-title").focus();
    $("conflict").scrollIntoView({ block: "nearest" });
  }

  way(button, action) {
    button.onclick = action;
  }

  takeTheirs() {
    const id = this.target();
    this.drop();
    this.id = null;
    this.saved(id);
  }

  // Goes on editing, now from what is there.
  merge(revision) {
    this.base = revision;
    this.sayBase();
    $("conflict").hidden = true;
    $("new-value").focus();
  }
}

// Two texts as parts, the lines between their common beginning and end in <mark>.
function marked(mine, theirs) {
  const [a, b] = [mine.split("\n"), theirs.split("\n")];
  let begin = 0;
  while (begin < Math.min(a.length, b.length) && a[begin] === b[begin]) ++begin;
  let end = 0;
  while (end < Math.min(a.length, b.length) - begin && a.at(-1 - end) === b.at(-1 - end)) ++end;
  const parts = (lines) => {
    const middle = lines.slice(begin, lines.length - end).join("\n");
    const before = lines.slice(0, begin).map((line) => line + "\n").join("");
    const after = lines.slice(lines.length - end).join("\n");
    return [before, middle && h("mark", {}, middle), end && middle ? "\n" + after : end ? after : ""].filter(Boolean);
  };
  return [parts(a), parts(b)];
}
