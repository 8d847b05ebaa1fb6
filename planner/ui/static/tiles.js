// Streets from a PMTiles archive (planner/ui/map/tiles.py), drawn by protomaps-leaflet in the look of the other streets.
(function () {
  "use strict";

  const planner = window.planner;
  const DEEPEST = 13; // as in tiles.py: the last zoom that has tiles of its own
  const TIERS = [3, 2, 1, 0]; // the broadest streets come last, and lie on top

  // Streamlit answers no range requests, so the archive lies there in pieces: `url` followed by a number, each so many bytes
  // long as the last number of `url` says.
  class Pieces {
    constructor(url) {
      this.url = url;
      this.size = Number(url.match(/(\d+)-$/)[1]);
      this.kept = new Map();
    }

    getKey() {
      return this.url;
    }

    piece(number) {
      if (!this.kept.has(number)) {
        const coming = fetch(this.url + number).then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(answer)));
        coming.catch(() => this.kept.delete(number));
        this.kept.set(number, coming);
      }
      return this.kept.get(number);
    }

    async getBytes(offset, length) {
      const first = Math.floor(offset / this.size);
      const last = Math.floor((offset + length - 1) / this.size);
      const pieces = await Promise.all(Array.from({ length: last - first + 1 }, (_, i) => this.piece(first + i)));
      const start = offset - first * this.size;
      return { data: await new Blob(pieces).slice(start, start + length).arrayBuffer() };
    }
  }

  planner.tiles = function (url) {
    const rule = (tier) => ({
      dataLayer: "streets",
      filter: (zoom, feature) => feature.props.tier === tier,
      symbolizer: new protomapsL.LineSymbolizer({
        color: planner.streetColours[tier],
        width: (zoom) => planner.streetWidth(tier, zoom),
        lineCap: "round",
        lineJoin: "round",
      }),
    });
    return protomapsL.leafletLayer({
      url: new pmtiles.PMTiles(new Pieces(url)),
      maxDataZoom: DEEPEST,
      paintRules: TIERS.map(rule),
      attribution: "", // the map says it already
      pane: "streets",
      lang: "",
      devicePixelRatio: Math.max(2, window.devicePixelRatio || 1),
      updateWhenZooming: false,
      keepBuffer: 3,
      maxZoom: 22,
    });
  };
})();
