// Formulas -> HTML, and the glyphs that they need of each font.
//
// node katex.js FOLDER, where KaTeX lies in FOLDER.  stdin is JSON: a list of
// [tex, display].  stdout is a list with one answer to each: {html, glyphs}
// with glyphs = {file of a font: characters}, or {error, position}.
const { readFileSync } = require("node:fs");
const path = require("node:path");

const folder = path.resolve(process.argv[2]);
const katex = require(path.join(folder, "dist", "katex.js"));
const css = readFileSync(
  path.join(folder, "dist", "katex-swap.min.css"), "utf8");

// The rules about fonts: [selectors, {property: value}].  There are neither
// comments nor nested rules in this style.
const rules = css.split("}").map((rule) => rule.split("{"))
  .filter(([, body]) => body?.includes("font-"))
  .map(([head, body]) => [
    head.split(","),
    Object.fromEntries(body.split(";").map((line) => line.split(/:(.*)/))),
  ]);
const faces = rules.filter(([[head]]) => head === "@font-face")
  .map(([, face]) => ({ ...face, file: /fonts\/(.*?)\.woff2/.exec(face.src)[1] }));
// A selector as the classes of an element and of those around it.
const styles = rules.filter(([[head]]) => head !== "@font-face")
  .flatMap(([heads, style]) => heads.map((head) => [
    head.split(/[ >]+/).map((part) => part.split(".").slice(1)), style]));

function matches(parts, chain) {
  const has = (names, part) => part.every((name) => names.includes(name));
  if (!has(chain.at(-1), parts.at(-1))) return false;
  let left = parts.length - 2;
  for (let i = chain.length - 2; i >= 0 && left >= 0; i--) {
    if (has(chain[i], parts[left])) left--;
  }
  return left < 0;
}

// As a browser would: what an element does not set, it inherits.
function collect(node, above, inherited, glyphs) {
  const names = node.classes ?? [];
  if (names.includes("katex-mathml")) return;
  const chain = [...above, names];
  let font = inherited;
  for (const [parts, style] of styles) {
    if (matches(parts, chain)) font = { ...font, ...style };
  }
  if (node.text) {
    const family = faces.filter(
      (face) => face["font-family"] === font["font-family"]);
    const exact = family.filter((face) =>
      face["font-weight"] === font["font-weight"]
      && face["font-style"] === font["font-style"]);
    for (const { file } of exact.length ? exact : family) {
      glyphs[file] = (glyphs[file] ?? "") + node.text;
    }
  }
  for (const child of node.children ?? []) {
    collect(child, chain, font, glyphs);
  }
}

function render([tex, display]) {
  try {
    // Sphinx numbers equations; KaTeX would do so once more.
    const source = tex.replace(
      /\\(begin|end)\{(align|alignat|equation|gather)\}/g, "\\$1{$2*}");
    const tree = katex.__renderToDomTree(source, {
      // Fractions in the rows of a table would touch each other.
      macros: { "\\arraystretch": "1.3" },
      displayMode: display,
      throwOnError: true,
      // What only KaTeX forgives would break in the notebook; Chinese is fine.
      strict: (code) =>
        code === "unicodeTextInMathMode" ? "ignore" : "error",
    });
    const glyphs = {};
    const plain = {
      "font-family": "KaTeX_Main", "font-weight": "400", "font-style": "normal",
    };
    collect(tree, [], plain, glyphs);
    return { html: tree.toMarkup(), glyphs };
  } catch (error) {
    if (!(error instanceof katex.ParseError)) throw error;
    return { error: error.rawMessage, position: error.position ?? 0 };
  }
}

const formulas = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(formulas.map(render)));
