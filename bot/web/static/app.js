// The chat page: what the desk tells becomes bubbles, what the person does becomes lines.
import { drawLine, drawMode, drawReply, make, setZone } from "/static/bubbles.js";
import { Composer } from "/static/composer.js";
import { Connection, Outbox } from "/static/connection.js";
import { Pinned } from "/static/pinned.js";
import { say, translate } from "/static/words.js";

const KEPT_BUBBLES = 400; // the desk keeps 200; a page that stays open shows somewhat more
const WORKING_AFTER = 400; // milliseconds without an answer

const find = (id) => document.getElementById(id);
const [log, scroller, state, stateWords, mode] = ["log", "scroller", "state", "state-words", "mode"].map(find);

const bubbles = new Map(); // message id -> { node, message }
const unread = { count: 0 };
let commands = new Set();
let epoch = null;

// --- the log ----------------------------------------------------------------------------------------------

let follows = true; // whether the person looks at the end, and so wants to stay there

function isAtEnd() {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
}

function toEnd() {
  follows = true;
  scroller.scrollTop = scroller.scrollHeight;
  find("newer").hidden = true;
}

function place(id, draw) {
  const known = bubbles.get(id);
  const node = known ?? make("article", { tabindex: "-1", "data-id": id });
  const hadFocus = node.contains(document.activeElement);
  draw(node);
  if (!known) {
    if (log.getAttribute("aria-live") === "polite") node.dataset.fresh = "";
    bubbles.set(id, node);
    log.append(node);
    while (bubbles.size > KEPT_BUBBLES) {
      const [oldest, gone] = bubbles.entries().next().value;
      gone.remove();
      bubbles.delete(oldest);
    }
  }
  if (hadFocus && !node.contains(document.activeElement)) node.focus({ preventScroll: true });
  if (follows) toEnd();
  else if (!known) find("newer").hidden = false;
}

function show(message) {
  if (message.who === "you") {
    outbox.taken(message.id.slice("you-".length));
    place(message.id, (node) => drawLine(node, message));
    return;
  }
  done(message.reply_to);
  const isNew = !bubbles.has(message.id);
  place(message.id, (node) => drawReply(node, message, commands));
  pinned.show(message);
  if (message.header && message.reply_to) showMode(message.header); // a notice may be another account's
  if (isNew && document.visibilityState === "hidden") countUnread(unread.count + 1);
}

function showMode(header) {
  drawMode(mode, header);
  mode.hidden = header === "";
}

function countUnread(count) {
  unread.count = count;
  document.title = count ? `(${count}) ${say("title")}` : say("title");
}

function note(words) {
  place(`note-${performance.now()}`, (node) => {
    node.className = "said note-line";
    node.replaceChildren(make("p", {}, words));
  });
}

// --- lines and their answers ------------------------------------------------------------------------------

const working = new Map(); // line id -> the timer or bubble that says "working"
const pressed = new Map(); // line id -> the button that was pressed

function work(item) {
  if (working.has(item.id) || pressed.has(item.id)) return;
  const timer = setTimeout(() => {
    const dots = make("span", { class: "dots", "aria-hidden": "true" }, make("i"), make("i"), make("i"));
    const node = make("div", { class: "working" }, dots, make("span", { class: "unseen" }, say("working")));
    working.set(item.id, { node });
    log.append(node);
    if (follows) toEnd();
  }, WORKING_AFTER);
  working.set(item.id, { timer });
}

function done(id) {
  const sign = working.get(id);
  clearTimeout(sign?.timer);
  sign?.node?.remove();
  working.delete(id);
  const button = pressed.get(id);
  button?.removeAttribute("aria-disabled");
  button?.classList.remove("busy");
  pressed.delete(id);
}

function moved(item, newState) {
  if (newState === "gone") done(item.id);
  if (newState === "taken") work(item);
  if (item.pressed) return;
  const id = `you-${item.id}`;
  if (newState === "taken") item.wasTaken = true;
  else if (newState !== "gone") place(id, (node) => drawLine(node, { ...item, state: newState }));
  else if (!item.wasTaken) {
    bubbles.get(id)?.remove();
    bubbles.delete(id);
  }
}

function type(line) {
  outbox.put({ line });
  toEnd();
}

function press(button) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  button.classList.add("busy");
  const item = outbox.put({ line: button.dataset.line, pressed: true, on: button.closest("article").dataset.id });
  pressed.set(item.id, button);
}

// --- what the desk tells ----------------------------------------------------------------------------------

const told = {
  hello(event) {
    setZone(event.person.zone);
    if (event.header) showMode(event.header);
    const isFirst = epoch === null;
    epoch = event.epoch;
    if (!isFirst) learnCommands();
    log.setAttribute("aria-live", "off");
    pinned.keep(new Set(event.messages.map((message) => message.id)));
    for (const message of event.messages.sort((a, b) => a.order - b.order)) {
      if (message.who === "you" && isFirst) composer.remember(message.line);
      show(message);
    }
    if (isFirst) toEnd();
    setTimeout(() => log.setAttribute("aria-live", "polite"), 100);
    outbox.resendAll();
    if (isFirst && event.messages.length === 0) outbox.put({ line: "/start", pressed: true });
  },
  message: (event) => show(event.message),
  taken: (event) => outbox.taken(event.id),
  wait: (event) => outbox.slow(event.id, event.seconds),
  refused: (event) => note(say("toolong", { longest: event.longest })),
  over(event) {
    const item = outbox.over(event.id);
    if (item && /^\/?language\s+\S/.test(item.line)) location.reload(); // the page's own words change with it
    if (!item || event.replies > 0) return;
    for (const bubble of log.querySelectorAll(`[aria-busy="true"][data-reply-to="${event.id}"]`)) {
      bubble.setAttribute("aria-busy", "false");
      bubble.querySelector(".progress").remove();
    }
    note(say("lost"));
  },
  ping() {},
};

async function learnCommands() {
  try {
    const answer = await fetch("/api/commands");
    if (!answer.ok) return;
    composer.commands = await answer.json();
  } catch {
    return; // no desk, no commands; the next hello asks again
  }
  commands = new Set(composer.commands.map((command) => command.name));
  for (const chip of document.querySelectorAll(".quick [data-line]")) chip.hidden = !commands.has(chip.dataset.line.slice(1));
}

function showState(name, seconds) {
  state.dataset.state = name;
  stateWords.textContent = name === "offline" && seconds > 1 ? say("again", { seconds }) : say(name);
  if (name !== "connected") outbox.waitAll();
}

// --- the controls -----------------------------------------------------------------------------------------

function showTheme() {
  const theme = document.documentElement.dataset.theme ?? "auto";
  find("theme").setAttribute("aria-label", say(`theme.${theme}`));
  find("theme").title = say(`theme.${theme}`);
  find("theme").querySelector("use").setAttribute("href", `#i-${theme}`);
}

function nextTheme() {
  const order = ["auto", "light", "dark"];
  const now = document.documentElement.dataset.theme ?? "auto";
  const next = order[(order.indexOf(now) + 1) % order.length];
  if (next === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
  showTheme();
}

function enlarge(button) {
  const picture = button.querySelector("img");
  find("viewer-picture").src = picture.src;
  find("viewer-picture").alt = picture.alt;
  find("viewer-words").textContent = picture.alt;
  find("viewer").showModal();
}

async function leave() {
  try {
    await fetch("/leave", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
    location.replace("/");
  } catch {
    note(say("offline"));
  }
}

const connection = new Connection({ hear: (event) => told[event.event]?.(event), change: showState });
const outbox = new Outbox({ connection, changed: moved });
const pinned = new Pinned(find("pinned"));
const composer = new Composer({ form: find("composer"), field: find("line"), list: find("suggestions"), send: type });

translate();
showTheme();
find("theme").addEventListener("click", nextTheme);
find("leave").title = say("leave");
find("leave").addEventListener("click", leave);
find("newer").addEventListener("click", toEnd);
find("viewer-close").addEventListener("click", () => find("viewer").close());
find("viewer").addEventListener("click", (event) => event.target === find("viewer") && find("viewer").close());
scroller.addEventListener("scroll", () => {
  follows = isAtEnd();
  if (follows) find("newer").hidden = true;
}, { passive: true });
log.addEventListener("click", (event) => {
  const target = event.target.closest("button");
  if (!target) return;
  if (target.dataset.line) press(target);
  else if (target.dataset.fill) composer.fill(target.dataset.fill);
  else if (target.dataset.discard) outbox.discard(target.dataset.discard);
  else if (target.classList.contains("picture")) enlarge(target);
});
for (const controls of [document.querySelector(".quick"), find("pinned")]) {
  controls.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-line]");
    if (chip) type(chip.dataset.line);
  });
}
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && countUnread(0));
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, dialog[open]");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    find("line").focus();
    if (!find("line").value) find("line").value = "/";
    composer.offer();
  }
});
const keepEnd = new ResizeObserver(() => follows && toEnd());
keepEnd.observe(log);
keepEnd.observe(scroller);
if (matchMedia("(pointer: fine)").matches) find("line").focus();
learnCommands().finally(() => connection.open());
