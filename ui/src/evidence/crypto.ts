// SHA-256 and Ed25519, by the browser itself; nothing here or elsewhere asks a server.

import type { Bytes } from "./canonical.ts";
import { WrongUse } from "./refusal.ts";

/** The browser's own cryptography, which it has for pages over https and on its own machine. */
function subtle(): SubtleCrypto {
  const found = globalThis.crypto?.subtle;
  if (found === undefined) {
    throw new WrongUse(
      "this browser has no cryptography for a page that came over plain http",
      "open the page over https or on the node's own machine, or use 'allod verify'",
    );
  }
  return found;
}

export async function sha256(...parts: Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await subtle().digest("SHA-256", joined(parts)));
}

/** Whether `signature` is one by the key `publicKey` for `message`. */
export async function ed25519(publicKey: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  let key: CryptoKey;
  try {
    key = await subtle().importKey("raw", publicKey, "Ed25519", false, ["verify"]);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") {
      throw new WrongUse("this browser does not know Ed25519", "use a newer one, or 'allod verify'");
    }
    if (error instanceof DOMException) return false; // No point of the curve.
    throw error;
  }
  return subtle().verify("Ed25519", key, signature, message);
}

export function joined(parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
