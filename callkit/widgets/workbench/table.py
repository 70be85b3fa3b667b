"""A table in the browser that shows one page of text, and says what was clicked."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets


class PagedTable(anywidget.AnyWidget):
    """Rows of text with sortable columns; cells are text, never markup.

    Attributes
    ----------
    columns : list of dict
        name, title, and whether it is `numeric`.
    rows : list of list of str
        The page.
    sort, descending : str, bool
        By which column.
    page, pages, total, first : int
        Which page of how many, how many rows there are, and the number of the first one shown.
    chosen : int
        Which row of the page is chosen; -1: none.
    label : str
        What the table is, for those who do not see it.
    """

    columns: Any = traitlets.List().tag(sync=True)
    rows: Any = traitlets.List().tag(sync=True)
    sort = traitlets.Unicode().tag(sync=True)
    descending = traitlets.Bool(default_value=False).tag(sync=True)
    page = traitlets.Int(0).tag(sync=True)
    pages = traitlets.Int(0).tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    first = traitlets.Int(0).tag(sync=True)
    chosen = traitlets.Int(-1).tag(sync=True)
    label = traitlets.Unicode("calls").tag(sync=True)

    _esm = """
    function node(kind, text, attributes) {
      const made = document.createElement(kind);
      if (text !== undefined) made.textContent = text;
      for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
      return made;
    }
    function render({ model, el }) {
      const box = node("div", undefined, { class: "ckw-table" });
      el.appendChild(box);
      let focus = null;
      const set = (changes) => {
        for (const [name, value] of Object.entries(changes)) model.set(name, value);
        model.save_changes();
      };
      const choose = (at) => { focus = "row"; set({ chosen: at }); };
      function draw() {
        const [columns, rows, sort] = [model.get("columns"), model.get("rows"), model.get("sort")];
        const [page, pages, chosen] = [model.get("page"), model.get("pages"), model.get("chosen")];
        const table = node("table", undefined, { "aria-label": model.get("label") });
        const head = node("tr");
        for (const column of columns) {
          const sorted = column.name === sort;
          const th = node("th", undefined, {
            class: column.numeric ? "num" : "", scope: "col",
            "aria-sort": sorted ? (model.get("descending") ? "descending" : "ascending") : "none",
          });
          const button = node("button", column.title + (sorted ? (model.get("descending") ? " ↓" : " ↑") : ""),
            { type: "button", title: "Sort by " + column.title.toLowerCase(), "data-column": column.name });
          button.onclick = () => {
            focus = column.name;
            set({ sort: column.name, descending: sorted ? !model.get("descending") : column.numeric, page: 0 });
          };
          th.appendChild(button);
          head.appendChild(th);
        }
        const thead = node("thead");
        thead.appendChild(head);
        table.appendChild(thead);
        const body = node("tbody");
        rows.forEach((row, at) => {
          const tr = node("tr", undefined, {
            tabindex: at === Math.max(chosen, 0) ? "0" : "-1", "aria-selected": String(at === chosen),
          });
          row.forEach((text, i) => tr.appendChild(
            node("td", text, { class: columns[i].numeric ? "num" : "", title: text.length > 20 ? text : "" })));
          tr.onclick = () => choose(at);
          tr.onkeydown = (event) => {
            const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
            if (to !== undefined && to >= 0 && to < rows.length) { body.children[to].focus(); event.preventDefault(); }
            if (event.key === "Enter" || event.key === " ") { choose(at); event.preventDefault(); }
            event.stopPropagation();
          };
          body.appendChild(tr);
        });
        table.appendChild(body);
        const foot = node("div", undefined, { class: "foot" });
        const step = (text, title, to, usable) => {
          const button = node("button", text, { type: "button", title, "data-column": title });
          button.disabled = !usable;
          button.onclick = () => { focus = title; set({ page: to }); };
          foot.appendChild(button);
        };
        step("«", "First page", 0, page > 0);
        step("‹", "Previous page", page - 1, page > 0);
        const total = model.get("total").toLocaleString("en-US");
        const from = model.get("first");
        foot.appendChild(node("span", rows.length
          ? `${from.toLocaleString("en-US")}–${(from + rows.length - 1).toLocaleString("en-US")} of ${total}`
          : "no calls", { role: "status" }));
        step("›", "Next page", page + 1, page + 1 < pages);
        step("»", "Last page", pages - 1, page + 1 < pages);
        const scroll = node("div", undefined, { class: "scroll" });
        scroll.appendChild(table);
        box.replaceChildren(scroll, foot);
        const row = focus === "row" ? body.children[chosen] : undefined;
        if (row) row.focus({ preventScroll: true });
        else if (focus) box.querySelector(`[data-column="${focus}"]`)?.focus({ preventScroll: true });
        focus = null;
      }
      let waiting;
      const later = () => { clearTimeout(waiting); waiting = setTimeout(draw, 10); };
      for (const name of ["columns", "rows", "sort", "descending", "page", "pages", "total", "chosen"])
        model.on("change:" + name, later);
      draw();
      return () => clearTimeout(waiting);
    }
    export default { render };
    """

    _css = """
    .ckw-table { font-size: 12.5px; font-family: var(--jp-ui-font-family, system-ui, sans-serif);
      color: var(--jp-ui-font-color1, #1f1f1f); }
    .ckw-table .scroll { overflow-x: auto; }
    .ckw-table table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
    .ckw-table th { text-align: left; padding: 0 8px 0 0; vertical-align: bottom; line-height: 1.2; }
    .ckw-table td { padding: 3px 8px 3px 0;
      border-top: 1px solid var(--jp-border-color2, #e0e0e0); white-space: nowrap;
      max-width: 160px; overflow: hidden; text-overflow: ellipsis; text-align: left; }
    .ckw-table th:not(.num) + th.num, .ckw-table td:not(.num) + td.num { padding-left: 4px; }
    .ckw-table th.num + th:not(.num), .ckw-table td.num + td:not(.num) { padding-left: 6px; }
    .ckw-table .num { text-align: right; }
    .ckw-table button { font: inherit; background: none; border: 0; padding: 3px 4px; margin-left: -4px;
      cursor: pointer; color: var(--jp-ui-font-color2, #595959); text-align: inherit; }
    .ckw-table th.num button { margin: 0 -4px 0 0; }
    .ckw-table button:hover:enabled { text-decoration: underline; }
    .ckw-table button:disabled { opacity: 0.35; cursor: default; }
    .ckw-table tbody tr { cursor: pointer; }
    .ckw-table tbody tr:hover td { background: var(--jp-layout-color2, #f3f3f3); }
    .ckw-table tbody tr[aria-selected="true"] td { background: rgba(0, 158, 115, 0.18); }
    .ckw-table tbody tr:focus-visible, .ckw-table button:focus-visible {
      outline: 2px solid #00a77f; outline-offset: -2px; }
    .ckw-table .foot { display: flex; gap: 8px; align-items: center; padding: 5px 0 14px; font-size: 12.5px;
      color: var(--jp-ui-font-color2, #595959); }
    .ckw-table .foot button { font-size: 16px; line-height: 1; }
    """
