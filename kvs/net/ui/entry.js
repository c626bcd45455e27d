// One key: its value as text, JSON or hex, what is known of it, its history, and its deletion.
import * as api from "./api.js";
import { $, h, flash, announce, ask } from "./dom.js";
import * as text from "./text.js";

const mostText = 256 * 1024; // characters shown; a download has them all
const mostHex = 64 * 1024; // bytes shown

export const valueOf = (record) => text.memberBytes(record, "value");

// A value as a text of the form: {words, note}. `form`: "text", "json", "hex".
export function render(bytes, form) {
  if (form === "hex") {
    const cut = bytes.length > mostHex;
    return { words: text.hexDump(bytes.subarray(0, mostHex)), note: cut ? `The first ${text.size(mostHex)} of ${text.size(bytes.length)}.` : "" };
  }
  const plain = text.textOf(bytes) ?? new TextDecoder().decode(bytes);
  const words = form === "json" ? text.indentJson(plain) : plain;
  return { words: words.slice(0, mostText), note: words.length > mostText ? "Only the beginning is shown; the download has all of it." : "" };
}

// What suits the value best, and what it can be shown as.
export function formsOf(bytes) {
  const plain = text.textOf(bytes);
  if (plain === null) return ["hex"];
  if (text.isControlled(plain)) return ["hex", "text"];
  return text.isJson(plain) ? ["json", "text", "hex"] : ["text", "hex"];
}

// As much of a value as fits beside another one.
export function shortValue(record) {
  const bytes = valueOf(record);
  return render(bytes, formsOf(bytes)[0] === "hex" ? "hex" : "text").words;
}

export class Entry {
  constructor() {
    this.id = null;
    this.record = null;
    this.asking = null;
    this.again = false;
    for (const form of document.querySelectorAll("[name=form]")) form.addEventListener("change", () => this.showValue(form.value));
    $("download").addEventListener("click", () => this.download());
    $("delete").addEventListener("click", () => this.remove());
    $("history").addEventListener("toggle", () => this.showHistory());
    setInterval(() => this.showExpiry(), 1000);
  }

  async open(id, { quietly = false } = {}) {
    if (this.id !== id) {
      this.id = id;
      this.record = null;
      $("entry").dataset.state = "loading";
      this.wipe();
    }
    $("entry-key").textContent = text.keyText(id);
    $("edit").href = "#/edit/" + id;
    if (!text.isAddressable(id)) return this.missing(`No browser can ask for a key named "${id}". Use: kvs get -- ${id}`);
    const mine = (this.asking = {});
    try {
      const record = await api.record(id);
      if (mine === this.asking) this.show(record, quietly);
    } catch (error) {
      if (mine === this.asking) this.missing(error.status === 404 ? "There is no such key." : error.message, error.status === 404);
    }
    if (mine !== this.asking) return;
    this.asking = null;
    if (this.again) this.openAgain();
  }

  // For a change, after the question that is under way, if there is one: a key that changes all the time is shown, too.
  openAgain() {
    this.again = this.asking !== null;
    if (!this.again) this.open(this.id, { quietly: true });
  }

  close() {
    this.id = null;
    this.asking = null;
    this.again = false;
  }

  // Nothing of what was shown stays.
  clear() {
    this.close();
    this.record = null;
    this.wipe();
  }

  wipe() {
    $("about").replaceChildren();
    $("value").textContent = "";
    $("value-note").textContent = "";
    $("history-list").replaceChildren();
  }

  // `create`: the way out is to make it.
  missing(words, create = false) {
    const was = this.record;
    this.record = null;
    $("entry-note").textContent = was && create ? `Deleted. Its last value, of revision ${was.revision}, is still shown.` : words;
    if (!was) this.wipe();
    $("entry").dataset.state = create ? "absent" : "unreadable";
    $("edit").textContent = create ? "Create" : "Edit";
    $("delete").disabled = $("download").disabled = true;
    if (create) this.showHistory();
  }

  show(record, quietly) {
    const changed = this.record && this.record.revision !== record.revision;
    this.record = record;
    this.bytes = valueOf(record);
    $("entry-note").textContent = "";
    $("entry").dataset.state = "there";
    $("entry").dataset.revision = record.revision;
    $("edit").textContent = "Edit";
    $("delete").disabled = $("download").disabled = false;
    this.showAbout();
    const forms = formsOf(this.bytes);
    for (const input of document.querySelectorAll("[name=form]")) input.disabled = !forms.includes(input.value);
    const chosen = document.querySelector("[name=form]:checked")?.value;
    const form = quietly && forms.includes(chosen) ? chosen : forms[0];
    document.querySelector(`[name=form][value=${form}]`).checked = true;
    this.showValue(form);
    if (changed) flash($("value"));
    this.showHistory();
  }

  showAbout() {
    const { revision, version, created_revision, modified, content_type } = this.record;
    const facts = [
      ["revision", text.number(revision)],
      ["modified", text.moment(modified), modified],
      ["changed", text.plural(version, "time"), `set ${text.plural(version, "time")} since it was created at revision ${created_revision}`],
      ["size", text.size(this.bytes.length)],
      content_type && ["type", content_type],
      this.record.expires && ["expires in", "", this.record.expires, "expiry"],
    ];
    $("about").replaceChildren(...facts.filter(Boolean).map(([name, value, title, id]) => h("div", { title }, h("dt", {}, name), h("dd", { id }, value))));
    this.showExpiry();
  }

  showExpiry() {
    if ($("expiry") && this.record?.expires) $("expiry").textContent = text.duration(this.secondsLeft());
  }

  secondsLeft() {
    return (Date.parse(this.record.expires) - Date.now()) / 1000;
  }

  showValue(form) {
    const { words, note } = render(this.bytes, form);
    $("value").textContent = words;
    $("value").dataset.form = form;
    $("value-note").textContent = this.bytes.length === 0 ? "The value is empty." : note;
  }

  download() {
    const url = URL.createObjectURL(new Blob([this.bytes], { type: "application/octet-stream" }));
    const name = text.keyText(this.id).split("/").at(-1).replace(/[^\w.-]+/g, "_") || "value";
    h("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  }

  // An event of this key: the newest state is asked for, what is being looked at stays where it is.
  changed(event) {
    if (this.id === null || text.idOfKey(event) !== this.id) return;
    if (this.record && event.revision <= this.record.revision) return;
    if (event.op === "set") this.openAgain();
    else this.gone();
  }

  gone() {
    this.asking = null; // what is on its way may be from before
    this.again = false;
    // Told by the answer and by the stream: the first still knows what was there.
    if ($("entry").dataset.state !== "absent") this.missing("There is no such key.", true);
  }

  // Deletes what is shown here and nothing newer: if it was changed meanwhile, that is shown and asked about anew.
  async remove() {
    const id = this.id;
    let record = this.record;
    let warning = null;
    while (record) {
      const sure = await ask(deletionDialog(id, record, warning));
      if (sure !== "delete") return;
      try {
        const answer = await api.remove(id, record.revision);
        announce(`Deleted ${text.keyText(id)} at revision ${answer.revision}`);
        $("edit").focus(); // what was pressed has nothing more to do
        break;
      } catch (error) {
        if (error.status !== 412) return this.complain(error);
        record = error.members.current;
        warning = "It was changed since you looked: this is its value now.";
      }
    }
    if (this.id === id) this.gone();
  }

  complain(error) {
    $("entry-note").textContent = error.message;
  }

  async showHistory() {
    if (!$("history").open) return;
    const id = this.id;
    try {
      const answer = await api.history(id);
      if (id !== this.id) return;
      $("history-note").textContent = answer.items.length
        ? answer.oldest_revision === 0 ? "Known from the beginning." : `Known back to revision ${text.number(answer.oldest_revision)}.`
        : `Nothing is known of it since revision ${text.number(answer.oldest_revision)}.`;
      $("history-list").replaceChildren(...answer.items.map((event) => historyRow(event)));
    } catch (error) {
      if (id === this.id) $("history-note").textContent = error.message;
    }
  }
}

function historyRow(event) {
  const time = event.modified ?? event.time;
  const op = event.op === "set" && event.created ? "create" : event.op;
  const bytes = valueOf(event);
  const summary = [
    h("span", { class: "revision" }, String(event.revision)),
    h("span", { class: "op op-" + op }, op),
    h("time", { datetime: time, title: time }, text.moment(time)),
    h("span", { class: "value" }, bytes ? text.preview(bytes) : ""),
  ];
  if (!bytes) return h("li", { "data-op": event.op }, h("div", { class: "step" }, summary));
  const whole = h("pre", { tabindex: "0" });
  const details = h("details", {}, h("summary", { class: "step" }, summary), whole);
  details.addEventListener("toggle", () => (whole.textContent = render(bytes, formsOf(bytes)[0]).words));
  return h("li", { "data-op": event.op }, details);
}

function deletionDialog(id, record, warning) {
  return h("dialog", { "aria-labelledby": "deletion-title" },
    h("form", { method: "dialog" },
      h("h2", { id: "deletion-title" }, "Delete this key?"),
      h("p", { class: "key" }, text.keyText(id)),
      warning && h("p", { class: "warning", role: "alert" }, warning),
      h("pre", { tabindex: "0", "aria-label": "its value" }, text.preview(valueOf(record), 400)),
      h("p", { class: "quiet" }, `Only revision ${text.number(record.revision)} is deleted; if somebody changes it first, you are asked again.`),
      h("div", { class: "buttons" },
        h("button", { value: "", autofocus: true }, "Keep it"),
        h("button", { value: "delete", class: "danger" }, "Delete"))));
}
