// The newest checkpoint as it is shown. It is read here and not verified: a receipt is verified, and
// with a key from elsewhere.

export type Head = { origin: string; size: number; root: string; signers: string[] };

/** What a signed note says (C2SP tlog-checkpoint); null if it is none. */
export function headOf(note: string): Head | null {
  const [body, signatures] = note.split("\n\n", 2);
  const [origin, size, root] = (body ?? "").split("\n");
  if (!origin || !size || !/^\d+$/.test(size) || !root) return null;
  const signers = (signatures ?? "")
    .split("\n")
    .map((line) => /^— (\S+) /.exec(line)?.[1])
    .filter((name) => name !== undefined);
  return { origin, size: Number(size), root, signers: [...new Set(signers)] };
}
