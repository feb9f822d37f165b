// Messages that keep themselves up to date stay in sight above the conversation: a line each, pressed open for the rest.
import { buttonsOf, drawMode, icon, make, rich, rowsOf, TONE_WORD, unseen } from "/static/bubbles.js";
import { say } from "/static/words.js";

export class Pinned {
  #shelf;
  #lines = new Map(); // message id -> <details>

  constructor(shelf) {
    this.#shelf = shelf;
  }

  /** Draws a message that stays, takes away one that has ended, and leaves every other alone. */
  show(message) {
    if (!message.pinned) return this.#drop(message.id);
    const line = this.#lines.get(message.id) ?? this.#begin(message.id);
    const hadFocus = line.contains(document.activeElement);
    const [summary, body] = line.children;
    const word = TONE_WORD[message.tone];
    const title = make("span", { class: "words" }, word ? unseen(`${say(word)}:`) : "", rich(message.title));
    summary.className = word ? `tone-${message.tone}` : "";
    summary.replaceChildren(icon(word ? message.tone : "pin"), drawMode(make("span"), message.header), title);
    const inside = [];
    if (message.text) inside.push(make("p", { class: "text" }, rich(message.text)));
    if (message.rows.length) inside.push(rowsOf(message.rows));
    if (message.buttons.length) inside.push(buttonsOf(message.buttons));
    body.replaceChildren(...inside);
    if (hadFocus && !line.contains(document.activeElement)) summary.focus({ preventScroll: true });
  }

  /** Lets go of what the desk does not show any more. */
  keep(ids) {
    for (const id of [...this.#lines.keys()]) if (!ids.has(id)) this.#drop(id);
  }

  #begin(id) {
    const line = make("details", { "data-id": id }, make("summary"), make("div", { class: "body" }));
    this.#lines.set(id, line);
    this.#shelf.append(line);
    this.#shelf.hidden = false;
    return line;
  }

  #drop(id) {
    this.#lines.get(id)?.remove();
    this.#lines.delete(id);
    this.#shelf.hidden = this.#lines.size === 0;
  }
}
