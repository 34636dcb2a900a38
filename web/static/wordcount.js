// 字数 as rules/length.py counts it, for the live counter; both are held to tests/word_counts.json.

const CJK =
  "\\u2e80-\\u2fff\\u3001-\\u303f\\u3040-\\u30ff\\u3100-\\u312f\\u3130-\\u318f\\u31a0-\\u4dbf\\u4e00-\\u9fff" +
  "\\ua960-\\ua97f\\uac00-\\ud7ff\\uf900-\\ufaff\\ufe10-\\ufe1f\\ufe30-\\ufe6f\\uff01-\\uffef\\u{20000}-\\u{3ffff}";
const CURLY = "\\u2018\\u2019\\u201c\\u201d";
const DASHES = "\\u2014\\u2014|\\u2026\\u2026|[\\u2014\\u2026]";
// Python's \s: JavaScript's, with the separators 1C to 1F and NEL, without the byte order mark.
const BLANK = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const COUNTED = new RegExp(`${DASHES}|[${CJK}${CURLY}]|[^${BLANK}${CJK}${CURLY}\\u2014\\u2026]+`, "gu");
const DOUBTFUL = new RegExp(`${DASHES}|[${CURLY}]`, "gu");

/** 字 of a text as Word's 字数 counts them. */
export function wordCount(text) {
  return (text.match(COUNTED) ?? []).length;
}

/** The lowest 字数 that a common program would give: dashes, ellipses and curly quotes count nothing. */
export function leastWordCount(text) {
  return wordCount(text.replace(DOUBTFUL, ""));
}

const SPACES = new RegExp(`[${BLANK}]`, "gu");
const without = (text, what) => [...text.replace(what, "")].length;

/** How a call counts: the length as shown, and the lowest that a program gives, as rules/length.py has them. */
export const COUNTS = {
  words: [wordCount, leastWordCount],
  characters: [(text) => without(text, SPACES), (text) => without(text, SPACES)],
  all_characters: [(text) => [...text].length, (text) => without(text, /[\r\n]/gu)],
};
