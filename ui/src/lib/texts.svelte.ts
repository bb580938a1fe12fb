// All words of the page, one catalogue a language. English is the one that all others follow; a
// language is added by a file in `texts/`, one in `texts/reasons/`, and a line here.

import en from "../texts/en.json";

type Catalogue = typeof en;
/** Name of a text. */
export type TextKey = keyof Catalogue;

/**
 * What the node says: reasons by code, words of their values, all else that it says by code, what figures rest on,
 * by name, kinds of problems, and fields of a workload. English has the node's own words.
 */
const PARTS = ["sentences", "values", "said", "bases", "problems", "fields"] as const;
type Reasons = Record<(typeof PARTS)[number], ReadonlyMap<string, string>>;

const OTHERS: Record<string, () => Promise<[Catalogue, Reasons]>> = {
  de: async () => both(await Promise.all([import("../texts/de.json"), import("../texts/reasons/de.json")])),
};

type Words = Record<string, string>;
const mapped = (of: Partial<Record<keyof Reasons, Words>>) => Object.fromEntries(PARTS.map((part) => [part, new Map(Object.entries(of[part] ?? {}))])) as unknown as Reasons;
const both = ([texts, { default: reasons }]: [{ default: Catalogue }, { default: Record<keyof Reasons, Words> }]): [Catalogue, Reasons] => [texts.default, mapped(reasons)];
const NO_REASONS = mapped({});

/** Languages by their own names. */
export const LANGUAGES: Record<string, string> = { en: "English", de: "Deutsch" };

const KEY = "allod-language";

/** `text` with `{name}`s put in. */
export const filled = (text: string, values: Record<string, string>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);

class Texts {
  language = $state("en");
  #texts = $state.raw<Catalogue>(en);
  /** What the language says for the node's own words; nothing in English. */
  reasons = $state.raw(NO_REASONS);

  /**
   * The text `key` with `{name}`s put in; numbers are written as the language writes them. Where a
   * text `key.one` stands beside it, that is taken for a `count` that the language calls one.
   */
  get(key: TextKey, values: Record<string, string | number> = {}): string {
    return this.#form(key, values["count"]).replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      if (value === undefined) return whole;
      return typeof value === "number" ? new Intl.NumberFormat(this.language).format(value) : value;
    });
  }

  #form(key: TextKey, count: string | number | undefined): string {
    const one = `${key}.one`;
    const single = typeof count === "number" && one in this.#texts && new Intl.PluralRules(this.language).select(count) === "one";
    return this.#texts[single ? (one as TextKey) : key];
  }

  /** A word of the API, such as a state, in the language; as it is where no text is known. */
  word(group: string, word: string): string {
    const key = `${group}.${word}`;
    return key in this.#texts ? this.#texts[key as TextKey] : word;
  }

  async choose(language: string): Promise<void> {
    const load = OTHERS[language];
    [this.#texts, this.reasons] = load ? await load() : [en, NO_REASONS];
    this.language = load ? language : "en";
    localStorage.setItem(KEY, this.language);
    document.documentElement.lang = this.language;
  }

  /** The language chosen before, else the browser's, else English. */
  async begin(): Promise<void> {
    const wanted = localStorage.getItem(KEY) ?? navigator.language.slice(0, 2);
    if (wanted in LANGUAGES) await this.choose(wanted);
  }
}

export const texts = new Texts();
/** Short for `texts.get`. */
export const t = (key: TextKey, values?: Record<string, string | number>) => texts.get(key, values);
