"""What only the browser knows: whether the page is dark, and how wide it is."""

from __future__ import annotations

import anywidget
import traitlets


class Surroundings(anywidget.AnyWidget):
    """Takes no room, and tells whether the page is dark and how wide its place is.

    Attributes
    ----------
    dark : bool
        Whether the page has a dark background. Without a browser it has not.
    width : int
        How wide the place is, in pixels; 0 as long as nobody looks.

    Examples
    --------
    >>> from callkit.widgets.surroundings import Surroundings
    >>> Surroundings().dark, Surroundings().width
    (False, 0)
    """

    dark = traitlets.Bool(default_value=False).tag(sync=True)
    width = traitlets.Int(0).tag(sync=True)

    _esm = """
    function dark() {
      // JupyterLab and Voilà say so; of any other page the background is asked.
      const said = document.body.dataset.jpThemeLight;
      if (said !== undefined) return said === "false";
      const [r, g, b, a] = (getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g) || []).map(Number);
      return a !== 0 && r * 0.299 + g * 0.587 + b * 0.114 < 128;
    }
    function render({ model, el }) {
      const place = document.createElement("div");
      place.style.width = "100%";
      el.style.width = "100%";
      el.appendChild(place);
      let waiting;
      const tell = () => {
        const width = Math.floor(place.getBoundingClientRect().width / 20) * 20;
        model.set("dark", dark());
        if (width > 0) model.set("width", width);
        model.save_changes();
      };
      const later = () => { clearTimeout(waiting); waiting = setTimeout(tell, 250); };
      const themes = new MutationObserver(later);
      themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class", "style"] });
      const sizes = new ResizeObserver(later);
      sizes.observe(place);
      later();
      return () => { clearTimeout(waiting); themes.disconnect(); sizes.disconnect(); };
    }
    export default { render };
    """
