/// <reference types="svelte" />
declare module "virtual:land" {
  /** Outline of all land, as an SVG path in the map's units. */
  export const land: string;
  /** Borders between countries, as an SVG path in the map's units. */
  export const borders: string;
}
