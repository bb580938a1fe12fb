// The colours of `base.css` as a canvas needs them: `light-dark()` worked out.

let probe: HTMLElement | null = null;

/** The colour that `--name` has now, such as `rgb(31, 127, 112)`. */
export function colour(name: string): string {
  if (!probe) {
    probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.setProperty("color", `var(--${name})`);
  return getComputedStyle(probe).color;
}

/** Call `redraw` when the theme changes, by hand or by the system; gives what ends that. */
export function onTheme(redraw: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  addEventListener("allod-theme", redraw);
  system.addEventListener("change", redraw);
  return () => {
    removeEventListener("allod-theme", redraw);
    system.removeEventListener("change", redraw);
  };
}
