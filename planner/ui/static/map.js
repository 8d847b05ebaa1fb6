// What the planner adds to Leaflet: panes, streets drawn from numbers, dissolved walking areas, graded points, sites, the legend.
// Everything that comes from a file is shown through textContent: no name can become HTML or script.
(function () {
  "use strict";

  const planner = (window.planner = {});
  const fetched = new Map();
  let map = null;
  let setting = null;
  let pending = 0;
  let legendBox = null;
  let viewKept = false;
  let touched = false;

  const COLOURS = {
    existing: ["#3d86c6", "#86b9e0", "#c6def1"],
    proposed: ["#e07b1f", "#f2ac62", "#fbd9a8"],
    reach: "#b4540a",
    people: "#7a2368",
    zone: "#7d8794",
    street: ["#a9b0b9", "#bcc2c9", "#cfd3d9", "#dcdfe3"],
  };
  // From the ground up; a pane of its own for each keeps the order, whatever is switched off and on.
  const PANES = { ground: 210, bands: 220, streets: 230, zones: 240, people: 410, candidates: 420, centres: 430, labels: 440 };

  planner.setup = function (leafletMap, given) {
    map = planner.map = leafletMap;
    setting = planner.setting = given;
    for (const [name, zIndex] of Object.entries(PANES)) map.createPane(name).style.zIndex = zIndex;
    for (const name of ["ground", "bands", "streets", "labels"]) map.getPane(name).style.pointerEvents = "none";
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
    map.on("resize", () => !viewKept && !touched && showAll()); // a page still settling down gives the map its size late
  };

  planner.layer = function (kind, url) {
    if (kind === "streets" && !url.endsWith(".json")) return planner.tiles(url);
    if (kind === "streets") return load(new Streets(), url);
    return load(L.featureGroup(), url, DRAW[kind]);
  };

  planner.legend = function (control, texts) {
    const box = control.getContainer();
    L.DomUtil.addClass(box, "planner-legend");
    const heading = element("button", "planner-legend-heading", texts.heading);
    heading.type = "button";
    heading.onclick = () => heading.setAttribute("aria-expanded", String(!box.classList.toggle("planner-folded")));
    heading.setAttribute("aria-expanded", "true");
    box.prepend(heading);
    const notes = element("div", "planner-legend-notes");
    notes.append(element("p", "", texts.dots), sizes(), element("p", "", texts.note));
    box.append(notes);
    if (map.getSize().x < 560) heading.click();
    L.DomEvent.disableClickPropagation(box);
    L.DomEvent.disableScrollPropagation(box);
    const fit = () => (box.style.maxHeight = `${map.getSize().y - 48}px`);
    map.on("resize", fit);
    fit();
    legendBox = box;
    heading.addEventListener("click", keepPopupsClear);
    styled().then(() => {
      keepPopupsClear();
      if (!viewKept) showAll();
    });
  };

  // ---- loading -------------------------------------------------------------------------------------------------------

  function load(layer, url, draw) {
    pending += 1;
    if (!fetched.has(url)) fetched.set(url, fetch(url).then((answer) => (answer.ok ? answer.json() : Promise.reject(answer))));
    fetched
      .get(url)
      .then((content) => (draw ? draw(layer, content) : layer.show(content)))
      .catch((fault) => {
        console.error("layer not loaded", url, fault);
        map.attributionControl.addAttribution(setting.texts.not_loaded);
      })
      .then(styled)
      .finally(() => {
        pending -= 1;
        if (pending === 0) document.body.dataset.planner = "ready";
      });
    return layer;
  }

  // Style sheets may arrive after scripts; until they have, nothing on the page has its size.
  function styled() {
    const sheets = [...document.querySelectorAll("link[rel=stylesheet]")].filter((link) => !link.sheet);
    const loaded = (link) => new Promise((done) => ["load", "error"].forEach((event) => link.addEventListener(event, done)));
    return Promise.race([Promise.all(sheets.map(loaded)), new Promise((done) => setTimeout(done, 5000))]);
  }

  // ---- the view stays where the reader left it, through a change of language or a new run -----------------------------

  function restoreView() {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(setting.view));
    } catch (fault) {
      kept = null;
    }
    viewKept = kept !== null;
    if (kept) map.setView(kept.centre, kept.zoom, { animate: false });
    else showAll();
  }

  // The whole study area, beside the legend where that leaves it room enough.
  function showAll() {
    map.fitBounds(setting.bounds, { animate: false, paddingTopLeft: [10, 10], paddingBottomRight: [legendWidth() + 10, 18] });
  }

  function keepPopupsClear() {
    L.Popup.mergeOptions({ autoPanPaddingTopLeft: [52, 8], autoPanPaddingBottomRight: [legendWidth() + 8, 8] });
  }

  // Pixels that the legend takes from the map's right side; none where it is folded or would take too much.
  function legendWidth() {
    if (!legendBox || legendBox.classList.contains("planner-folded")) return 0;
    const width = legendBox.offsetWidth + 12;
    return width < 0.4 * map.getSize().x ? width : 0;
  }

  function keepView() {
    if (!touched) return;
    try {
      sessionStorage.setItem(setting.view, JSON.stringify({ centre: map.getCenter(), zoom: map.getZoom() }));
    } catch (fault) {
      // private windows may refuse: then the view is simply not kept
    }
  }

  function homeButton() {
    const control = L.control({ position: "topleft" });
    control.onAdd = function () {
      const bar = element("div", "leaflet-bar leaflet-control");
      const link = element("a", "planner-home", "⤢");
      link.href = "#";
      link.title = setting.texts.whole_area;
      link.setAttribute("role", "button");
      link.setAttribute("aria-label", setting.texts.whole_area);
      L.DomEvent.on(link, "click", L.DomEvent.stop).on(link, "click", showAll);
      bar.append(link);
      L.DomEvent.disableClickPropagation(bar);
      return bar;
    };
    return control;
  }

  // ---- streets: lines in whole steps of a fine grid, drawn tile by tile ------------------------------------------------

  planner.streetColours = COLOURS.street;
  planner.streetWidth = (tier, zoom) => [2.1, 1.4, 0.95, 0.75][tier] * Math.min(3, Math.max(0.6, 2 ** ((zoom - 13) * 0.4)));

  const CELL_ZOOM = 13;
  const Streets = L.GridLayer.extend({
    options: { pane: "streets", updateWhenZooming: false, keepBuffer: 3, maxZoom: 22 },

    show: function (content) {
      this.tiers = content.tiers.map((tier) => readLines(tier, content.origin, content.unit));
      this.redraw();
    },

    createTile: function (coords) {
      const tile = document.createElement("canvas");
      const ratio = Math.max(2, window.devicePixelRatio || 1);
      tile.width = tile.height = 256 * ratio;
      if (this.tiers) drawTile(tile.getContext("2d"), this.tiers, coords, ratio);
      return tile;
    },
  });

  function readLines(tier, origin, unit) {
    const total = tier.dx.length;
    const lines = { x: new Float64Array(total), y: new Float64Array(total), start: [0], cells: new Map() };
    let i = 0;
    let east = 0;
    let north = 0;
    const side = 2 ** CELL_ZOOM;
    tier.counts.forEach((count, line) => {
      let [left, top, right, bottom] = [1, 1, 0, 0];
      for (const end = i + count; i < end; i += 1) {
        east += tier.dx[i];
        north += tier.dy[i];
        const sine = Math.sin(((origin[1] + north * unit) * Math.PI) / 180);
        const x = (origin[0] + east * unit) / 360 + 0.5;
        const y = 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
        lines.x[i] = x;
        lines.y[i] = y;
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y);
      }
      lines.start.push(i);
      for (let column = Math.floor(left * side); column <= right * side; column += 1)
        for (let row = Math.floor(top * side); row <= bottom * side; row += 1) {
          const key = column * side + row;
          if (!lines.cells.has(key)) lines.cells.set(key, []);
          lines.cells.get(key).push(line);
        }
    });
    return lines;
  }

  function drawTile(context, tiers, coords, ratio) {
    const zoom = coords.z;
    const scale = 256 * 2 ** zoom;
    context.scale(ratio, ratio);
    context.translate(-coords.x * 256, -coords.y * 256);
    context.lineJoin = context.lineCap = "round";
    for (let number = tiers.length - 1; number >= 0; number -= 1) {
      context.beginPath();
      for (const line of linesIn(tiers[number], coords)) traceLine(context, tiers[number], line, scale);
      context.strokeStyle = planner.streetColours[number];
      context.lineWidth = planner.streetWidth(number, zoom);
      context.stroke();
    }
  }

  function linesIn(lines, coords) {
    const side = 2 ** CELL_ZOOM;
    const margin = 0.05;
    const span = (index) => {
      const size = 2 ** (CELL_ZOOM - coords.z);
      return [Math.floor((index - margin) * size), Math.floor((index + 1 + margin) * size)];
    };
    const [west, east] = span(coords.x);
    const [north, south] = span(coords.y);
    const found = new Set();
    for (let column = west; column <= east; column += 1)
      for (let row = north; row <= south; row += 1)
        for (const line of lines.cells.get(column * side + row) || []) found.add(line);
    return found;
  }

  function traceLine(context, lines, line, scale) {
    const last = lines.start[line + 1] - 1;
    let x = lines.x[lines.start[line]] * scale;
    let y = lines.y[lines.start[line]] * scale;
    context.moveTo(x, y);
    for (let i = lines.start[line] + 1; i <= last; i += 1) {
      const nextX = lines.x[i] * scale;
      const nextY = lines.y[i] * scale;
      if (i < last && Math.abs(nextX - x) + Math.abs(nextY - y) < 0.7) continue;
      x = nextX;
      y = nextY;
      context.lineTo(x, y);
    }
  }

  // ---- the other layers ------------------------------------------------------------------------------------------------

  const DRAW = {
    ground: function (group, areas) {
      if (!areas.outline) return;
      const style = { pane: "ground", interactive: false, color: "#8d949e", weight: 1.2, fillColor: "#ffffff", fillOpacity: 1 };
      group.addLayer(L.geoJSON(areas.outline, style));
    },

    zones: function (group, areas) {
      const labels = [];
      for (const zone of areas.zones) {
        if (!zone.geometry) continue;
        const style = { pane: "zones", color: COLOURS.zone, weight: 1, opacity: 0.8, dashArray: "6 3", fillOpacity: 0 };
        const shape = L.geoJSON(zone.geometry, style);
        shape.bindPopup(() => card(zone.zone, "", rows(zone, setting.fields.zones)), { maxWidth: 320 });
        shape.on("mouseover", () => shape.setStyle({ weight: 2.5, dashArray: null }));
        shape.on("mouseout", () => shape.setStyle({ weight: 1, dashArray: "6 3" }));
        group.addLayer(shape);
        if (zone.label && zone.zone) labels.push(label(zone.zone, zone.label, zone.population || 0));
      }
      labels.sort((a, b) => b.weight - a.weight);
      for (const each of labels) group.addLayer(each.marker);
      const thin = () => thinLabels(labels);
      map.on("zoomend", thin);
      group.on("add", thin);
      thin();
    },

    existing: (group, found) => rings(group, found.existing, COLOURS.existing),

    proposed: function (group, found) {
      rings(group, found.proposed, COLOURS.proposed);
      if (!found.reach) return;
      const style = { color: COLOURS.reach, weight: 1.2, dashArray: "5 4", fill: false };
      group.addLayer(L.geoJSON(found.reach, { ...style, pane: "bands", renderer: bandsRenderer(), interactive: false }));
    },

    before: (group, found) => people(group, found.points, 2),
    after: (group, found) => people(group, found.points, 3),

    centres: function (group, found) {
      for (const item of found.centres) {
        const used = !item.excluded_reason;
        const style = { pane: "centres", weight: 1.4, color: "#ffffff", fillColor: "#0b4f8a", fillOpacity: 1 };
        const unused = { ...style, color: "#0b4f8a", fillColor: "#ffffff" };
        const dot = L.circleMarker(spot(item.at), used ? style : unused);
        group.addLayer(facility(growing(dot, used ? 5.2 : 4), item, "centres"));
      }
    },

    candidates: function (group, found) {
      for (const item of found.candidates) {
        const used = !item.excluded_reason;
        const style = { pane: "candidates", weight: used ? 1.2 : 0.9, fillColor: "#ffffff", fillOpacity: 1 };
        const dot = L.circleMarker(spot(item.at), { ...style, color: used ? "#4a4f57" : "#a5abb3" });
        group.addLayer(facility(growing(dot, used ? 3.4 : 2.6), item, "candidates"));
      }
    },

    sites: function (group, found) {
      for (const item of found.sites) {
        const badge = element("span", "", String(item.rank));
        const size = item.rank > 99 ? 28 : 23;
        const icon = L.divIcon({ className: "planner-site", html: badge, iconSize: [size, size] });
        const marker = L.marker(spot(item.at), { icon, zIndexOffset: -item.rank, alt: `${item.rank}. ${item.name || item.id || ""}` });
        group.addLayer(facility(marker, item, "sites"));
      }
    },
  };

  // Small where the whole county is in view, so that markers do not hide what they stand in.
  function growing(marker, radius) {
    const fit = () => marker.setRadius(radius * Math.min(1.2, Math.max(0.6, 0.6 + (map.getZoom() - 10.5) * 0.2)));
    marker.on("add", () => map.on("zoomend", fit) && fit());
    marker.on("remove", () => map.off("zoomend", fit));
    return marker;
  }

  function bandsRenderer() {
    setting.renderer = setting.renderer || L.canvas({ pane: "bands", padding: 0.3 });
    return setting.renderer;
  }

  function rings(group, found, colours) {
    found.forEach((ring, number) => {
      if (!ring.geometry) return;
      const colour = colours[Math.max(0, colours.length - found.length) + number] || colours[colours.length - 1];
      const style = { pane: "bands", renderer: bandsRenderer(), interactive: false, stroke: true, weight: 0.6 };
      group.addLayer(L.geoJSON(ring.geometry, { ...style, color: colour, fillColor: colour, fillOpacity: 0.9, opacity: 0.9 }));
    });
  }

  // People out of reach are summed by honeycomb-like cells of the screen, so that dots never crowd, at any zoom. Their scale
  // is that of people not covered today, for both layers alike; the legend follows it.
  const CELL_PX = 15;
  const dots = { zoom: null, points: null, cells: {}, reference: 1, legend: null };

  function people(group, points, which) {
    dots.points = points;
    const update = () => drawPeople(group, which);
    group.on("add", () => map.on("moveend", update) && update());
    group.on("remove", () => map.off("moveend", update));
    if (map.hasLayer(group)) group.fire("add");
  }

  function drawPeople(group, which) {
    sumPeople();
    group.clearLayers();
    const view = map.getBounds().pad(0.3);
    for (const cell of dots.cells[which]) {
      if (!view.contains(cell.at)) continue;
      const style = { pane: "people", radius: radius(cell.people), weight: 0.6, color: "#fff", opacity: 0.7 };
      const dot = L.circleMarker(cell.at, { ...style, fillColor: COLOURS.people, fillOpacity: 0.5 });
      dot.bindTooltip(() => element("span", "", fill(setting.texts.people_here, number(cell.people))));
      group.addLayer(dot);
    }
  }

  function sumPeople() {
    const zoom = map.getZoom();
    if (dots.zoom === zoom) return;
    dots.zoom = zoom;
    for (const which of [2, 3]) dots.cells[which] = cellsOf(dots.points, which, zoom);
    const sizes = dots.cells[2].map((cell) => cell.people).sort((a, b) => a - b);
    dots.reference = Math.max(1, sizes[Math.floor(sizes.length * 0.99)] || 1);
    fillSizes();
  }

  function cellsOf(points, which, zoom) {
    const cells = new Map();
    for (const point of points) {
      if (point[which] < 0.05) continue;
      const at = map.project([point[1], point[0]], zoom);
      const row = Math.floor(at.y / (0.87 * CELL_PX));
      const column = Math.floor(at.x / CELL_PX + (row % 2) / 2);
      const key = `${column} ${row}`;
      const cell = cells.get(key) || { people: 0, lon: 0, lat: 0 };
      cell.people += point[which];
      cell.lon += point[0] * point[which];
      cell.lat += point[1] * point[which];
      cells.set(key, cell);
    }
    return [...cells.values()].map((cell) => ({ people: cell.people, at: L.latLng(cell.lat / cell.people, cell.lon / cell.people) }));
  }

  const radius = (count) => Math.min(CELL_PX * 0.46, Math.max(0.9, CELL_PX * 0.42 * Math.sqrt(count / dots.reference)));

  function sizes() {
    dots.legend = element("div", "planner-sizes");
    fillSizes();
    return dots.legend;
  }

  function fillSizes() {
    if (!dots.legend) return;
    const largest = roundDown(dots.reference);
    const steps = [roundDown(largest / 20), roundDown(largest / 4), largest].filter((step) => step >= 1);
    dots.legend.replaceChildren(
      ...steps.map((step) => {
        const dot = element("i", "");
        dot.style.width = dot.style.height = `${2 * radius(step)}px`;
        const box = element("span", "");
        box.append(dot, element("small", "", number(step)));
        return box;
      }),
    );
  }

  function roundDown(value) {
    if (value < 1) return 0;
    const power = 10 ** Math.floor(Math.log10(value));
    return power * [5, 2, 1].find((factor) => factor * power <= value);
  }

  function facility(marker, item, kind) {
    marker.bindTooltip(() => element("span", "", item.name || item.id || ""), { direction: "top", offset: [0, -8] });
    marker.bindPopup(() => card(item.name, subtitle(item, kind), rows(item, setting.fields[kind])), { maxWidth: 320 });
    return marker;
  }

  function subtitle(item, kind) {
    const status = item.excluded_reason ? setting.words[`excluded_reason_${item.excluded_reason}`] || item.excluded_reason : null;
    const role = kind === "sites" ? fill(setting.texts.site_number, item.rank) : setting.words[`status_${item.status}`];
    return [role, status, item.kind, item.zone].filter(Boolean).join(" · ");
  }

  function label(text, at, weight) {
    const icon = L.divIcon({ className: "planner-label", html: element("span", "", text), iconSize: null });
    return { marker: L.marker(spot(at), { icon, pane: "labels", interactive: false, keyboard: false }), text, weight };
  }

  // Names of the most populous zones first; a name that would lie on another one waits for a closer view.
  function thinLabels(labels) {
    const taken = [];
    for (const each of labels) {
      const at = map.latLngToLayerPoint(each.marker.getLatLng());
      const half = [...each.text].reduce((sum, sign) => sum + (sign.charCodeAt(0) > 0x2e7f ? 7 : 3.8), 4);
      const box = [at.x - half, at.y - 9, at.x + half, at.y + 9];
      const free = taken.every((b) => box[0] > b[2] || box[2] < b[0] || box[1] > b[3] || box[3] < b[1]);
      if (free) taken.push(box);
      each.marker.setOpacity(free ? 1 : 0);
    }
  }

  // ---- text ------------------------------------------------------------------------------------------------------------

  function card(title, subline, lines) {
    const box = element("div", "planner-card");
    box.append(element("strong", "", title || "–"));
    if (subline) box.append(element("p", "", subline));
    const list = element("dl", "");
    for (const [name, value] of lines) list.append(element("dt", "", name), element("dd", "", value));
    if (lines.length) box.append(list);
    return box;
  }

  function rows(item, fields) {
    return fields
      .filter(([key]) => item[key] !== undefined && item[key] !== "")
      .map(([key, name, form]) => [name, FORM[form](item[key])]);
  }

  const number = (value) => new Intl.NumberFormat("en", { maximumFractionDigits: 0 }).format(value);
  const FORM = {
    text: (value) => String(value),
    number: (value) => number(value),
    people: (value) => fill(setting.texts.people, number(value)),
    metres: (value) => fill(setting.texts.metres, number(value)),
    share: (value) => `${(100 * value).toFixed(1)}%`,
    yuan: (value) =>
      fill(setting.texts.yuan, new Intl.NumberFormat("en", { maximumFractionDigits: 2 }).format(value / setting.yuan_shown)),
  };
  const fill = (text, value) => text.replace("{}", () => String(value));
  const spot = ([lon, lat]) => [lat, lon];

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }
})();
