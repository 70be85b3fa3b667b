"""What the sections are made of: one look, messages in words, buttons, fields with labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any

import ipywidgets as widgets
import polars as pl

ACCENT = "#00755A"
"""Buttons and links: 5.7 to 1 against white."""

STYLE = """<style>
.ckw { --ck-accent: #00755a; --ck-error: #b3261e; --ck-note: #7a5200; --ck-line: var(--jp-border-color2, #e0e0e0);
  --ck-text: var(--jp-ui-font-color1, #1f1f1f); --ck-quiet: var(--jp-ui-font-color2, #595959);
  --ck-soft: var(--jp-layout-color2, #f5f5f5); }
[data-jp-theme-light="false"] .ckw { --ck-accent: #4fd1ac; --ck-error: #ff9d94; --ck-note: #f0c36a;
  --ck-quiet: #b8b8b8; }
.ckw-html, .ckw .widget-html-content { color: var(--ck-text); font-size: 13px; line-height: 1.45;
  font-family: var(--jp-ui-font-family, system-ui, sans-serif); }
.ckw .widget-html { margin: 0; height: auto; min-height: 0; }
.ckw .widget-html-content { line-height: 1.45; height: auto; min-height: 0; }
.ckw-section { border-top: 1px solid var(--ck-line); padding: 10px 0 12px; margin: 0; }
.ckw-title { display: flex; align-items: baseline; gap: 8px; margin: 0 0 4px; }
.ckw-title h3 { font-size: 15px; font-weight: 600; margin: 0; color: var(--ck-text); }
.ckw-title span { color: var(--ck-quiet); font-size: 12.5px; }
.ckw-quiet { color: var(--ck-quiet); font-size: 12.5px; }
.ckw-error { color: var(--ck-error); border-left: 3px solid var(--ck-error); padding: 2px 0 2px 9px; margin: 4px 0;
  white-space: pre-wrap; overflow-wrap: anywhere; max-width: 110ch; }
.ckw-note { color: var(--ck-note); border-left: 3px solid var(--ck-note); padding: 2px 0 2px 9px; margin: 4px 0;
  white-space: pre-wrap; overflow-wrap: anywhere; max-width: 110ch; }
.ckw-done { color: var(--ck-text); border-left: 3px solid var(--ck-accent); padding: 2px 0 2px 9px; margin: 4px 0;
  white-space: pre-wrap; overflow-wrap: anywhere; max-width: 110ch; }
.ckw a { color: var(--ck-accent); text-decoration: underline; }
.ckw table.ckw-money { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 2px 0 6px; }
.ckw table.ckw-money th { font-weight: 500; color: var(--ck-quiet); text-align: right; padding: 2px 16px 2px 0;
  font-size: 12.5px; vertical-align: bottom; }
.ckw table.ckw-money td { text-align: right; padding: 5px 16px 5px 0; border-top: 1px solid var(--ck-line);
  white-space: nowrap; vertical-align: top; }
.ckw table.ckw-money td:first-child, .ckw table.ckw-money th:first-child { text-align: left; }
.ckw table.ckw-money b { font-size: 19px; font-weight: 600; }
.ckw table.ckw-money small { display: block; color: var(--ck-quiet); font-size: 12px; white-space: normal; }
.ckw ul.ckw-told { margin: 2px 0 4px 18px; padding: 0; }
.ckw ul.ckw-told li { margin: 2px 0; }
.ckw pre.ckw-pre { white-space: pre-wrap; overflow-wrap: anywhere; word-break: normal;
  font-family: var(--jp-ui-font-family, system-ui, sans-serif); margin: 4px 0; padding: 8px 10px; font-size: 12.5px;
  line-height: 1.5; background: var(--ck-soft); color: var(--ck-text); border-radius: 3px; }
.ckw pre.ckw-pre.ckw-code { font-family: var(--jp-code-font-family, monospace); }
.ckw .jupyter-button.ckw-main { background: #00755a; color: #fff; font-weight: 600; }
.ckw .jupyter-button.mod-active { background: #00755a; color: #fff; box-shadow: none; }
.ckw .widget-upload { font-size: 0; }
.ckw .widget-upload::after { content: attr(title); font-size: var(--jp-widgets-font-size, 13px); }
.ckw .jupyter-widget-Collapse, .ckw .jupyter-widget-Collapse-header, .ckw .jupyter-widget-Collapse-contents {
  border: 0; background: none; padding: 2px 0; margin: 0; }
.ckw .jupyter-widget-Collapse-header { color: var(--ck-accent); cursor: pointer; }
.ckw .jupyter-widget-Collapse-header * { font-weight: 500; color: var(--ck-accent); }
.ckw .jupyter-button:focus-visible, .ckw input:focus-visible, .ckw select:focus-visible, .ckw textarea:focus-visible {
  outline: 2px solid var(--ck-accent); outline-offset: 1px; }
.ckw .jupyter-button:disabled { opacity: 0.5; }
.ckw .progress-bar { background: var(--ck-accent); }
.ckw .widget-label { color: var(--ck-text); }
.ckw .ckw-tied table { border-collapse: collapse; margin: 4px 0 8px; font-size: 12.5px; }
.ckw .ckw-tied td, .ckw .ckw-tied th { padding: 2px 14px 2px 0; color: var(--ck-text); background: none; }
.ckw .ckw-tied tr { background: none; border-top: 1px solid var(--ck-line); }
.ckw .vega-embed details { opacity: 0.35; }
</style>"""


def in_words(error: BaseException) -> str:
    """Say what went wrong: our own messages are sentences already, of others the kind goes before."""
    text = " ".join(str(error).split(" ")).strip()
    ours = type(error).__module__.startswith("callkit") or isinstance(
        error, ValueError | TypeError | ImportError
    )
    if ours and text:
        return text
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror or type(error).__name__}{where}"
    return f"{type(error).__name__}: {text or 'no reason is given'}"


class Message(widgets.HTML):  # type: ignore[misc]  # ipywidgets ships no types
    """What a section has to say: done, a note, or what went wrong and what to do about it.

    Attributes
    ----------
    text : str
        The sentence.
    kind : str
        `done`, `note`, `error`, or nothing.
    """

    def __init__(self) -> None:
        self.text, self.kind = "", ""
        super().__init__()

    def say(self, text: str, kind: str = "done", notes: Sequence[str] = ()) -> None:
        """Say something; `notes` follow, one below the other."""
        self.text, self.kind = text, kind
        role = "alert" if kind == "error" else "status"
        head = f'<div class="ckw-{kind}" role="{role}">{escape(text)}</div>' if text else ""
        self.value = head + "".join(f'<div class="ckw-note">{escape(note)}</div>' for note in notes)

    def clear(self) -> None:
        """Say nothing."""
        self.say("", "")

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Tell what goes wrong inside, instead of raising it."""
        try:
            yield
        except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001 - told in words, where the cause is
            self.say(in_words(error), "error")


class Section(widgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """A titled part of the workbench."""

    def __init__(self, number: int, title: str, told: str, children: Sequence[Any]) -> None:
        head = widgets.HTML(
            f'<div class="ckw-title"><h3>{number} · {escape(title)}</h3><span>{escape(told)}</span></div>'
        )
        super().__init__([head, *children], layout=widgets.Layout(width="100%", overflow="visible"))
        self.add_class("ckw-section")


def button(text: str, what: str, *, main: bool = False) -> Any:
    """Make a button; `what` says what it does."""
    made = widgets.Button(description=text, tooltip=what, layout=widgets.Layout(width="auto"))
    if main:
        made.add_class("ckw-main")
    return made


def labelled(kind: type[Any], label: str, width: str = "auto", **options: Any) -> Any:
    """Make a field whose label stands before it, as wide as its words."""
    return kind(
        description=label,
        layout=widgets.Layout(width=width),
        style={"description_width": "initial"},
        **options,
    )


def row(*children: Any) -> Any:
    """Put fields beside one another; they wrap where there is no room."""
    return widgets.HBox(
        [*children], layout=widgets.Layout(flex_flow="row wrap", grid_gap="4px 12px", align_items="center")
    )


def folded(title: str, *children: Any) -> Any:
    """Put what few need behind a title."""
    made = widgets.Accordion([widgets.VBox([*children])], titles=(title,))
    made.selected_index = None
    return made


def counted(count: int, one: str) -> str:
    """`1 call`, `2,000 calls`."""
    return f"{count:,} {one}{'' if count == 1 else 's'}"


def shown(widget: Any, *, yes: bool) -> None:
    """Show or hide."""
    widget.layout.display = None if yes else "none"


def quiet(text: str) -> str:
    """Escape a sentence of the second rank."""
    return f'<span class="ckw-quiet">{escape(text)}</span>'
