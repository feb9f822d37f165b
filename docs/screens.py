"""Chats drawn as Telegram and Discord draw them: the messages are the product's own, only the frame is made here."""

import base64
import html
import re
from dataclasses import dataclass

# The machine that takes the pictures may have no colour emoji; these stand for the ones the desk uses.
_EMOJI = {
    "\N{TEST TUBE}": (
        '<path d="M6 2h5M7 2v12a2 2 0 0 0 4 0V2" fill="none" stroke="#cfd8e3" stroke-width="1.4"/>'
        '<path d="M7.7 8h2.6v6a1.3 1.3 0 0 1-2.6 0z" fill="#4ecb71"/>'
    ),
    "\N{FRAME WITH PICTURE}": (
        '<rect x="1.5" y="3" width="15" height="12" rx="1" fill="#d9b26b"/>'
        '<rect x="3.5" y="5" width="11" height="8" fill="#8ecdf2"/><path d="M3.5 13l4-5 3 3 2-2 2 4z" fill="#4d9a58"/>'
    ),
    "\N{WHITE HEAVY CHECK MARK}": (
        '<rect x="1" y="1" width="16" height="16" rx="3" fill="#3fae5a"/>'
        '<path d="M5 9.2l3 3 5.4-6.4" fill="none" stroke="#fff" stroke-width="2"/>'
    ),
    "\N{WARNING SIGN}": (
        '<path d="M9 1.5l8 15H1z" fill="#f4b93a"/><path d="M9 6.5v5M9 13v1.8" stroke="#3a2b00" stroke-width="1.7"/>'
    ),
    "\N{NO ENTRY}": '<circle cx="9" cy="9" r="8" fill="#d93a3a"/><path d="M4.5 9h9" stroke="#fff" stroke-width="2.6"/>',
    "\N{OCTAGONAL SIGN}": '<path d="M6 1h6l5 5v6l-5 5H6l-5-5V6z" fill="#d93a3a"/>',
}

_TELEGRAM = """
body { margin: 0; background: #0e1621; color: #f5f5f5; font: 14.5px/1.36 "DejaVu Sans", "Noto Sans KR", sans-serif;
       width: 390px; height: 844px; display: flex; flex-direction: column; overflow: hidden }
header { display: flex; align-items: center; gap: 12px; padding: 11px 14px; background: #17212b; flex: none }
header i { font: bold 17px "DejaVu Sans"; width: 38px; height: 38px; border-radius: 50%; display: grid;
           place-items: center; background: linear-gradient(#4fb4ae, #0b6b66) }
header b { display: block } header small { color: #7f91a4 }
main { flex: 1; padding: 10px 8px; display: flex; flex-direction: column; gap: 6px; overflow: hidden }
.you { align-self: flex-end; background: #2b5278; border-radius: 14px 14px 4px 14px; padding: 7px 12px }
.you a { color: #9fd0ff }
.bot { align-self: flex-start; width: 350px; flex: none }
.said { background: #182533; border-radius: 14px 14px 14px 4px; overflow: hidden }
.said p { margin: 0; padding: 7px 12px 8px; white-space: pre-wrap; overflow-wrap: anywhere }
.said img { display: block; width: calc(100% - 6px); margin: 3px 3px 0; border-radius: 12px 12px 3px 3px }
.said pre, .said code { font: 13px/1.35 "DejaVu Sans Mono", monospace; color: #8fc7f5; margin: 0 }
.row { display: flex; gap: 4px; margin-top: 4px }
.row span { flex: 1; text-align: center; background: #223446; border-radius: 8px; padding: 9px 4px; font-weight: 600;
            font-size: 13.5px }
footer { flex: none; background: #17212b; color: #6d7f8f; padding: 14px 18px; display: flex }
footer b { margin-left: auto; color: #5fa8e0 }
"""

_DISCORD = """
body { margin: 0; background: #313338; color: #dbdee1; font: 14.5px/1.4 "DejaVu Sans", sans-serif; width: 620px }
main { padding: 16px; display: flex; gap: 14px }
main > i { font: bold 17px "DejaVu Sans"; width: 40px; height: 40px; border-radius: 50%; display: grid; flex: none;
           place-items: center; color: #fff; background: linear-gradient(#4fb4ae, #0b6b66) }
.asked { color: #949ba4; font-size: 13px; margin-bottom: 2px } .asked b { color: #a5b4f5; font-weight: 500 }
.name b { color: #f2f3f5 } .name span { background: #5865f2; color: #fff; font-size: 10px; border-radius: 3px;
           padding: 1px 5px; margin-left: 5px; vertical-align: 2px }
.embed { background: #2b2d31; border-left: 4px solid; border-radius: 4px; padding: 10px 16px 14px; margin-top: 6px;
         max-width: 460px }
.embed small { color: #f2f3f5; font-weight: 600; font-size: 12.5px } .embed h1 { font-size: 15.5px; margin: 6px 0 }
.embed p { margin: 0; white-space: pre-wrap } .embed img { width: 100%; border-radius: 4px; margin-top: 12px }
.embed pre, .embed code { font: 13px/1.35 "DejaVu Sans Mono", monospace; background: #1e1f22; border-radius: 4px;
         padding: 1px 3px } .sub { font-size: 12px; color: #949ba4 }
.row { display: flex; gap: 8px; margin-top: 8px }
.row span { background: #4e5058; color: #fff; border-radius: 4px; padding: 7px 15px; font-size: 13.5px }
.row .k1 { background: #5865f2 } .row .k3 { background: #248046 } .row .k4 { background: #da373c }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """One message of the bot: markup that a browser reads, and what hangs on it."""

    body: str
    image: bytes = b""
    rows: tuple[tuple[str, ...], ...] = ()


def telegram(line: str, bubbles: list[Bubble]) -> str:
    """A page of 390 x 844: what was typed, and under it the answer."""
    said = "".join(map(_bubble, bubbles))
    return _page(
        _TELEGRAM,
        "<header><i>T</i><div><b>Tradewind</b><small>bot</small></div></header>"
        f'<main><div class="you"><a>{html.escape(line)}</a></div>{said}</main>'
        "<footer>Message<b>\N{BLACK RIGHT-POINTING TRIANGLE}</b></footer>",
    )


def discord(
    who: str, line: str, embeds: list[dict], images: list[bytes], rows: list[list[tuple[str, int]]]
) -> str:
    """A page with the answer to a slash command; the height is whatever it needs."""
    shown = "".join(_embed(embed, images if n == len(embeds) else []) for n, embed in enumerate(embeds, 1))
    name, _, words = line.lstrip("/").partition(" ")
    asked = (
        f'<div class="asked">{html.escape(who)} used <b>/{html.escape(name)}</b> {html.escape(words)}</div>'
    )
    buttons = "".join(
        '<div class="row">'
        + "".join(f'<span class="k{style}">{html.escape(label)}</span>' for label, style in row)
        + "</div>"
        for row in rows
    )
    head = '<div class="name"><b>Tradewind</b><span>APP</span></div>'
    return _page(_DISCORD, f"<main><i>T</i><div>{asked}{head}{shown}{buttons}</div></main>")


def _page(style: str, body: str) -> str:
    for sign, drawing in _EMOJI.items():
        drawn = f'<svg viewBox="0 0 18 18" width="17" height="17" style="vertical-align:-3px">{drawing}</svg>'
        body = body.replace(f"{sign}\N{VARIATION SELECTOR-16}", drawn).replace(sign, drawn)
    return f'<!doctype html><meta charset="utf-8"><style>* {{ box-sizing: border-box }}{style}</style>{body}'


def _image(content: bytes) -> str:
    return f'<img src="data:image/png;base64,{base64.b64encode(content).decode()}">' if content else ""


def _bubble(bubble: Bubble) -> str:
    buttons = "".join(
        '<div class="row">' + "".join(f"<span>{html.escape(label)}</span>" for label in row) + "</div>"
        for row in bubble.rows
    )
    words = f"<p>{bubble.body.strip()}</p>" if bubble.body.strip() else ""
    return f'<div class="bot"><div class="said">{_image(bubble.image)}{words}</div>{buttons}</div>'


def _embed(embed: dict, images: list[bytes]) -> str:
    author = html.escape((embed.get("author") or {}).get("name", ""))
    title = f"<h1>{_marked(embed['title'])}</h1>" if embed.get("title") else ""
    words = f"<p>{_marked(embed.get('description') or '')}</p>"
    shown = "".join(map(_image, images))
    colour = f"#{embed.get('color') or 0:06x}"
    return (
        f'<div class="embed" style="border-color:{colour}"><small>{author}</small>{title}{words}{shown}</div>'
    )


def _marked(text: str) -> str:
    """Discord's markup, as far as the desk writes it, in HTML."""
    text = html.escape(text, quote=False)
    text = re.sub(r"^-# (.*)$", r'<span class="sub">\1</span>', text, flags=re.MULTILINE)
    text = re.sub(r"```(?:\w*\n)?(.*?)```", r"<pre>\1</pre>", text, flags=re.DOTALL)
    text = re.sub(r"(?<!\\)\*\*(.+?)(?<!\\)\*\*", r"<b>\1</b>", text)
    text = re.sub(r"(?<!\\)\*(.+?)(?<!\\)\*", r"<i>\1</i>", text)
    text = re.sub(r"(?<!\\)`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\\([^\w\s])", r"\1", text)
