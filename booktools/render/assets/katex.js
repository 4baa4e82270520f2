// Formulas -> HTML, and the characters that fonts draw of them.
//
// node katex.js FOLDER, where KaTeX lies in FOLDER.  stdin is JSON: a list of
// [tex, display].  stdout is a list with one answer to each: {html, math,
// bold, other} or {error, position}: characters by the fonts that draw them.
const { readFileSync } = require("node:fs");
const path = require("node:path");

const folder = path.resolve(process.argv[2]);
const katex = require(path.join(folder, "dist", "katex.js"));

// Which fonts draw a node, by its classes: those of variables, bold ones, all
// others.  Only \textbf can stand inside of another family.
const any = (...names) => (classes) => names.some((n) => classes.includes(n));
const isMath = any("mathnormal", "boldsymbol");
const isBold = any("mathbf", "textbf");
const isOther = (classes) => !isMath(classes) && !any("mathbf")(classes);

// What fonts of a kind draw of a node.
const text = ({ classes = [], text: own = "", children = [] }, isKind) => {
  if (classes.includes("katex-mathml")) return "";
  return (isKind(classes) ? own : "")
    + children.map((child) => text(child, isKind)).join("");
};

// What keeps a line as high as KaTeX wants it: in a line of text, that is high
// enough for letters with an index by itself.  And HTML knows what MathML is.
const STRUT =
  /<span class="[a-z-]*strut" style="height:([\d.]+)em;(?:vertical-align:-([\d.]+)em;)?"><\/span>/g;
const isLow = (height, depth) => height - depth <= 1 && depth <= 0.43;
const shorten = (markup, display) =>
  markup
    .replace(/ xmlns="[^"]*"/, "")
    .replace(STRUT, (strut, height, depth = 0) =>
      !display && isLow(Number(height), Number(depth)) ? "" : strut);

// A letter or a number by itself is read out, and copied, as it stands: of these
// a page has hundreds.
const PLAIN = /^\s*([A-Za-z]|\d+(\.\d+)?)\s*$/;
const withoutMathML = (markup) =>
  markup.replace(/<span class="katex-mathml">.*?<\/math><\/span>/s, "")
    .replace(' aria-hidden="true"', "");

function render([tex, display]) {
  try {
    // Sphinx numbers equations; KaTeX would do so once more.
    const source = tex.replace(
      /\\(begin|end)\{(align|alignat|equation|gather)\}/g, "\\$1{$2*}");
    const tree = katex.__renderToDomTree(source, {
      // Fractions in rows would touch each other, or the rules of a table.
      macros: {
        "\\arraystretch": source.includes("\\hline") ? "1.7" : "1.3",
      },
      displayMode: display,
      throwOnError: true,
      // What only KaTeX forgives would break in the notebook; Chinese is fine.
      strict: (code) =>
        code === "unicodeTextInMathMode" ? "ignore" : "error",
    });
    const html = shorten(tree.toMarkup(), display);
    return {
      html: PLAIN.test(tex) && !display ? withoutMathML(html) : html,
      math: text(tree, isMath),
      bold: text(tree, isBold),
      other: text(tree, isOther),
    };
  } catch (error) {
    if (!(error instanceof katex.ParseError)) throw error;
    return { error: error.rawMessage, position: error.position ?? 0 };
  }
}

const formulas = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(formulas.map(render)));
