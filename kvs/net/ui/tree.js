// The keys as a tree by "/", a page at a time. Each open folder is a level; what changed is asked for again by level.
import * as api from "./api.js";
import { $, h, flash } from "./dom.js";
import * as text from "./text.js";

const page = 100; // keys and folders asked for at once
const settle = 250; // ms in which keys that come and go are collected, and at least four times what asking took
const most = 5000; // rows of a level; a longer prefix shows the rest

class Level {
  constructor(tree, prefix, group, depth) {
    Object.assign(this, { tree, prefix, group, depth });
    this.rows = new Map(); // id -> {element, level?}
    this.wanted = page;
    this.next = null;
    this.timer = 0;
    this.asked = 0;
    this.took = 0;
  }

  // Asks for everything shown so far, so that what came or went is right.
  async load() {
    clearTimeout(this.timer);
    this.timer = 0;
    const mine = ++this.asked;
    const begin = performance.now();
    let target = `/v1/kv?prefix=${this.prefix}&separator=%2F&keys_only=1&limit=${Math.min(1000, this.wanted)}`;
    const found = [];
    try {
      while (target && found.length < this.wanted) {
        const answer = await api.list(target);
        for (const record of answer.items) found.push({ id: text.idOfKey(record), record });
        for (const prefix of answer.prefixes ?? []) found.push({ id: text.idOf(text.bytesOf(prefix)), folder: true });
        for (const prefix of answer.prefixes_base64 ?? []) found.push({ id: text.idOf(text.fromBase64(prefix)), folder: true });
        target = answer.next;
      }
    } catch (error) {
      if (mine === this.asked) this.tree.failed(error, this);
      return;
    }
    if (mine !== this.asked) return;
    this.next = target;
    this.took = performance.now() - begin;
    this.show(found.sort((a, b) => compare(a.id, b.id)));
    this.tree.loaded(this);
  }

  show(found) {
    const focused = this.group.contains(document.activeElement) ? document.activeElement : null;
    const there = new Set(found.map(({ id }) => id));
    for (const [id, row] of this.rows) {
      if (there.has(id)) continue;
      row.element.remove();
      this.rows.delete(id);
    }
    this.more?.remove();
    let before = null;
    for (const entry of found) {
      let row = this.rows.get(entry.id);
      if (!row) this.rows.set(entry.id, (row = this.makeRow(entry)));
      if (entry.record) this.describe(row.element, entry.record);
      const place = before ? before.nextSibling : this.group.firstChild;
      if (place !== row.element) this.group.insertBefore(row.element, place);
      before = row.element;
    }
    this.more = null;
    if (this.next) this.group.append((this.more = this.makeMore()));
    if (focused && !focused.isConnected) this.tree.focusFirst();
  }

  label(id) {
    const own = this.depth === 1 ? "" : this.prefix;
    return text.keyText(id.slice(own.length));
  }

  makeRow({ id, folder }) {
    const name = h("span", { class: "name" }, this.label(id));
    const line = h("div", { class: "line" }, h("span", { class: "twist", "aria-hidden": "true" }), name, h("span", { class: "about" }));
    const element = h("li", { role: "treeitem", tabindex: "-1", "aria-level": this.depth, "data-id": id, "data-folder": folder }, line);
    if (folder) element.setAttribute("aria-expanded", "false");
    return { element };
  }

  describe(element, record) {
    const about = element.querySelector(".about");
    about.textContent = (record.expires ? "ttl · " : "") + text.size(record.size);
    about.title = record.expires ? "has a time to live" : "";
  }

  makeMore() {
    const words = this.wanted >= most ? `only the first ${text.number(most)} are shown: filter by prefix` : "Show more…";
    return h("li", { role: "treeitem", tabindex: "-1", "aria-level": this.depth, "data-more": true }, h("div", { class: "line more" }, words));
  }

  showMore() {
    if (this.wanted >= most) return;
    const last = this.more?.previousSibling;
    this.wanted += page;
    this.load().then(() => last?.nextSibling && this.tree.focus(last.nextSibling));
  }

  // Soon, and once for all that happens until then.
  refresh() {
    if (!this.timer) this.timer = setTimeout(() => this.load(), Math.max(settle, 4 * this.took));
  }
}

// In the order of the keys' bytes, as the server lists them.
function compare(a, b) {
  const [x, y] = [text.bytesOfId(a), text.bytesOfId(b)];
  for (let i = 0; i < x.length && i < y.length; ++i) if (x[i] !== y[i]) return x[i] - y[i];
  return x.length - y.length;
}

export class Tree {
  constructor(open) {
    this.open = open;
    this.element = $("tree");
    this.element.addEventListener("click", (event) => this.clicked(event));
    this.element.addEventListener("keydown", (event) => this.pressed(event));
    let waiting = 0;
    $("prefix").addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.reload(), 150);
    });
    $("filter-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.reload();
    });
    this.selected = "";
  }

  // From the root, with the prefix that stands in the field.
  reload() {
    const prefix = text.idOf(text.bytesOf($("prefix").value));
    if (!this.root || this.root.prefix !== prefix) {
      this.element.replaceChildren();
      this.root = new Level(this, prefix, this.element, 1);
    }
    for (const level of this.levels()) level.load();
  }

  clear() {
    for (const level of this.levels()) ++level.asked; // what is on its way is not for this tree
    this.root = null;
    this.element.replaceChildren();
  }

  *levels(level = this.root) {
    if (!level) return;
    yield level;
    for (const row of level.rows.values()) if (row.level) yield* this.levels(row.level);
  }

  failed(error, level) {
    if (level.depth > 1 && error.status === 410) return level.load();
    $("keys-note").textContent = error.message;
    this.element.setAttribute("aria-busy", "false");
  }

  loaded(level) {
    this.element.setAttribute("aria-busy", "false");
    if (level !== this.root) return this.mark();
    const none = level.rows.size === 0;
    const filtered = $("prefix").value !== "";
    $("keys-note").textContent = none ? (filtered ? "No key begins so." : "No keys yet.") : "";
    document.body.dataset.empty = none && !filtered;
    if (!this.element.querySelector('[tabindex="0"]')) this.element.firstElementChild?.setAttribute("tabindex", "0");
    this.mark();
  }

  select(id) {
    this.selected = id;
    this.mark();
  }

  mark() {
    for (const item of this.element.querySelectorAll('[aria-selected="true"]')) item.removeAttribute("aria-selected");
    this.find(this.selected)?.setAttribute("aria-selected", "true");
  }

  find(id) {
    for (const level of this.levels()) if (level.rows.has(id)) return level.rows.get(id).element;
    return null;
  }

  // A change of the stream: its row lights up, or the folder it is in; what came or went is looked up.
  changed(event, live) {
    const id = text.idOfKey(event);
    let level = this.root;
    if (!level || !id.startsWith(level.prefix)) return;
    for (;;) {
      const slash = id.indexOf("%2F", level.prefix.length);
      const own = slash < 0 ? id : id.slice(0, slash + 3);
      const row = level.rows.get(own);
      if (row?.level && slash >= 0) {
        level = row.level;
        continue;
      }
      if (row && live) flash(row.element);
      if (!row || event.op !== "set") level.refresh();
      else if (slash < 0) level.describe(row.element, { size: text.memberBytes(event, "value").length, ...event });
      return this.emptied(event, level);
    }
  }

  // What went may have been the last of its folder.
  emptied(event, level) {
    if (event.op === "set") return;
    for (const one of this.levels()) if (one !== level && level.prefix.startsWith(one.prefix)) one.refresh();
  }

  levelOf(item) {
    for (const level of this.levels()) if (level.group === item.parentElement) return level;
    return null;
  }

  toggle(item, expand) {
    const row = this.levelOf(item).rows.get(item.dataset.id);
    item.setAttribute("aria-expanded", String(expand));
    if (expand) {
      const group = h("ul", { role: "group" });
      item.append(group);
      row.level = new Level(this, item.dataset.id, group, Number(item.getAttribute("aria-level")) + 1);
      row.level.load();
    } else {
      clearTimeout(row.level.timer);
      ++row.level.asked;
      row.level.group.remove();
      row.level = null;
    }
  }

  activate(item) {
    if (item.dataset.more !== undefined) this.levelOf(item).showMore();
    else if (item.dataset.folder !== undefined) this.toggle(item, item.getAttribute("aria-expanded") !== "true");
    else this.open(item.dataset.id);
  }

  clicked(event) {
    const item = event.target.closest("[role=treeitem]");
    if (!item) return;
    this.focus(item);
    this.activate(item);
  }

  focus(item) {
    for (const other of this.element.querySelectorAll('[tabindex="0"]')) other.setAttribute("tabindex", "-1");
    item.setAttribute("tabindex", "0");
    item.focus();
  }

  focusFirst() {
    const first = this.element.firstElementChild;
    if (first) this.focus(first);
  }

  // The keys of the tree pattern: arrows, Home, End, Enter, Space.
  pressed(event) {
    const item = event.target.closest("[role=treeitem]");
    if (!item || event.ctrlKey || event.altKey || event.metaKey) return;
    const items = Array.from(this.element.querySelectorAll("[role=treeitem]"));
    const at = items.indexOf(item);
    const expanded = item.getAttribute("aria-expanded");
    const moves = {
      ArrowDown: () => items[at + 1],
      ArrowUp: () => items[at - 1],
      Home: () => items[0],
      End: () => items.at(-1),
      ArrowRight: () => (expanded === "false" ? this.toggle(item, true) : expanded && items[at + 1]),
      ArrowLeft: () => (expanded === "true" ? this.toggle(item, false) : item.parentElement.closest("[role=treeitem]")),
      Enter: () => this.activate(item),
      " ": () => this.activate(item),
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    const to = moves[event.key]();
    if (to) this.focus(to);
  }
}
