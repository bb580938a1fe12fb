// Where the cells of a pool lie on the heat map. Pure arithmetic: cells go in rows, those of one NVLink
// domain stand together as a block, and a cell is found again by division, however many there are.

/** Cells on a plane that is scrolled up and down only. Lengths in CSS pixels. */
export type Layout = {
  cells: number;
  /** Nodes that one cell stands for: 1, an NVLink domain, or several of them. */
  per: number;
  /** Side of a cell, the line between it and the next included. */
  size: number;
  /** Cells of one block, and how many of them stand side by side. */
  block: number;
  across: number;
  /** Blocks in a row. */
  columns: number;
  pitch_x: number;
  pitch_y: number;
  height: number;
};

const SIZES = [64, 48, 40, 32, 28, 24, 20, 17, 14, 12, 10, 9, 8, 7, 6, 5];
/** Between NVLink domains. */
const GAP = 4;
const GAP_SMALL = 2;

/**
 * The largest cells with which all `nodes` fit into `width` x `height`, one for each node if that can be
 * seen, else one for each domain, else for several. Each step of `zoom` gives twice the height.
 */
export function laid(nodes: number, domain: number, width: number, height: number, zoom = 0): Layout {
  const room = height * 2 ** zoom;
  const single = fitting(nodes, 1, domain, width, room);
  if (single) return single;
  for (let per = Math.max(2, domain); ; per *= 2) {
    const found = fitting(nodes, per, 1, width, room);
    if (found || per >= nodes) return found ?? at(nodes, per, 1, width, SIZES.at(-1)!);
  }
}

function fitting(nodes: number, per: number, block: number, width: number, room: number): Layout | null {
  for (const size of SIZES) {
    const found = at(nodes, per, block, width, size);
    if (found.height <= room) return found;
  }
  return null;
}

function at(nodes: number, per: number, block: number, width: number, size: number): Layout {
  const cells = Math.ceil(nodes / per);
  const gap = block > 1 ? (size < 8 ? GAP_SMALL : GAP) : 0;
  const across = Math.max(1, Math.min(side(block), Math.floor(width / size)));
  const pitch_x = across * size + gap;
  const pitch_y = Math.ceil(block / across) * size + gap;
  const columns = Math.max(1, Math.floor((width + gap) / pitch_x));
  const height = Math.ceil(Math.ceil(cells / block) / columns) * pitch_y;
  return { cells, per, size, block, across, columns, pitch_x, pitch_y, height };
}

/** The width of a block of `count` cells that is nearly square and, if it can be, full. */
function side(count: number): number {
  const root = Math.ceil(Math.sqrt(count));
  for (let across = root; across <= 2 * root; across++) if (count % across === 0) return across;
  return root;
}

/** The upper left corner of cell `index`. */
export function place(layout: Layout, index: number): { x: number; y: number } {
  const [block, inside] = [Math.floor(index / layout.block), index % layout.block];
  return {
    x: (block % layout.columns) * layout.pitch_x + (inside % layout.across) * layout.size,
    y: Math.floor(block / layout.columns) * layout.pitch_y + Math.floor(inside / layout.across) * layout.size,
  };
}

/** The cell at a point; -1 between blocks and where none is. */
export function cellAt(layout: Layout, x: number, y: number): number {
  if (x < 0 || y < 0) return -1;
  const [column, row] = [Math.floor(x / layout.pitch_x), Math.floor(y / layout.pitch_y)];
  const right = Math.floor((x - column * layout.pitch_x) / layout.size);
  const down = Math.floor((y - row * layout.pitch_y) / layout.size);
  const inside = down * layout.across + right;
  if (column >= layout.columns || right >= layout.across || inside >= layout.block) return -1;
  const index = (row * layout.columns + column) * layout.block + inside;
  return index < layout.cells ? index : -1;
}

/** Cells between two heights, as [first, behind the last]; some outside may be among them. */
export function between(layout: Layout, top: number, bottom: number): [number, number] {
  const row = layout.columns * layout.block;
  const first = Math.max(0, Math.floor(top / layout.pitch_y)) * row;
  const last = Math.ceil(bottom / layout.pitch_y) * row;
  return [Math.min(first, layout.cells), Math.min(layout.cells, Math.max(first, last))];
}

/** The cell that an arrow, Home or End leads to from `index`; null for every other key. */
export function moved(layout: Layout, index: number, key: string): number | null {
  const within = (cell: number) => Math.max(0, Math.min(layout.cells - 1, cell));
  switch (key) {
    case "ArrowRight":
      return within(index + 1);
    case "ArrowLeft":
      return within(index - 1);
    case "Home":
      return 0;
    case "End":
      return layout.cells - 1;
    case "ArrowDown":
      return nearest(layout, index, 1);
    case "ArrowUp":
      return nearest(layout, index, -1);
    default:
      return null;
  }
}

/** The cell above (-1) or below (1); the same one at the edge. */
function nearest(layout: Layout, index: number, way: 1 | -1): number {
  const { x, y } = place(layout, index);
  const [middle, half] = [x + layout.size / 2, layout.size / 2];
  for (const gap of [0, layout.pitch_y % layout.size]) {
    const found = cellAt(layout, middle, y + half + way * (layout.size + gap));
    if (found >= 0) return found;
  }
  return index;
}
