// What is drawn for each kind of content, and the cards that say more. `planner.draw[kind](group, content)` fills a group.
(function () {
  "use strict";

  const planner = window.planner;
  const { element, fill, number, spot } = planner;

  const COLOURS = {
    existing: ["#3d86c6", "#86b9e0", "#c6def1"],
    proposed: ["#e07b1f", "#f2ac62", "#fbd9a8"],
    reach: "#b4540a",
    people: "#7a2368",
    gained: "#00786c",
    lost: "#8e3a9d",
    zone: "#7d8794",
    ink: "#1d2733",
  };

  planner.draw = {
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
        const stress = () => shape.setStyle({ weight: 2.5, dashArray: null });
        const calm = () => shape.setStyle({ weight: 1, dashArray: "6 3" });
        shape.on("mouseover", stress).on("mouseout", calm);
        group.addLayer(shape);
        if (!zone.label || !zone.zone) continue;
        const made = zoneLabel(zone);
        made.marker.on("mouseover popupopen", stress).on("mouseout popupclose", calm);
        labels.push(made);
      }
      labels.sort((a, b) => b.weight - a.weight);
      for (const each of labels) group.addLayer(each.marker);
      const thin = () => thinLabels(labels);
      planner.map.on("zoomend", thin);
      group.on("add", thin);
      thin();
    },

    existing: (group, found) => rings(group, found.existing, COLOURS.existing),

    proposed: function (group, found) {
      rings(group, found.proposed, COLOURS.proposed);
      if (!found.reach) return;
      const style = { color: COLOURS.reach, weight: 1.2, dashArray: "5 4", fill: false };
      group.addLayer(L.geoJSON(found.reach, { ...style, pane: "bands", renderer: canvas("bands"), interactive: false }));
    },

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
      for (const item of found) group.addLayer(facility(candidate(item), item, "candidates"));
    },

    sites: function (group, found) {
      for (const item of found) {
        const badge = element("span", "", item.rank === undefined ? "" : String(item.rank));
        const size = item.rank > 99 ? 28 : 23;
        const className = item.locked ? "planner-site planner-locked" : "planner-site";
        const icon = L.divIcon({ className, html: badge, iconSize: [size, size] });
        const alt = `${item.rank || ""} ${item.name || item.id || ""}`;
        const draggable = planner.allows("move");
        const marker = L.marker(spot(item.at), { icon, zIndexOffset: -(item.rank || 0), alt, draggable });
        group.addLayer(facility(moving(marker, item, "sites"), item, "sites"));
      }
    },

    before: (group, found) => dotted(group, group, peopleOf(found), [2]),
    after: (group, found) => dotted(group, group, peopleOf(found), [3]),

    difference: function (group, found) {
      const dots = L.featureGroup();
      group.addLayer(dots).addLayer(L.featureGroup(found.sites.map(compared)));
      dotted(group, dots, fieldOf(found.points, [2, 3]), [2, 3]);
    },

    gaps: function (group, found) {
      const style = { pane: "gaps", color: COLOURS.people, weight: 1.8, fillOpacity: 0.06, interactive: false };
      for (const gap of found) {
        if (gap.geometry) group.addLayer(L.geoJSON(gap.geometry, style));
        const icon = L.divIcon({ className: "planner-gap", html: element("span", "", String(gap.number)), iconSize: [22, 18] });
        const badge = L.marker(spot(gap.at), { icon, keyboard: false, bubblingMouseEvents: true });
        badge.bindTooltip(() => element("span", "", fill(planner.setting.texts.people_here, number(gap.people))));
        group.addLayer(badge);
      }
    },

    unplaced: function (group, found) {
      const parked = [];
      for (const item of found) {
        const icon = L.divIcon({ className: "planner-pin", html: element("span", "", "?"), iconSize: [24, 24], iconAnchor: [12, 28] });
        const at = item.at ? spot(item.at) : parkingPlace(parked.length);
        const marker = L.marker(at, { icon, draggable: true, alt: item.name || item.id, zIndexOffset: 500 });
        if (!item.at) parked.push(marker);
        marker.on("dragstart", () => (marker.plannerTaken = true));
        group.addLayer(facility(moving(marker, item, "unplaced"), item, "unplaced"));
      }
      group.refresh = () => parked.forEach((pin, number) => pin.plannerTaken || pin.setLatLng(parkingPlace(number)));
    },

    area: function (group, shape) {
      const style = { pane: "gaps", color: COLOURS.ink, weight: 2, dashArray: "2 5", fillOpacity: 0.04, interactive: false };
      group.addLayer(L.geoJSON(shape, style));
    },

    here: function (group, answer) {
      [...answer.rings].reverse().forEach((ring, number) => {
        if (!ring.geometry) return;
        const weight = number === 0 ? 2.4 : 1.1;
        const style = { pane: "here", renderer: canvas("here"), color: COLOURS.ink, weight, fillOpacity: 0.07, interactive: false };
        group.addLayer(L.geoJSON(ring.geometry, style));
      });
    },
  };

  // ---- areas -----------------------------------------------------------------------------------------------------------

  const canvases = {};
  function canvas(pane) {
    canvases[pane] = canvases[pane] || L.canvas({ pane, padding: 0.3 });
    return canvases[pane];
  }

  function rings(group, found, colours) {
    found.forEach((ring, number) => {
      if (!ring.geometry) return;
      const colour = colours[Math.max(0, colours.length - found.length) + number] || colours[colours.length - 1];
      const style = { pane: "bands", renderer: canvas("bands"), interactive: false, stroke: true, weight: 0.6 };
      group.addLayer(L.geoJSON(ring.geometry, { ...style, color: colour, fillColor: colour, fillOpacity: 0.9, opacity: 0.9 }));
    });
  }

  // ---- markers ---------------------------------------------------------------------------------------------------------

  // Shapes beside the circle, so that colour is never the only difference.
  const Diamond = L.CircleMarker.extend({
    _updatePath: function () {
      const { x, y } = this._point;
      const r = 1.2 * this._radius;
      this._renderer._setPath(this, `M${x},${y - r}L${x + r},${y}L${x},${y + r}L${x - r},${y}Z`);
    },
  });
  const Crossed = L.CircleMarker.extend({
    _updatePath: function () {
      const { x, y } = this._point;
      const r = this._radius;
      const k = 1.25 * r;
      const circle = `M${x - r},${y}a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0`;
      this._renderer._setPath(this, `${circle}M${x - k},${y - k}l${2 * k},${2 * k}M${x - k},${y + k}l${2 * k},${-2 * k}`);
    },
  });

  function candidate(item) {
    if (item.locked) {
      const icon = L.divIcon({ className: "planner-candidate planner-locked", iconSize: [15, 15] });
      return L.marker(spot(item.at), { icon, alt: item.name || item.id || "" });
    }
    const used = !item.excluded_reason && !item.forbidden;
    const style = { pane: "candidates", weight: used ? 1.2 : 0.9, fillColor: "#ffffff", fillOpacity: 1, color: used ? "#4a4f57" : "#a5abb3" };
    if (item.forbidden) return growing(new Crossed(spot(item.at), { ...style, color: COLOURS.ink, weight: 1.6 }), 4.2);
    return growing(L.circleMarker(spot(item.at), style), used ? 3.4 : 2.6);
  }

  // A site of two plans: only in the first, only in the second, in both.
  function compared(item) {
    const ranks = { a: [item.rank_a], b: [item.rank_b], both: [item.rank_a, item.rank_b] }[item.side];
    const text = [...new Set(ranks.filter((rank) => rank !== undefined && rank !== null))].join("/");
    const icon = L.divIcon({ className: `planner-compared planner-${item.side}`, html: element("span", "", text), iconSize: [text.length > 3 ? 38 : 24, 24] });
    const marker = L.marker(spot(item.at), { icon, alt: item.name || item.id || "" });
    return facility(marker, item, "difference");
  }

  // Small where the whole county is in view, so that markers do not hide what they stand in.
  function growing(marker, radius) {
    const map = planner.map;
    const fit = () => marker.setRadius(radius * Math.min(1.2, Math.max(0.6, 0.6 + (map.getZoom() - 10.5) * 0.2)));
    marker.on("add", () => map.on("zoomend", fit) && fit());
    marker.on("remove", () => map.off("zoomend", fit));
    return marker;
  }

  function moving(marker, item, kind) {
    marker.on("dragend", () => {
      const at = marker.getLatLng().wrap();
      planner.redrawNext(kind); // the answer says where it stands now
      planner.send({ kind: "move", id: item.id, at: [at.lng, at.lat] });
    });
    return marker;
  }

  // Pins without a place wait in rows at the lower edge of the view, wherever that is, to be dragged to theirs.
  function parkingPlace(count) {
    const size = planner.map.getSize();
    const each = Math.max(1, Math.floor((size.x - 120) / 34));
    return planner.map.containerPointToLatLng([70 + 34 * (count % each), size.y - 45 - 34 * Math.floor(count / each)]);
  }

  function facility(marker, item, kind) {
    marker.plannerItem = item;
    marker.bindTooltip(() => element("span", "", item.name || item.id || ""), { direction: "top", offset: [0, -8] });
    marker.bindPopup(() => facilityCard(item, kind), { maxWidth: 320 });
    marker.on("popupopen", () => planner.picked(item));
    return marker;
  }

  function zoneLabel(zone) {
    const icon = L.divIcon({ className: "planner-label", html: element("span", "", zone.zone), iconSize: null });
    const marker = L.marker(spot(zone.label), { icon, pane: "labels", keyboard: false });
    marker.bindPopup(() => planner.card(zone.zone, "", rows(zone, "zones")), { maxWidth: 320 });
    return { marker, text: zone.zone, weight: zone.population || 0 };
  }

  // Names of the most populous zones first; a name that would lie on another one waits for a closer view.
  function thinLabels(labels) {
    const taken = [];
    for (const each of labels) {
      const at = planner.map.latLngToLayerPoint(each.marker.getLatLng());
      const half = [...each.text].reduce((sum, sign) => sum + (sign.charCodeAt(0) > 0x2e7f ? 7 : 3.8), 4);
      const box = [at.x - half, at.y - 9, at.x + half, at.y + 9];
      const free = taken.every((b) => box[0] > b[2] || box[2] < b[0] || box[1] > b[3] || box[3] < b[1]);
      if (free) taken.push(box);
      each.marker.setOpacity(free ? 1 : 0);
      const drawn = each.marker.getElement();
      if (drawn) drawn.classList.toggle("planner-away", !free);
    }
  }

  // ---- people ----------------------------------------------------------------------------------------------------------

  // People are summed by honeycomb-like cells of the screen, so that dots never crowd, at any zoom. The scale of people out
  // of reach is that of those not covered today, for both layers alike; the legend follows it.
  const CELL_PX = 15;
  const MARKS = { gained: [L.CircleMarker, 0.62], lost: [Diamond, 0.62], people: [L.CircleMarker, 0.5] };
  const fieldOf = (points, scaledBy) => ({ points, scaledBy, zoom: null, cells: {}, reference: 1 });
  let people = fieldOf(null, [2]);

  function peopleOf(found) {
    if (people.points !== found.points) people = fieldOf(found.points, [2]);
    return people;
  }

  // Fill `dots`, which is `group` or in it, whenever the view has changed.
  function dotted(group, dots, field, columns) {
    group.refresh = () => drawDots(dots, field, columns);
    if (planner.map.hasLayer(group)) group.refresh();
  }

  function drawDots(group, field, columns) {
    sum(field);
    group.clearLayers();
    const view = planner.map.getBounds().pad(0.3);
    for (const column of columns) {
      const meaning = columns.length === 1 ? "people" : ["gained", "lost"][column - 2];
      const [Mark, fillOpacity] = MARKS[meaning];
      const style = { pane: "people", weight: 0.6, color: "#fff", opacity: 0.7, fillColor: COLOURS[meaning], fillOpacity };
      for (const cell of field.cells[column]) {
        if (!view.contains(cell.at)) continue;
        const dot = new Mark(cell.at, { ...style, radius: radius(cell.people, field.reference) });
        const text = planner.setting.texts[`${meaning}_here`];
        dot.bindTooltip(() => element("span", "", fill(text, number(cell.people))));
        group.addLayer(dot);
      }
    }
  }

  function sum(field) {
    const zoom = planner.map.getZoom();
    if (field.zoom !== zoom) {
      field.zoom = zoom;
      for (const column of [2, 3]) field.cells[column] = cellsOf(field.points, column, zoom);
      const sizes = field.scaledBy.flatMap((column) => field.cells[column].map((cell) => cell.people)).sort((a, b) => a - b);
      field.reference = Math.max(1, sizes[Math.floor(sizes.length * 0.99)] || 1);
    }
    planner.showSizes(field.reference, (count) => radius(count, field.reference));
  }

  function cellsOf(points, column, zoom) {
    const cells = new Map();
    for (const point of points) {
      if (point[column] < 0.05) continue;
      const at = planner.map.project([point[1], point[0]], zoom);
      const row = Math.floor(at.y / (0.87 * CELL_PX));
      const place = Math.floor(at.x / CELL_PX + (row % 2) / 2);
      const key = `${place} ${row}`;
      const cell = cells.get(key) || { people: 0, lon: 0, lat: 0 };
      cell.people += point[column];
      cell.lon += point[0] * point[column];
      cell.lat += point[1] * point[column];
      cells.set(key, cell);
    }
    return [...cells.values()].map((cell) => ({ people: cell.people, at: L.latLng(cell.lat / cell.people, cell.lon / cell.people) }));
  }

  const radius = (count, reference) => Math.min(CELL_PX * 0.46, Math.max(0.9, CELL_PX * 0.42 * Math.sqrt(count / reference)));

  // ---- cards -----------------------------------------------------------------------------------------------------------

  planner.card = function (title, subline, lines, buttons) {
    const box = element("div", "planner-card");
    box.append(element("strong", "", title || "–"));
    if (subline) box.append(element("p", "", subline));
    const list = element("dl", "");
    for (const [name, value] of lines) list.append(element("dt", "", name), element("dd", "", value));
    if (lines.length) box.append(list);
    if (buttons && buttons.length) {
      const row = element("div", "planner-actions");
      row.append(...buttons);
      box.append(row);
    }
    return box;
  };

  // A facility's card; where the last answer from the server is about it, what that says follows.
  function facilityCard(item, kind) {
    const more = planner.answer && item.id !== undefined && planner.answer.id === item.id ? planner.answer.lines : [];
    return planner.card(item.name || item.id, subtitle(item, kind), [...rows(item, kind), ...more], planner.buttons(item, kind));
  }

  function subtitle(item, kind) {
    const { texts, words } = planner.setting;
    const excluded = item.excluded_reason ? words[`excluded_reason_${item.excluded_reason}`] || item.excluded_reason : null;
    const role = {
      sites: () => fill(texts.site_number, item.rank === undefined ? "" : item.rank),
      difference: () => texts[`side_${item.side}`],
      unplaced: () => item.note || texts.drag_here,
    }[kind];
    const state = item.locked ? texts.mark_locked : item.forbidden && item.status !== "forbidden" ? texts.mark_forbidden : null;
    return [role ? role() : words[`status_${item.status}`], state, excluded, item.kind, item.zone].filter(Boolean).join(" · ");
  }

  function rows(item, kind) {
    return (planner.setting.fields[kind] || [])
      .filter(([key]) => item[key] !== undefined && item[key] !== null && item[key] !== "")
      .map(([key, name, form]) => [name, FORM[form](item[key])]);
  }

  const FORM = {
    text: (value) => String(value),
    number: (value) => number(value),
    people: (value) => fill(planner.setting.texts.people, number(value)),
    metres: (value) => fill(planner.setting.texts.metres, number(value)),
    share: (value) => `${(100 * value).toFixed(1)}%`,
    yuan: (value) => {
      const shown = new Intl.NumberFormat("en", { maximumFractionDigits: 2 }).format(value / planner.setting.yuan_shown);
      return fill(planner.setting.texts.yuan, shown);
    },
  };
})();
