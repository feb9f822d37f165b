// The line at the bottom: sending, what was sent before, and what could be meant.
import { language, say } from "/static/words.js";
import { make } from "/static/bubbles.js";

const MOST = 8; // suggestions at a time
const PATIENCE = 80; // milliseconds of rest before values are asked for

export class Composer {
  /** send: gets each line that is sent. */
  constructor({ form, field, list, send }) {
    Object.assign(this, { form, field, list, send });
    this.commands = [];
    this.sent = [];
    this.place = 0; // in `sent`; its length stands for the line being written
    this.draft = "";
    this.offers = [];
    this.chosen = -1;
    this.asked = 0;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    field.addEventListener("input", () => this.offer());
    field.addEventListener("keydown", (event) => this.key(event));
    field.addEventListener("blur", () => this.close());
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the field keeps its focus
      const option = event.target.closest("[role=option]");
      if (option) this.accept(Number(option.dataset.index));
    });
  }

  remember(line) {
    if (this.sent.at(-1) !== line) this.sent.push(line);
    this.place = this.sent.length;
  }

  fill(text) {
    this.field.value = `${text} `;
    this.field.focus();
    this.offer();
  }

  submit() {
    const line = this.field.value.trim();
    if (!line) return;
    this.field.value = "";
    this.close();
    this.remember(line);
    this.send(line);
  }

  key(event) {
    if (event.isComposing) return; // a Korean syllable is being put together: its keys are not ours
    const isOpen = this.offers.length > 0;
    const handlers = {
      Enter: () => isOpen && this.chosen >= 0 && this.accept(this.chosen),
      Tab: () => isOpen && !event.shiftKey && this.accept(Math.max(this.chosen, 0)),
      Escape: () => isOpen && this.close(),
      ArrowDown: () => (isOpen ? this.choose(this.chosen + 1) : this.recall(1)),
      ArrowUp: () => (isOpen ? this.choose(Math.max(this.chosen, 0) - 1) : this.recall(-1)),
    };
    if (handlers[event.key]?.()) event.preventDefault();
  }

  /** The handlers above say whether they did something; then the browser does not. */
  recall(step) {
    const place = this.place + step;
    if (place < 0 || place > this.sent.length) return false;
    if (this.place === this.sent.length) this.draft = this.field.value;
    this.place = place;
    this.field.value = place === this.sent.length ? this.draft : this.sent[place];
    this.close();
    return true;
  }

  async offer() {
    this.place = this.sent.length;
    const turn = ++this.asked;
    const offers = await this.find(this.field.value, () => turn === this.asked);
    if (turn === this.asked && document.activeElement === this.field) this.show(offers);
  }

  /** Possible words for the end of `text`: each with what it is and the whole line it would make. */
  async find(text, isWanted) {
    const words = text.replace(/^\s+/, "").split(/\s+/);
    const typed = words.at(-1);
    if (words.length === 1) return typed ? this.commandsLike(typed) : [];
    const command = this.commands.find((known) => known.name === words[0].replace(/^\//, "").toLowerCase());
    if (!command) return [];
    const before = text.slice(0, text.length - typed.length);
    const made = (value, help) => ({ text: value, help, line: `${before}${value} ` });
    if (typed.startsWith("--")) {
      return command.parameters.filter((word) => word.option && `--${word.name}`.startsWith(typed))
        .map((word) => made(`--${word.name}`, word.help));
    }
    const plain = words.slice(1, -1).filter((word) => !word.startsWith("--") && !word.includes("="));
    const parameter = command.parameters.filter((word) => !word.option)[plain.length];
    if (!parameter) return [];
    const values = await this.valuesOf(parameter, typed, isWanted);
    return values.filter((value) => value.toLowerCase() !== typed.toLowerCase())
      .filter((value) => value.toLowerCase().includes(typed.toLowerCase()))
      .map((value) => made(value, parameter.help));
  }

  commandsLike(typed) {
    const name = typed.replace(/^\//, "").toLowerCase();
    return this.commands.filter((command) => command.name.startsWith(name) && command.name !== name)
      .map((command) => ({ text: `/${command.name}`, help: command.help, line: `/${command.name} ` }));
  }

  async valuesOf(parameter, typed, isWanted) {
    if (parameter.choices.length) return parameter.choices;
    if (!parameter.source) return [];
    await new Promise((rested) => setTimeout(rested, PATIENCE));
    if (!isWanted()) return [];
    try {
      const answer = await fetch(`/api/suggest?${new URLSearchParams({ source: parameter.source, typed })}`);
      return answer.ok ? await answer.json() : [];
    } catch {
      return []; // without the desk there is nothing to suggest
    }
  }

  show(offers) {
    this.offers = offers.slice(0, MOST);
    this.chosen = -1;
    const options = this.offers.map(({ text, help }, index) =>
      make("li", { role: "option", id: `offer-${index}`, "data-index": index, "aria-selected": "false", lang: language },
        make("span", { class: "offer" }, text), make("span", { class: "help" }, help)));
    this.list.replaceChildren(...options);
    this.list.hidden = options.length === 0;
    this.field.setAttribute("aria-expanded", String(options.length > 0));
    this.field.removeAttribute("aria-activedescendant");
  }

  close() {
    this.asked += 1;
    this.show([]);
    return true;
  }

  choose(index) {
    this.chosen = (index + this.offers.length) % this.offers.length;
    for (const [place, option] of [...this.list.children].entries()) {
      option.setAttribute("aria-selected", String(place === this.chosen));
    }
    this.list.children[this.chosen].scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", `offer-${this.chosen}`);
    return true;
  }

  accept(index) {
    this.field.value = this.offers[index].line;
    this.offer();
    return true;
  }
}
