// Light, dark, or as the system says.

const KEY = "allod-theme";
const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export const theme = (): Theme => THEMES.find((name) => name === localStorage.getItem(KEY)) ?? "system";

export function choose(wanted: Theme): void {
  localStorage.setItem(KEY, wanted);
  if (wanted === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = wanted;
  // Charts are drawn in colours that they read once.
  dispatchEvent(new Event("allod-theme"));
}

export const next = (now: Theme): Theme => THEMES[(THEMES.indexOf(now) + 1) % THEMES.length]!;
export const begin = () => choose(theme());
