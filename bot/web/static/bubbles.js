// Draws messages. Everything from the desk is set as text, never as markup.
import { language, say } from "/static/words.js";

const SIGNED = /(^|[\s(])([+\-−](?:[₩$€£¥]\s?)?\d[\d,.]*(?:\s?%)?)/g;
const COMMAND = /(^|[\s("'])(\/[a-z][a-z0-9-]*)/g;
export const TONE_WORD = { good: "tone.good", warning: "tone.warning", danger: "tone.danger" };

let zone = "UTC";

export function setZone(name) {
  zone = name;
}

export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== ""));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

export function unseen(words) {
  return make("span", { class: "unseen" }, `${words} `);
}

/** Writes mode and account ("🧪 PAPER · main") into a label. Its shape and sign say how serious the money is. */
export function drawMode(label, header) {
  const stake = /\b(LIVE|CANARY|PAPER|SHADOW)\b/.exec(header.toUpperCase())?.[1].toLowerCase() ?? "paper";
  const words = header.replace(/^[^\p{L}\p{N}]+/u, ""); // not every machine can draw the emoji: ours is drawn here
  label.className = `mode ${stake}`;
  label.replaceChildren(icon(stake), make("span", {}, words));
  return label;
}

function clock(at) {
  const when = new Date(at);
  const options = { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const day = { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" };
  const isToday = when.toLocaleDateString("en-CA", day) === new Date().toLocaleDateString("en-CA", day);
  const shown = isToday ? options : { ...options, month: "short", day: "numeric" };
  return make("time", { datetime: at, title: `${when.toLocaleString(language, { timeZone: zone })} (${zone})` },
    when.toLocaleString(language, shown));
}

/** Whether a number is an end of `-1 ... 1`, which says where something may lie and not how it changed. */
function inRange(text, match) {
  const [before, after] = [text.slice(0, match.index), text.slice(match.index + match[0].length)];
  return match[2].includes("...") || /\.{3}$/.test(before) || /^\s*\.{3}/.test(after);
}

/** Text with its signed numbers coloured and its commands made pressable. */
export function rich(text, { commands = null } = {}) {
  const parts = document.createDocumentFragment();
  let from = 0;
  const found = [
    ...[...text.matchAll(SIGNED)].filter((match) => !inRange(text, match)).map((match) => ({ match, kind: "number" })),
    ...(commands ? [...text.matchAll(COMMAND)].map((match) => ({ match, kind: "command" })) : []),
  ].sort((a, b) => a.match.index - b.match.index);
  for (const { match, kind } of found) {
    const start = match.index + match[1].length;
    const word = match[2];
    if (start < from || (kind === "command" && !commands.has(word.slice(1)))) continue;
    const before = text.slice(from, start);
    parts.append(kind === "number" ? before.replace(/[▲▼•]\s*$/u, "") : before); // the page draws its own triangles
    if (kind === "command") parts.append(make("button", { type: "button", class: "typed", "data-fill": word }, word));
    else parts.append(make("span", { class: word.startsWith("+") ? "up" : "down" }, word));
    from = start + word.length;
  }
  parts.append(text.slice(from));
  return parts;
}

export function rowsOf(rows) {
  const list = make("ul", { class: "rows" });
  for (const { label, value, detail } of rows) {
    const first = make("div", { class: "first" }, make("span", { class: "label" }, label));
    if (value) first.append(make("span", { class: "value" }, rich(value)));
    list.append(make("li", {}, first, detail ? make("div", { class: "detail" }, rich(detail)) : ""));
  }
  return list;
}

function pictureOf(image) {
  const picture = make("img", { src: image.url, alt: image.alt, width: image.width, height: image.height, decoding: "async" });
  const button = make("button", { type: "button", class: "picture", "aria-label": say("enlarge", { alt: image.alt }) }, picture);
  picture.addEventListener("error", () => button.replaceWith(make("p", { class: "gone" }, say("gone", { alt: image.alt }))));
  return button;
}

function fileOf(file) {
  const size = file.size < 1024 ? `${file.size} B` : `${Math.ceil(file.size / 1024)} KB`;
  return make("a", { class: "file", href: file.url, download: file.name }, icon("file"), say("file", { name: file.name, size }));
}

export function buttonsOf(rows) {
  const group = make("div", { class: "buttons" });
  for (const row of rows) {
    const line = make("div", { class: "button-row" });
    for (const { label, command, danger } of row) {
      const button = make("button", { type: "button", class: danger ? "act danger" : "act", "data-line": command });
      if (danger) button.append(icon("danger"), unseen(say("danger")));
      button.append(make("span", {}, label));
      line.append(button);
    }
    group.append(line);
  }
  return group;
}

function titleOf(message, commands) {
  const words = message.failed && message.tone === "plain" ? "tone.failed" : TONE_WORD[message.tone];
  const title = make("h2", { class: "title" });
  if (words) title.append(icon(message.failed && message.tone === "plain" ? "warning" : message.tone), unseen(`${say(words)}:`));
  title.append(make("span", {}, rich(message.title, { commands })));
  return title;
}

function progressOf(share) {
  const percent = Math.round(Math.min(Math.max(share, 0), 1) * 100);
  return make("div", { class: "progress" },
    make("progress", { max: 100, value: percent, "aria-label": say("working") }),
    make("span", { class: "percent" }, `${percent} %`));
}

/** Fills a bubble of the desk, anew at every edit. */
export function drawReply(bubble, message, commands) {
  bubble.className = `said desk tone-${message.tone}${message.failed ? " failed" : ""}`;
  bubble.dataset.replyTo = message.reply_to;
  bubble.setAttribute("aria-busy", message.progress !== null ? "true" : "false");
  const stake = message.header ? drawMode(make("span"), message.header) : "";
  const inside = [make("div", { class: "meta" }, unseen(say("desk")), stake, clock(message.at)), titleOf(message, commands)];
  if (message.text) inside.push(make("p", { class: "text" }, rich(message.text, { commands })));
  if (message.rows.length) inside.push(rowsOf(message.rows));
  if (message.progress !== null) inside.push(progressOf(message.progress));
  inside.push(...message.images.map(pictureOf), ...message.files.map(fileOf));
  if (message.buttons.length) inside.push(buttonsOf(message.buttons));
  if (message.footer) inside.push(make("p", { class: "footer" }, message.footer));
  bubble.replaceChildren(...inside);
}

/** Fills a bubble of the person: the line, and how far it has come while it is not there yet. */
export function drawLine(bubble, { line, at, state, id }) {
  bubble.className = `said you${state && state !== "taken" ? " waiting" : ""}`;
  const inside = [unseen(say("you")), make("p", { class: "line" }, line)];
  if (state === "queued" || state === "slow") {
    const note = make("div", { class: "note" }, make("span", {}, say(state)));
    if (state === "queued") note.append(make("button", { type: "button", class: "discard", "data-discard": id }, say("discard")));
    inside.push(note);
  } else if (at) {
    inside.push(make("div", { class: "note" }, clock(at)));
  }
  bubble.replaceChildren(...inside);
}
