// The page: which part of it is shown, and who hears of what.
import * as api from "./api.js";
import { $, announce } from "./dom.js";
import { Editor } from "./editor.js";
import { Entry } from "./entry.js";
import { Feed } from "./feed.js";
import { Status } from "./status.js";
import { Tree } from "./tree.js";
import { Watch } from "./watch.js";
import * as text from "./text.js";

const feed = new Feed();
const status = new Status();
const entry = new Entry();
const tree = new Tree((id) => (location.hash = "#/key/" + id));
const editor = new Editor((id) => {
  if (location.hash === "#/key/" + id) route();
  else location.hash = "#/key/" + id;
});

// #/ keys · #/key/ID · #/edit/ID · #/new/PREFIX · #/changes · #/status
function route() {
  const [, view = "", given = ""] = /^#\/([a-z]*)\/?(.*)$/.exec(location.hash) ?? [];
  const id = text.idOf(text.bytesOfId(given)); // whatever way it was written
  editor.leave();
  if (view !== "key") entry.close();
  document.body.dataset.view = ["key", "edit", "new", "changes", "status"].includes(view) ? view : "keys";
  for (const link of document.querySelectorAll("nav a")) {
    const here = link.hash === location.hash || (link.hash === "#/" && ["keys", "key", "edit", "new"].includes(document.body.dataset.view));
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  tree.select(view === "key" || view === "edit" ? id : "");
  const name = text.keyText(id);
  document.title = (view === "key" || view === "edit" ? name + " – " : "") + "kvs";
  if (view === "key") entry.open(id);
  if (view === "edit") editor.open(id);
  if (view === "new") editor.open(null, id);
}

// What a break in the stream means for what is shown here.
const backWords = {
  all: ({ missed }) => `Nothing was missed${missed ? `: ${text.plural(missed, "change")} caught up` : ""}.`,
  diff: ({ missed }) => `The history no longer reaches back so far: ${text.plural(missed, "key")} differ${missed === 1 ? "s" : ""} from before; what happened in between is not known.`,
  reset: () => "You were away for too long to tell what changed: everything was loaded anew.",
  new_history: () => "The server has another history now: everything was loaded anew, and what was here before may be gone.",
};

const gapWords = {
  diff: "The history no longer reaches back to here: of what came next only the difference is known.",
  reset: "What happened after this is not known.",
  new_history: "Here another history begins.",
};

let stale = "";

function banner(kind, words) {
  $("banner").dataset.kind = kind;
  $("banner-words").textContent = words;
  $("banner").hidden = kind === "";
  $("retry").hidden = kind !== "lost";
  $("dismiss").hidden = kind === "lost" || kind === "stale";
}

function showStale() {
  if (stale) banner("stale", `This instance has lost its bus (since ${text.clock(stale)}): what is shown may be old, and writes are refused until it is back.`);
  else if ($("banner").dataset.kind === "stale") banner("", "");
}

function onStream(state) {
  document.body.dataset.stream = state.kind === "back" ? "live" : state.kind;
  $("stream-state").textContent = state.kind === "lost" ? "not connected" : "live";
  if (state.kind === "lost") {
    stale = "";
    const old = watch.wasLive ? " What is shown may be old." : "";
    banner("lost", `Not connected: ${state.why.replace(/\.$/, "")}.${old} Trying again…`);
    return;
  }
  if (state.kind === "back") {
    const away = state.seconds ? ` after ${text.duration(state.seconds)}` : "";
    $("banner").dataset.missed = state.missed;
    banner(state.how === "all" ? "back" : state.how, `Connected again${away}. ${backWords[state.how](state)}`);
    if (entry.id !== null) entry.open(entry.id, { quietly: true });
  } else {
    banner("", "");
  }
  tree.reload();
  status.poll();
}

const watch = new Watch({
  changes(events, { live }) {
    feed.add(events, live);
    for (const event of events) {
      tree.changed(event, live);
      entry.changed(event);
      editor.changed(event);
    }
  },
  gap: (how) => feed.mark(gapWords[how]),
  stream: onStream,
  bus({ up, time }) {
    stale = up ? "" : time;
    showStale();
  },
});

let declined = false; // whoever has shut the dialog is not asked again and again

function askForToken(words = "") {
  $("token-note").textContent = words;
  $("token-field").value = api.token();
  $("forget-token").hidden = !api.token();
  if (!$("token-dialog").open) $("token-dialog").showModal();
}

$("token").addEventListener("click", () => askForToken());
$("token-dialog").addEventListener("cancel", () => (declined = true)); // Escape
$("token-form").addEventListener("submit", (event) => {
  const given = $("token-field").value.trim();
  if (given && !api.isToken(given)) {
    event.preventDefault();
    $("token-note").textContent = "A token has letters, digits and - _ . ~ + only: copy the whole of it, and nothing else.";
    return;
  }
  api.setToken(given);
});
$("cancel-token").addEventListener("click", () => {
  declined = true;
  $("token-dialog").close();
});
$("forget-token").addEventListener("click", () => {
  $("token-dialog").close();
  api.setToken("");
});
api.events.addEventListener("unauthenticated", () => {
  if (declined || $("token-dialog").open) return;
  askForToken(api.token() ? "The server does not know this token." : "The server wants a token.");
});
api.events.addEventListener("token", () => {
  declined = false;
  $("token").dataset.set = api.token() !== "";
  $("token").title = api.token() ? "a token is set for this tab" : "";
  // What the one before could see is not for whoever has this one.
  for (const part of [feed, tree, entry, status]) part.clear();
  watch.forget();
  watch.start();
  status.poll();
  tree.reload();
  route();
});

$("retry").addEventListener("click", () => watch.start());
$("dismiss").addEventListener("click", () => banner("", ""));
addEventListener("online", () => watch.start());
addEventListener("hashchange", () => {
  route();
  // What had the focus may be gone: go on with what is shown instead, as after a link between pages.
  const focused = document.activeElement;
  if (focused !== document.body && focused.checkVisibility()) return;
  const shown = Array.from(document.querySelectorAll("main h2")).filter((one) => one.checkVisibility());
  const heading = shown.find((one) => one.closest("#middle")) ?? shown[0];
  heading.setAttribute("tabindex", "-1");
  heading.focus();
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (editor.id !== null && !editor.dirty) editor.cancel();
});
$("new").addEventListener("click", () => (location.hash = "#/new/" + text.idOf(text.bytesOf($("prefix").value))));
for (const place of document.querySelectorAll(".origin")) place.textContent = location.origin;

$("token").dataset.set = api.token() !== "";
tree.reload();
route();
status.poll();
watch.start();
announce("");
