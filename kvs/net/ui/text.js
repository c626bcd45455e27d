// Bytes, keys, values, times and sizes as people read them.

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export const bytesOf = (text) => encoder.encode(text);

// null if the bytes are no UTF-8.
export function textOf(bytes) {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

export const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

// The page's name for a key: its bytes, all but the unreserved ones percent-encoded. Goes into paths, queries and
// location.hash as it is; one key has one name.
export function idOf(bytes) {
  let id = "";
  for (const byte of bytes) {
    const c = String.fromCharCode(byte);
    id += /[A-Za-z0-9_.~-]/.test(c) ? c : "%" + byte.toString(16).toUpperCase().padStart(2, "0");
  }
  return id;
}

// Of anything with `name` or `name_base64`, as records and events have them.
export function memberBytes(object, name) {
  if (object[name] !== undefined) return bytesOf(object[name]);
  return object[name + "_base64"] === undefined ? null : fromBase64(object[name + "_base64"]);
}

export const idOfKey = (object) => idOf(memberBytes(object, "key"));

export function bytesOfId(id) {
  const bytes = [];
  for (let i = 0; i < id.length; ++i) {
    if (id[i] === "%") bytes.push(parseInt(id.slice(i + 1, (i += 2) + 1), 16));
    else bytes.push(id.charCodeAt(i));
  }
  return Uint8Array.from(bytes);
}

// A key as one line: control characters and what is no UTF-8 are escaped as in C.
export function keyText(id) {
  const bytes = bytesOfId(id);
  const text = textOf(bytes);
  if (text === null) return Array.from(bytes, (byte) => (byte > 0x20 && byte < 0x7f && byte !== 0x5c ? String.fromCharCode(byte) : hexByte(byte))).join("");
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (c) =>
    c === "\n" ? "\\n" : c === "\t" ? "\\t" : c.charCodeAt(0) < 0x100 ? hexByte(c.charCodeAt(0)) : "\\u" + c.charCodeAt(0).toString(16));
}

const hexByte = (byte) => "\\x" + byte.toString(16).padStart(2, "0");

// Browsers take such path segments away, however they are written.
export const isAddressable = (id) => id !== "." && id !== "..";

// Characters that no text has: a value with them is shown as bytes first.
export const isControlled = (text) => /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text);

// The first characters of a value on one line.
export function preview(bytes, most = 120) {
  const cut = bytes.subarray(0, most * 4);
  const text = textOf(bytes.length > cut.length ? trimmed(cut) : cut);
  if (text === null || isControlled(text)) return size(bytes.length) + " of binary data";
  const line = text.replace(/\s+/g, " ");
  return line.length > most ? line.slice(0, most) + "…" : line + (cut.length < bytes.length ? "…" : "");
}

// Without a character that a cut left incomplete.
function trimmed(bytes) {
  let end = bytes.length;
  while (end > 0 && bytes.length - end < 4 && (bytes[end - 1] & 0xc0) === 0x80) --end;
  return bytes.subarray(0, Math.max(0, end - 1));
}

export function isJson(text) {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

// Sets valid JSON out in lines. Works on the text, not on what it means: numbers keep their digits, and of members of
// one name all stay.
export function indentJson(text) {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let out = "";
  let depth = 0;
  const line = () => "\n" + "  ".repeat(depth);
  tokens.forEach((token, i) => {
    if (token === "{" || token === "[") {
      const empty = tokens[i + 1] === "}" || tokens[i + 1] === "]";
      ++depth;
      out += token + (empty ? "" : line());
    } else if (token === "}" || token === "]") {
      --depth;
      out += (tokens[i - 1] === "{" || tokens[i - 1] === "[" ? "" : line()) + token;
    } else if (token === ",") out += "," + line();
    else out += token === ":" ? ": " : token;
  });
  return out;
}

// offset, sixteen bytes in two groups, the same as ASCII
export function hexDump(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = Array.from(bytes.subarray(at, at + 16));
    const hex = row.map((byte, i) => (i === 8 ? " " : "") + byte.toString(16).padStart(2, "0")).join(" ");
    const ascii = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
    lines.push(at.toString(16).padStart(8, "0") + "  " + hex.padEnd(48) + "  " + ascii);
  }
  return lines.join("\n");
}

export const number = (value) => value.toLocaleString("en");
export const plural = (count, one, many = one + "s") => number(count) + " " + (count === 1 ? one : many);

export function size(bytes) {
  if (bytes < 1024) return bytes + " B";
  const [amount, unit] = bytes < 1024 ** 2 ? [bytes / 1024, "KiB"] : bytes < 1024 ** 3 ? [bytes / 1024 ** 2, "MiB"] : [bytes / 1024 ** 3, "GiB"];
  return (amount < 10 ? amount.toFixed(1) : Math.round(amount)) + " " + unit;
}

// 90061 -> "1d1h": the two largest units, as the server reads durations.
export function duration(seconds) {
  const units = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
  let left = Math.max(0, Math.ceil(seconds));
  const first = units.findIndex(([, length]) => left >= length);
  if (first < 0) return "0s";
  return units.slice(first, first + 2).map(([unit, length]) => {
    const count = Math.floor(left / length);
    left -= count * length;
    return count ? count + unit : "";
  }).join("");
}

const two = (value) => String(value).padStart(2, "0");
export function clock(time) {
  const date = new Date(time);
  return two(date.getHours()) + ":" + two(date.getMinutes()) + ":" + two(date.getSeconds());
}

// The clock of today, day and clock of this year, else the day.
export function moment(time) {
  const date = new Date(time);
  const now = new Date();
  if (date.toDateString() === now.toDateString()) return clock(time);
  const month = date.toLocaleString("en", { month: "short" });
  if (date.getFullYear() === now.getFullYear()) return `${date.getDate()} ${month} ${clock(time).slice(0, 5)}`;
  return `${date.getDate()} ${month} ${date.getFullYear()}`;
}
