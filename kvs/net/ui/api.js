// The server's routes. Every request carries the token, if there is one; every failure becomes a Problem.

const storage = "kvs.token";

// A refusal (status and the problem document's members), or no answer at all (status 0).
export class Problem extends Error {
  constructor(status, members) {
    super(members.detail || members.title || "HTTP status " + status);
    this.status = status;
    this.code = members.code || "";
    this.members = members;
  }
}

export const events = new EventTarget(); // "unauthenticated", "token"

// For this tab only; gone when it is closed.
export const token = () => sessionStorage.getItem(storage) || "";
export function setToken(text) {
  if (text) sessionStorage.setItem(storage, text);
  else sessionStorage.removeItem(storage);
  events.dispatchEvent(new Event("token"));
}

// What may stand in a header and in the name of a subprotocol.
export const isToken = (text) => /^[A-Za-z0-9_.~+-]+$/.test(text);

// Subprotocols are the only thing a page can send along with a WebSocket's request.
export const protocols = () => ["kvs.v1", ...(token() ? ["kvs.bearer." + token()] : [])];

async function problemOf(response) {
  const text = await response.text();
  try {
    return new Problem(response.status, JSON.parse(text));
  } catch {
    return new Problem(response.status, { detail: text.trim() });
  }
}

// The Response of a success, else throws a Problem.
export async function request(method, target, { headers = {}, body, timeout = 15000 } = {}) {
  const all = { ...headers };
  const sent = token();
  if (sent) all.Authorization = "Bearer " + sent;
  let response;
  try {
    response = await fetch(target, { method, headers: all, body, cache: "no-store", signal: AbortSignal.timeout(timeout) });
  } catch {
    throw new Problem(0, { detail: "The server does not answer." });
  }
  if (response.ok) return response;
  if (response.status !== 401) throw await problemOf(response);
  if (sent === token()) events.dispatchEvent(new Event("unauthenticated"));
  // Its own words are for programs.
  throw new Problem(401, { code: "unauthenticated", detail: sent ? "The server does not know this token." : "The server wants a token." });
}

async function json(method, target, options) {
  const response = await request(method, target, options);
  try {
    return await response.json();
  } catch {
    throw new Problem(0, { detail: "The answer ended in the middle." });
  }
}

const ifMatch = (revision) => ({ "If-Match": `"${revision}"` });
const item = (id) => "/v1/kv/" + id;

export const status = () => json("GET", "/v1/status", { timeout: 5000 });
let metricsFor = null; // the token that may not read them

// The text of /metrics; null if that is not for us, which is asked once a token.
export async function metrics() {
  if (metricsFor === token()) return null;
  try {
    return await (await request("GET", "/metrics", { timeout: 5000 })).text();
  } catch (error) {
    if (error.status === 403) metricsFor = token();
    if (error.status) return null;
    throw error;
  }
}

export const record = (id) => json("GET", item(id) + "?record=1");
export const history = (id) => json("GET", "/v1/history/" + id + "?limit=30");
export const list = (target) => json("GET", target);

// Why the server refuses a watch, which browsers do not tell of a WebSocket; null if it does not.
export async function refusal(since) {
  try {
    await request("GET", `/v1/watch?wait=1ms&since=${since}`);
    return null;
  } catch (error) {
    return error.status ? error : null;
  }
}

// `revision`: what the key must be at, 0 = must not be there. `body`: a string, bytes or a file.
export function put(id, body, { revision, ttl, contentType }) {
  const headers = revision ? ifMatch(revision) : { "If-None-Match": "*" };
  // Of a string or a file fetch() would make up a type of its own.
  const bytes = new Blob([body], { type: contentType || "" });
  if (contentType) headers["Content-Type"] = contentType;
  return json("PUT", item(id) + (ttl ? "?ttl=" + encodeURIComponent(ttl) : ""), { headers, body: bytes, timeout: 60000 });
}

export const remove = (id, revision) => json("DELETE", item(id), { headers: ifMatch(revision) });
