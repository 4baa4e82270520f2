// Formulas -> HTML, and the characters that fonts draw of them.
//
// node katex.js FOLDER, where KaTeX lies in FOLDER.  stdin is JSON: a list of
// [tex, display].  stdout is a list with one answer to each: {html, upright,
// italic} or {error, position}.
const { readFileSync } = require("node:fs");
const path = require("node:path");

const folder = path.resolve(process.argv[2]);
const katex = require(path.join(folder, "dist", "katex.js"));

// What fonts draw of a node: letters of variables, or all else.
const ITALIC = ["mathnormal", "boldsymbol"];
const text = ({ classes = [], text: own = "", children = [] }, italic) => {
  if (classes.includes("katex-mathml")) return "";
  const here = ITALIC.some((name) => classes.includes(name)) === italic;
  return (here ? own : "")
    + children.map((child) => text(child, italic)).join("");
};

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
    return {
      html: tree.toMarkup(),
      upright: text(tree, false),
      italic: text(tree, true),
    };
  } catch (error) {
    if (!(error instanceof katex.ParseError)) throw error;
    return { error: error.rawMessage, position: error.position ?? 0 };
  }
}

const formulas = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(formulas.map(render)));
