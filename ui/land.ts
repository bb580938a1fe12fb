// Outlines of the world's countries for the map, made when the pages are built: whoever looks at the
// map loads paths that are ready to draw, and no tile from anywhere.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { geoMercator, geoPath } from "d3-geo";
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import type { Plugin } from "vite";

import { CLIP, SCALE, TRANSLATE } from "./src/map/projection.ts";

const ID = "virtual:land";
const PLACES = 1; // Digits after the point; the map is 1000 wide.

function outlines(): { land: string; borders: string } {
  const file = createRequire(import.meta.url).resolve("world-atlas/countries-50m.json");
  const world = JSON.parse(readFileSync(file, "utf8")) as Topology<{ countries: GeometryCollection; land: GeometryCollection }>;
  const projection = geoMercator().scale(SCALE).translate(TRANSLATE).clipExtent(CLIP);
  const path = geoPath(projection).digits(PLACES);
  return {
    land: path(feature(world, world.objects.land)) ?? "",
    borders: path(mesh(world, world.objects.countries, (one, two) => one !== two)) ?? "",
  };
}

/** Gives `virtual:land`: two SVG paths, `land` and `borders`, in the map's own units. */
export function land(): Plugin {
  return {
    name: "allod-land",
    resolveId: (id) => (id === ID ? `\0${ID}` : null),
    load(id) {
      if (id !== `\0${ID}`) return null;
      const { land, borders } = outlines();
      return `export const land = ${JSON.stringify(land)};\nexport const borders = ${JSON.stringify(borders)};\n`;
    },
  };
}
