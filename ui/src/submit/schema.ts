// The schema of a document as help for whoever writes it: what a field means, what may stand there.

export type Schema = {
  $ref?: string;
  $defs?: Record<string, Schema>;
  description?: string;
  type?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
};

/** A field that may stand at some place. */
export type Field = { name: string; help: string; required: boolean };

/** The schema at a path; null where the document may hold nothing of that name. */
export function at(root: Schema, path: readonly string[]): Schema | null {
  let here: Schema | null = resolved(root, root);
  for (const part of path) {
    const found: Schema | undefined = shapes(root, here).map((shape) => shape.properties?.[part] ?? shape.items).find((one) => one);
    if (!found) return null;
    here = merged(root, found);
  }
  return here;
}

/** Fields that may stand in the object at a path. */
export function fields(root: Schema, path: readonly string[]): Field[] {
  const here = at(root, path);
  if (!here) return [];
  return shapes(root, here).flatMap((shape) =>
    Object.keys(shape.properties ?? {}).map((name) => ({
      name,
      help: help(root, [...path, name]),
      required: shape.required?.includes(name) ?? false,
    })),
  );
}

/** What may stand at a path, if that can be counted. */
export function choices(root: Schema, path: readonly string[]): string[] {
  const here = at(root, path);
  if (!here) return [];
  return shapes(root, here)
    .flatMap((shape) => {
      const item = shape.items ? merged(root, shape.items) : shape;
      if (item.type === "boolean") return ["true", "false"];
      return shapes(root, item).flatMap((one) => (one.const === undefined ? (one.enum ?? []) : [one.const]));
    })
    .map(String);
}

/** What a field means, its default included; empty if the schema does not say. */
export function help(root: Schema, path: readonly string[]): string {
  const here = at(root, path);
  return here?.description ?? "";
}

function resolved(root: Schema, schema: Schema): Schema {
  const name = schema.$ref?.replace("#/$defs/", "");
  return name ? (root.$defs?.[name] ?? {}) : schema;
}

/** A schema with what it refers to; its own words go before those of what it refers to. */
function merged(root: Schema, schema: Schema): Schema {
  const { $ref: _, ...own } = schema;
  return { ...resolved(root, schema), ...own };
}

/** A schema, or those of which one must hold. */
function shapes(root: Schema, schema: Schema | null): Schema[] {
  if (!schema) return [];
  const whole = merged(root, schema);
  return whole.anyOf ? whole.anyOf.flatMap((one) => shapes(root, one)) : [whole];
}
