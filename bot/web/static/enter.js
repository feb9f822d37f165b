// The entrance: exchanges a code for a session. A link carries its code; only a page somebody looks at uses it up.
import { say, translate } from "/static/words.js";

const form = document.querySelector("form");
const code = document.querySelector("#code");
const button = document.querySelector("button");
const problem = document.querySelector("#problem");
const cameByLink = code.value !== "";

async function enter() {
  button.disabled = true;
  button.textContent = say("enter.busy");
  problem.textContent = "";
  try {
    const answer = await fetch("/enter", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ code: code.value }),
    });
    if (answer.ok) {
      location.replace("/");
      return;
    }
    problem.textContent = say(answer.status === 429 ? "enter.429" : "enter.403");
  } catch {
    problem.textContent = say("enter.failed");
  }
  document.body.classList.remove("by-link");
  document.querySelector("#how").textContent = say("enter.where");
  button.disabled = false;
  button.textContent = say("enter.open");
  code.focus();
  code.select();
}

// Telegram opens the page with what it vouches for in the address; the bot's own token signed it.
async function visit(told) {
  button.disabled = true;
  button.textContent = say("enter.busy");
  history.replaceState(null, "", "/");
  try {
    const answer = await fetch("/enter/telegram", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ init_data: told }),
    });
    if (answer.ok) {
      location.replace("/");
      return;
    }
    problem.textContent = say(answer.status === 429 ? "enter.429" : "enter.telegram");
  } catch {
    problem.textContent = say("enter.failed");
  }
  button.disabled = false;
  button.textContent = say("enter.open");
}

const fromTelegram = new URLSearchParams(location.hash.slice(1)).get("tgWebAppData");

translate();
form.addEventListener("submit", (event) => {
  event.preventDefault();
  enter();
});
if (fromTelegram) {
  visit(fromTelegram);
} else if (cameByLink) {
  document.body.classList.add("by-link");
  document.querySelector("#how").textContent = say("enter.link");
  const look = () => {
    if (document.visibilityState !== "visible") return;
    document.removeEventListener("visibilitychange", look);
    enter();
  };
  document.addEventListener("visibilitychange", look);
  look();
} else {
  code.focus();
}
