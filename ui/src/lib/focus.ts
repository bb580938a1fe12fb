// Where the keyboard is, kept: a browser lets go of what is taken away or disabled while it has the focus, and
// whoever works by keys, or hears the page, would begin again at its top.

/** What may be gone to where something within it is gone. */
const PLACES = "[tabindex], section, main";

/** Keep it on the whole page; gives what ends that. */
export function keepFocus(): () => void {
  /** What has the focus, and all around it; of a dialog's, the same of where it was opened. */
  let trail: HTMLElement[] = [];
  let opener: HTMLElement[] = [];

  function come({ target }: FocusEvent): void {
    const dialog = target instanceof HTMLElement ? target.closest("dialog") : null;
    if (!dialog) opener = [];
    else if (!trail.includes(dialog)) opener = trail;
    trail = [];
    for (let at = target instanceof HTMLElement ? target : null; at; at = at.parentElement) trail.push(at);
  }

  /** Let go of by whoever works here: then nothing is kept. */
  function left({ relatedTarget }: FocusEvent): void {
    const mine = trail;
    if (relatedTarget === null) queueMicrotask(() => trail === mine && lost(mine[0]) === null && (trail = []));
  }

  function mend(): void {
    const [last] = trail;
    if (!last || document.activeElement !== document.body) return;
    const how = lost(last);
    // Disabled while something is under way, it has it again when that is done.
    if (how === "disabled") return;
    const to = how === null ? last : [...opener, ...trail].find((one) => lost(one) === null && one.matches(PLACES));
    if (!to) return;
    if (to.tabIndex < 0 && !to.hasAttribute("tabindex")) to.tabIndex = -1;
    to.focus({ preventScroll: true });
  }

  const watch = new MutationObserver(mend);
  watch.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["disabled", "open"] });
  document.addEventListener("focusin", come);
  document.addEventListener("focusout", left);
  return () => {
    watch.disconnect();
    document.removeEventListener("focusin", come);
    document.removeEventListener("focusout", left);
  };
}

/** Why it cannot have the focus; null: it can. */
const lost = (one: HTMLElement | undefined) => (!one ? null : !one.checkVisibility() ? "gone" : one.matches(":disabled") ? "disabled" : null);
