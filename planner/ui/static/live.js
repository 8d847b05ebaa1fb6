// What changes on the map while it stays, what its legend says, and what the reader does with it.
//
// `planner.live(kind)` makes an empty layer; `planner.update(change)` fills the layers by kind:
// {urls: {content: url}, shown: [kind], actions: [what], drawing: bool, step: text, seen: number of the last event answered}.
// `planner.send(event)` tells the page; every event has a number of its own and is told until it is answered.
(function () {
  "use strict";

  const planner = window.planner;
  const { element, number } = planner;

  const LAYERS_OF = {
    proposed: ["proposed"],
    candidates: ["candidates"],
    people: ["before", "after"],
    difference: ["difference"],
    gaps: ["gaps"],
    area: ["area"],
    here: ["here"],
    unplaced: ["unplaced"],
    sites: ["sites"],
  };
  const COUNTED = ["sites", "candidates", "gaps", "unplaced"];
  const OUTBOX = 8;

  const live = {};
  const drawn = {};
  const counts = {};
  const ticked = new Map();
  let now = { urls: {}, shown: [], actions: [], drawing: false, step: "", seen: 0 };
  let control = null;
  let showing = false;
  let planned = false;

  planner.answer = null;
  planner.seen = 0;
  planner.isAnswered = () => outbox.length === 0;
  planner.allows = (what) => now.actions.includes(what);

  planner.live = function (kind) {
    const group = (live[kind] = L.featureGroup());
    const refresh = () => group.refresh && planner.map.hasLayer(group) && group.refresh();
    group.on("add", refresh);
    planner.map.on("moveend", refresh);
    return group;
  };

  planner.update = function (change) {
    if (change.step !== now.step) ticked.clear();
    const others = String(change.actions) !== String(now.actions);
    const last = now;
    now = change;
    outbox = outbox.filter((event) => event.serial > change.seen);
    planner.seen = change.seen;
    if (!outbox.length) stopWaiting();
    if (others) planner.redrawNext("sites");
    for (const content of Object.keys(LAYERS_OF)) setContent(content, change.urls[content] || null);
    showLayers();
    setDrawing(change.drawing, Boolean(last.urls.area && !change.urls.area));
    fillLegend();
    refreshCard();
    return L.layerGroup();
  };

  // The content is drawn anew at the next update, even where it is the same.
  planner.redrawNext = (content) => delete drawn[content];

  function setContent(content, url) {
    if (drawn[content] === url) return;
    drawn[content] = url;
    if (url === null) return replace(content, null);
    planner.load(url, (found) => drawn[content] === url && replace(content, found));
  }

  function replace(content, found) {
    const open = openItem() || kept;
    const fades = planner.map._fadeAnimated;
    planner.map._fadeAnimated = false; // a card that stays open does not flicker
    for (const kind of LAYERS_OF[content]) {
      live[kind].clearLayers();
      live[kind].refresh = null;
      if (found) planner.draw[kind](live[kind], found);
    }
    counts[content] = found && COUNTED.includes(content) ? found.length : null;
    if (content === "people") planned = Boolean(found) && found.points.some((point) => point[2] !== point[3]);
    if (content === "here") showAnswer(found);
    if (open && !isCardOpen()) reopen(open);
    planner.map._fadeAnimated = fades;
    kept = isCardOpen() ? null : open; // a site may come back as a candidate, with the content that is still on its way
    fillLegend();
  }

  // ---- what is on: as the step says, until the reader ticks otherwise ---------------------------------------------------

  function showLayers() {
    showing = true;
    for (const [kind, group] of Object.entries(live)) {
      const on = ticked.has(kind) ? ticked.get(kind) : now.shown.includes(kind);
      if (on && !planner.map.hasLayer(group)) planner.map.addLayer(group);
      if (!on && planner.map.hasLayer(group)) planner.map.removeLayer(group);
    }
    showing = false;
  }

  function onTick(event) {
    const kind = Object.keys(live).find((each) => live[each] === event.layer);
    if (kind && !showing) ticked.set(kind, event.type === "overlayadd");
    fillLegend();
  }

  // ---- the legend ------------------------------------------------------------------------------------------------------

  planner.legend = function (layerControl, texts) {
    control = layerControl;
    const box = (planner.legendBox = control.getContainer());
    L.DomUtil.addClass(box, "planner-legend");
    const heading = element("button", "planner-legend-heading", texts.heading);
    heading.type = "button";
    heading.onclick = () => heading.setAttribute("aria-expanded", String(!box.classList.toggle("planner-folded")));
    heading.setAttribute("aria-expanded", "true");
    box.prepend(heading);
    sizes.note = element("p", "");
    sizes.texts = texts;
    sizes.box = element("div", "planner-sizes");
    const notes = element("div", "planner-legend-notes");
    notes.append(sizes.note, sizes.box, element("p", "", texts.bands), (sizes.reach = element("p", "", texts.reach)));
    box.append(notes);
    if (planner.map.getSize().x < 560) heading.click();
    L.DomEvent.disableClickPropagation(box);
    L.DomEvent.disableScrollPropagation(box);
    const fit = () => (box.style.maxHeight = `${planner.map.getSize().y - 48}px`);
    planner.map.on("resize", fit);
    fit();
    heading.addEventListener("click", planner.keepPopupsClear);
    planner.map.on("overlayadd overlayremove", onTick);
    const plain = control._update;
    control._update = function () {
      const made = plain.call(this); // Leaflet writes all lines anew, as they were at first
      fillLegend();
      return made;
    };
    fillLegend();
    planner.styled().then(planner.settle);
  };

  // Lines of layers that have content now, with how much of it.
  function fillLegend() {
    if (!control) return;
    for (const name of control.getContainer().querySelectorAll("[data-kind]")) {
      const kind = name.dataset.kind;
      if (!live[kind]) continue;
      const content = Object.keys(LAYERS_OF).find((each) => LAYERS_OF[each].includes(kind));
      const same = kind === "after" && !planned && !now.shown.includes(kind); // there is no plan: people are those of today
      name.closest("label").hidden = !now.urls[content] || counts[content] === 0 || same;
      const count = name.querySelector("small");
      if (count) count.textContent = counts[content] ? number(counts[content]) : "";
    }
    const [people, change, reach] = [["before", "after"], ["difference"], ["proposed"]].map((kinds) => kinds.some(isSeen));
    sizes.note.textContent = change ? sizes.texts.change : sizes.texts.dots;
    sizes.note.hidden = sizes.box.hidden = !people && !change;
    sizes.box.classList.toggle("planner-change", change);
    sizes.reach.hidden = !reach;
  }

  const isSeen = (kind) => Boolean(live[kind] && planner.map.hasLayer(live[kind]) && live[kind].getLayers().length);
  const sizes = { note: null, box: null, reach: null, texts: null };

  planner.showSizes = function (reference, radius) {
    if (!sizes.box) return;
    const largest = roundDown(reference);
    const steps = [roundDown(largest / 20), roundDown(largest / 4), largest].filter((step) => step >= 1);
    sizes.box.replaceChildren(
      ...steps.map((step) => {
        const dot = element("i", "");
        dot.style.width = dot.style.height = `${2 * radius(step)}px`;
        const box = element("span", "");
        box.append(dot, element("small", "", number(step)));
        return box;
      }),
    );
  };

  function roundDown(value) {
    if (value < 1) return 0;
    const power = 10 ** Math.floor(Math.log10(value));
    return power * [5, 2, 1].find((factor) => factor * power <= value);
  }

  // ---- what the reader does --------------------------------------------------------------------------------------------

  let outbox = [];
  let serial = 0;
  let waiting = null;
  let opening = false;
  let byKey = false;

  planner.send = function (event) {
    if (!now.step) return;
    serial = Math.max(Date.now(), serial + 1);
    if (event.kind === "click" || event.kind === "pick") planner.redrawNext("here");
    kept = null;
    outbox = [...outbox, { serial, ...event }].slice(-OUTBOX);
    window.Streamlit.setComponentValue({ events: outbox });
  };

  planner.listen = function () {
    const map = planner.map;
    map.getContainer().addEventListener("keydown", onKey, true);
    map.getContainer().addEventListener("pointerdown", () => (byKey = false), true);
    map.on("click", (event) => {
      const again = event.originalEvent && event.originalEvent.detail > 1; // the second of a double click
      if (again || !now.step) return;
      const at = event.latlng.wrap();
      startWaiting(at);
      planner.send({ kind: "click", at: [at.lng, at.lat] });
    });
  };

  function onKey(event) {
    byKey = true;
    if (event.key !== "Escape" || !isCardOpen()) return;
    const source = planner.map._popup._source;
    planner.map.closePopup();
    if (source && source.getElement && source.getElement()) source.getElement().focus();
  }

  // A facility's card was opened, by the reader or once more after a change.
  planner.picked = function (item) {
    if (opening || item.id === undefined) return;
    planner.send({ kind: "pick", id: item.id, at: item.at || null });
    focusButtons();
  };

  // Whoever came by the keyboard goes on by it.
  function focusButtons() {
    const first = document.querySelector(".leaflet-popup .planner-actions button");
    if (byKey && first) first.focus();
  }

  planner.buttons = function (item, kind) {
    if (!now.step || item.id === undefined) return [];
    return now.actions.filter((what) => offered(what, item, kind)).map((what) => {
      const button = element("button", `planner-action planner-${what}`, planner.setting.texts[`act_${what}`]);
      button.type = "button";
      button.onclick = () => {
        for (const each of button.parentElement.children) each.disabled = true;
        planner.send({ kind: "act", id: item.id, what });
      };
      return button;
    });
  };

  function offered(what, item, kind) {
    const open = kind === "sites" || kind === "candidates";
    if (what === "lock") return open && !item.locked;
    if (what === "forbid") return open && !item.forbidden;
    if (what === "free") return open && Boolean(item.locked || item.forbidden);
    return kind === "sites" && (what === "drop" || what === "replace");
  }

  // At once, so that the reader sees that the click was heard.
  function startWaiting(at) {
    stopWaiting();
    const icon = L.divIcon({ className: "planner-waiting", iconSize: [22, 22] });
    waiting = L.marker(at, { icon, interactive: false, keyboard: false }).addTo(planner.map);
  }

  function stopWaiting() {
    if (waiting) waiting.remove();
    waiting = null;
  }

  // ---- the card of the answer, and cards that stay open through a change ------------------------------------------------

  function showAnswer(found) {
    planner.answer = found;
    const last = answerCard;
    answerCard = null;
    if (last) last.remove();
    if (!found) return;
    const marker = found.id === null || found.id === undefined ? null : markerOf(found.id);
    if (marker) return reopen(marker.plannerItem);
    const card = planner.card(found.title, "", found.lines);
    const popup = (answerCard = L.popup({ maxWidth: 320 }).setLatLng(planner.spot(found.at)).setContent(card));
    popup.on("remove", () => answerCard === popup && live.here.clearLayers()); // the area goes with its card
    popup.openOn(planner.map);
  }

  let answerCard = null;
  let kept = null;

  const isCardOpen = () => Boolean(planner.map._popup && planner.map._popup.isOpen());

  function openItem() {
    const source = isCardOpen() ? planner.map._popup._source : null;
    return (source && source.plannerItem) || null;
  }

  function markerOf(id) {
    let found = null;
    planner.map.eachLayer((layer) => {
      if (layer.plannerItem && layer.plannerItem.id === id) found = layer;
    });
    return found;
  }

  function reopen(item) {
    const marker = item.id === undefined ? null : markerOf(item.id);
    if (!marker) return;
    opening = true;
    if (!marker.isPopupOpen()) marker.openPopup();
    else if (!saysTheSame(marker.getPopup(), marker)) marker.getPopup().update();
    opening = false;
    focusButtons();
  }

  // A card that is drawn anew under a finger takes the button away from it: only where it says something else.
  function saysTheSame(popup, marker) {
    const shown = popup.getElement().querySelector(".planner-card");
    return Boolean(shown) && shown.isEqualNode(popup.getContent()(marker));
  }

  function refreshCard() {
    if (openItem()) reopen(openItem());
  }

  // ---- drawing: `draw.js` brings the tool and keeps its clicks to itself, where it is there -----------------------------

  planner.drawn = (ring) => planner.send({ kind: "draw", ring });

  function setDrawing(wanted, cleared) {
    if (!planner.drawing) return;
    if (cleared) planner.drawing(false); // what was drawn goes with it
    planner.drawing(wanted);
  }
})();
