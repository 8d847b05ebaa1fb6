// Drawing one area on the map: a polygon or a rectangle, by the handlers of leaflet-draw, with buttons of our own.
(function () {
  "use strict";

  const planner = window.planner;
  const STYLE = { color: "#1d2733", weight: 2, opacity: 0.9, dashArray: "6 4", fillColor: "#1d2733", fillOpacity: 0.06 };
  const SHAPES = { polygon: "M4 7 L12 3 L20 9 L17 20 L6 18 Z", rectangle: "M4 6 H20 V18 H4 Z" };
  const REMOVE = "M6 6 L18 18 M18 6 L6 18";
  const CLICKS = ["preclick", "click", "dblclick"];
  const CLICK_FOLLOWS_MS = 350; // the browser reports the last press as a click too, on touch screens some time later

  let control = null;
  let area = null;
  let handler = null;

  // Called with the ring [[longitude, latitude], ...] (not closed) of a finished area, or null when it was removed.
  planner.drawn = planner.drawn || function () {};

  // Add the control to the map, or take it away with whatever was drawn; `texts` are those of the page's catalogue.
  planner.drawing = function (on, texts = planner.setting.texts) {
    if (on === (control !== null)) return;
    if (on) {
      speak(texts);
      holdClicks(planner.map);
      planner.map.on(L.Draw.Event.CREATED, finish);
      control = buttons(texts).addTo(planner.map);
    } else {
      stop();
      planner.map.off(L.Draw.Event.CREATED, finish);
      control.remove();
      control = null;
      if (area) area.remove();
      area = null;
    }
  };

  function speak(texts) {
    const said = L.drawLocal.draw.handlers;
    said.polygon.tooltip = { start: texts.draw_first, cont: texts.draw_next, end: texts.draw_close };
    said.polyline.error = texts.draw_crossing;
    said.rectangle.tooltip = { start: texts.draw_drag };
    said.simpleshape.tooltip = { end: texts.draw_release };
  }

  function buttons(texts) {
    const made = L.control({ position: "topleft" });
    made.onAdd = function () {
      const bar = L.DomUtil.create("div", "leaflet-bar leaflet-control planner-draw");
      bar.append(button(SHAPES.polygon, texts.draw_polygon, () => start(L.Draw.Polygon, { allowIntersection: false })));
      bar.append(button(SHAPES.rectangle, texts.draw_rectangle, () => start(L.Draw.Rectangle, {})));
      bar.append(button(REMOVE, texts.draw_remove, clear));
      L.DomEvent.disableClickPropagation(bar);
      return bar;
    };
    return made;
  }

  function button(path, title, act) {
    const made = L.DomUtil.create("a", "");
    const image = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    image.setAttribute("viewBox", "0 0 24 24");
    image.setAttribute("aria-hidden", "true");
    line.setAttribute("d", path);
    image.append(line);
    made.append(image);
    made.href = "#";
    made.title = title;
    made.setAttribute("role", "button");
    made.setAttribute("aria-label", title);
    L.DomEvent.on(made, "click", L.DomEvent.stop).on(made, "click", act);
    return made;
  }

  function start(Shape, options) {
    stop();
    planner.map.closePopup();
    handler = new Shape(planner.map, { showArea: false, showLength: false, shapeOptions: STYLE, ...options });
    handler.enable();
  }

  function stop() {
    if (handler) handler.disable();
    handler = null;
  }

  function finish(event) {
    if (area) area.remove();
    area = event.layer;
    area.options.interactive = false;
    area.addTo(planner.map);
    planner.drawn(area.getLatLngs()[0].map((each) => each.wrap()).map((at) => [at.lng, at.lat]));
  }

  function clear() {
    stop();
    if (!area) return;
    area.remove();
    area = null;
    planner.drawn(null);
  }

  // While something is being drawn, and just after, a click is part of the drawing: nobody who listens to the map hears of it.
  function holdClicks(map) {
    if (map.plannerHoldsClicks) return;
    map.plannerHoldsClicks = true;
    const fire = map.fire;
    let until = 0;
    map.on(L.Draw.Event.DRAWSTART, () => (until = Infinity));
    map.on(L.Draw.Event.DRAWSTOP, () => (until = performance.now() + CLICK_FOLLOWS_MS));
    map.fire = function (type, ...rest) {
      return CLICKS.includes(type) && performance.now() < until ? this : fire.call(this, type, ...rest);
    };
  }
})();
