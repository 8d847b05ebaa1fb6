// What the planner adds to Leaflet, the frame of it: panes, loading, the view and its place in the page's address.
// `streets.js` draws the streets, `marks.js` everything else, `live.js` what changes and what the reader does.
// Everything that comes from a file is shown through textContent: no name can become HTML or script.
(function () {
  "use strict";

  const planner = (window.planner = { map: null, setting: null, legendBox: null });
  const fetched = new Map();
  let map = null;
  let setting = null;
  let pending = 0;
  let viewKept = false;
  let touched = false;

  // From the ground up; a pane of its own for each keeps the order, whatever is switched off and on.
  const PANES = { ground: 210, bands: 220, streets: 230, zones: 240, here: 250, gaps: 405, people: 410, candidates: 420, centres: 430, labels: 440 };
  const NO_CLICKS = ["ground", "bands", "streets", "here", "labels"];

  planner.setup = function (leafletMap, given) {
    map = planner.map = leafletMap;
    setting = planner.setting = given;
    for (const [name, zIndex] of Object.entries(PANES)) map.createPane(name).style.zIndex = zIndex;
    for (const name of NO_CLICKS) map.getPane(name).style.pointerEvents = "none";
    map.getContainer().lang = setting.language;
    map.attributionControl.setPrefix(false);
    map.attributionControl.addAttribution(setting.texts.attribution);
    L.control.zoom({ zoomInTitle: setting.texts.zoom_in, zoomOutTitle: setting.texts.zoom_out }).addTo(map);
    homeButton().addTo(map);
    L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);
    restoreView();
    for (const event of ["pointerdown", "wheel", "keydown"])
      map.getContainer().addEventListener(event, () => (touched = true), { capture: true, passive: true });
    map.on("moveend", keepView);
    map.on("resize", () => !viewKept && !touched && planner.showAll()); // a page still settling down gives the map its size late
    setInterval(writeView, 1000); // the page writes its address anew whenever it likes, without what it does not know
    planner.listen();
  };

  planner.layer = function (kind, url) {
    if (kind === "streets" && !url.endsWith(".json")) return planner.tiles(url);
    const layer = kind === "streets" ? new planner.Streets() : L.featureGroup();
    planner.load(url, (content) => (layer.show ? layer.show(content) : planner.draw[kind](layer, content)));
    return layer;
  };

  // ---- loading -------------------------------------------------------------------------------------------------------

  planner.load = function (url, use) {
    pending += 1;
    document.body.dataset.planner = "drawing";
    if (!fetched.has(url)) fetched.set(url, fetch(url).then((answer) => (answer.ok ? answer.json() : Promise.reject(answer))));
    if (fetched.size > 40) fetched.delete(fetched.keys().next().value);
    return fetched
      .get(url)
      .then(use)
      .catch((fault) => {
        fetched.delete(url);
        console.error("layer not loaded", url, fault);
        map.attributionControl.addAttribution(setting.texts.not_loaded);
      })
      .then(planner.styled)
      .finally(() => {
        pending -= 1;
        if (pending === 0) document.body.dataset.planner = "ready";
      });
  };

  // Style sheets may arrive after scripts; until they have, nothing on the page has its size.
  planner.styled = function () {
    const sheets = [...document.querySelectorAll("link[rel=stylesheet]")].filter((link) => !link.sheet);
    const loaded = (link) => new Promise((done) => ["load", "error"].forEach((event) => link.addEventListener(event, done)));
    return Promise.race([Promise.all(sheets.map(loaded)), new Promise((done) => setTimeout(done, 5000))]);
  };

  // ---- the view: kept by the page while a change of language puts a new map in its place, and by the page's address ------

  function restoreView() {
    const kept = keptView();
    viewKept = kept !== null;
    if (kept) map.setView([kept[1], kept[0]], kept[2], { animate: false });
    else planner.showAll();
  }

  // [longitude, latitude, zoom] as the page holds it, or its address; null where neither is a view of this study area.
  function keptView() {
    try {
      const held = window.parent.plannerView;
      if (held && held.of === setting.view) return held.at;
      const said = new URLSearchParams(window.parent.location.search).get("at") || "";
      const at = said.split(",").map(Number);
      const near = at.length === 3 && at.every(Number.isFinite) && L.latLngBounds(setting.bounds).pad(2).contains([at[1], at[0]]);
      return near && at[2] >= map.getMinZoom() && at[2] <= map.getMaxZoom() ? at : null;
    } catch (fault) {
      return null; // in a page that is not ours
    }
  }

  function keepView() {
    if (!touched) return;
    const centre = map.getCenter();
    const at = [Number(centre.lng.toFixed(5)), Number(centre.lat.toFixed(5)), Number(map.getZoom().toFixed(2))];
    try {
      window.parent.plannerView = { of: setting.view, at };
    } catch (fault) {
      return; // in a page that is not ours
    }
    writeView();
  }

  // Put the view into the page's address; nothing is asked of the server for it.
  function writeView() {
    try {
      const held = window.parent.plannerView;
      const page = new URL(window.parent.location.href);
      if (!held || held.of !== setting.view || page.searchParams.get("at") === held.at.join(",")) return;
      page.searchParams.set("at", held.at.join(","));
      page.search = page.search.replace(/%2C/gi, ",");
      window.parent.history.replaceState(window.parent.history.state, "", page);
    } catch (fault) {
      // in a page that is not ours the view is simply not kept
    }
  }

  // The whole study area, beside the legend where that leaves it room enough.
  planner.showAll = function () {
    map.fitBounds(setting.bounds, { animate: false, paddingTopLeft: [10, 10], paddingBottomRight: [legendWidth() + 10, 18] });
  };

  planner.settle = function () {
    planner.keepPopupsClear();
    if (!viewKept && !touched) planner.showAll();
  };

  planner.keepPopupsClear = function () {
    L.Popup.mergeOptions({ autoPanPaddingTopLeft: [52, 8], autoPanPaddingBottomRight: [legendWidth() + 8, 8] });
  };

  // Pixels that the legend takes from the map's right side; none where it is folded or would take too much.
  function legendWidth() {
    const box = planner.legendBox;
    if (!box || box.classList.contains("planner-folded")) return 0;
    const width = box.offsetWidth + 12;
    return width < 0.4 * map.getSize().x ? width : 0;
  }

  function homeButton() {
    const control = L.control({ position: "topleft" });
    control.onAdd = function () {
      const bar = planner.element("div", "leaflet-bar leaflet-control");
      const link = planner.element("a", "planner-home", "⤢");
      link.href = "#";
      link.title = setting.texts.whole_area;
      link.setAttribute("role", "button");
      link.setAttribute("aria-label", setting.texts.whole_area);
      L.DomEvent.on(link, "click", L.DomEvent.stop).on(link, "click", planner.showAll);
      bar.append(link);
      L.DomEvent.disableClickPropagation(bar);
      return bar;
    };
    return control;
  }

  // ---- text ------------------------------------------------------------------------------------------------------------

  planner.element = function (tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  planner.fill = (text, value) => text.replace("{}", () => String(value));
  planner.number = (value) => new Intl.NumberFormat("en", { maximumFractionDigits: 0 }).format(value);
  planner.spot = ([lon, lat]) => [lat, lon];
})();
