// Streets: lines in whole steps of a fine grid, drawn tile by tile.
(function () {
  "use strict";

  const planner = window.planner;

  planner.streetColours = ["#a9b0b9", "#bcc2c9", "#cfd3d9", "#dcdfe3"];
  planner.streetWidth = (tier, zoom) => [2.1, 1.4, 0.95, 0.75][tier] * Math.min(3, Math.max(0.6, 2 ** ((zoom - 13) * 0.4)));

  const CELL_ZOOM = 13;
  planner.Streets = L.GridLayer.extend({
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
})();
