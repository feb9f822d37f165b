// One WebSocket that comes back by itself, and the lines that wait for it.

const FIRST_PAUSE = 0.5; // seconds; doubles up to the longest
const LONGEST_PAUSE = 10;
const SILENCE = 45; // the desk pings every 20 s: longer silence means the line is dead though nobody said so

export class Connection {
  /** hear: gets every event of the desk. change: gets "connected", "connecting" or "offline" with the seconds left. */
  constructor({ hear, change }) {
    this.hear = hear;
    this.change = change;
    this.pause = FIRST_PAUSE;
    this.timer = null;
    this.watch = null;
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.hurry());
  }

  /** Whether the desk has greeted us on the socket we have: only then do lines go out. */
  get isReady() {
    return this.greeted && this.socket?.readyState === WebSocket.OPEN;
  }

  open() {
    clearTimeout(this.timer);
    this.timer = null;
    this.change("connecting");
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    this.socket = socket;
    this.greeted = false;
    socket.addEventListener("message", (message) => {
      if (socket !== this.socket) return;
      this.expectMore();
      const event = JSON.parse(message.data);
      if (event.event === "hello") {
        this.pause = FIRST_PAUSE;
        this.greeted = true;
        this.change("connected");
      }
      this.hear(event);
    });
    socket.addEventListener("close", () => {
      if (socket === this.socket) this.lost();
    });
    this.expectMore();
  }

  send(frame) {
    this.socket.send(JSON.stringify(frame));
  }

  /** Try now instead of later. */
  hurry() {
    if (this.timer !== null) this.open();
  }

  expectMore() {
    clearTimeout(this.watch);
    const socket = this.socket;
    this.watch = setTimeout(() => {
      if (socket !== this.socket) return;
      socket.close();
      this.lost();
    }, SILENCE * 1000);
  }

  async lost() {
    this.socket = null;
    clearTimeout(this.watch);
    if (await isSignedOut()) {
      location.reload();
      return;
    }
    if (this.socket || this.timer !== null) return;
    const pause = this.pause * (0.75 + Math.random() / 2);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
    this.change("offline", Math.ceil(pause));
    this.timer = setTimeout(() => this.open(), pause * 1000);
  }
}

/** Whether the desk answers and does not know us any more. When it does not answer, nobody knows. */
async function isSignedOut() {
  try {
    return (await fetch("/api/me")).status === 401;
  } catch {
    return false;
  }
}

/** Lines on their way. Each is sent again after a lost connection, under the same id, so that it counts once. */
export class Outbox {
  constructor({ connection, changed }) {
    this.connection = connection;
    this.changed = changed; // called with a line and its state: queued, sent, slow, taken, or gone
    this.lines = new Map();
  }

  put({ line, pressed = false, on = null }) {
    const id = crypto.getRandomValues(new Uint32Array(4)).reduce((text, part) => text + part.toString(36), "");
    const item = { id, line, pressed, on, at: performance.now(), state: "queued" };
    this.lines.set(id, item);
    if (this.connection.isReady) this.send(item);
    else this.move(item, "queued");
    return item;
  }

  discard(id) {
    const item = this.lines.get(id);
    if (!item) return;
    this.lines.delete(id);
    this.move(item, "gone");
  }

  resendAll() {
    for (const item of this.lines.values()) this.send(item);
  }

  waitAll() {
    for (const item of this.lines.values()) if (item.state !== "taken") this.move(item, "queued");
  }

  taken(id) {
    const item = this.lines.get(id);
    if (item) this.move(item, "taken");
  }

  slow(id, seconds) {
    const item = this.lines.get(id);
    if (!item) return;
    this.move(item, "slow");
    setTimeout(() => this.connection.isReady && this.lines.has(id) && this.send(item), seconds * 1000 + 50);
  }

  /** The line has had all its replies; returns it, or nothing when another page sent it. */
  over(id) {
    const item = this.lines.get(id);
    this.lines.delete(id);
    if (item) this.move(item, "gone");
    return item;
  }

  send(item) {
    const { id, line, pressed, on } = item;
    this.connection.send({ id, line, pressed, on, age: (performance.now() - item.at) / 1000 });
    if (item.state !== "taken") this.move(item, "sent");
  }

  move(item, state) {
    item.state = state;
    this.changed(item, state);
  }
}
