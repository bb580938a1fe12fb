// What the site page reads of the API, by short names.

import type { Shape } from "../api/client.ts";

export type Site = Shape<"SiteView">;
export type AccessClass = Shape<"ClassView">;
export type NodeMap = Shape<"NodeMapView">;
export type PoolMap = Shape<"PoolMapView">;
export type SitePower = Shape<"SitePowerView">;
export type PowerNode = Shape<"PowerNodeView">;
export type Call = Shape<"CallView">;
export type Quantity = Shape<"QuantityView">;
