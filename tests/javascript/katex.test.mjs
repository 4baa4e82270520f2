// What katex.js answers, with the KaTeX that the book uses.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const script = "booktools/render/assets/katex.js";

function render(...formulas) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath, [script, "booktools/npm/katex/node_modules/katex"],
    { input: JSON.stringify(formulas), encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

test("a formula becomes HTML, with its TeX for those who copy it", () => {
  const [{ html }] = render(["x^2", false]);
  assert.match(html, /<annotation encoding="application\/x-tex">x\^2</);
  assert.doesNotMatch(html, /katex-display/);
});

test("a letter or a number is read out as it stands", () => {
  for (const tex of ["x", " h ", "12", "0.5"]) {
    const [{ html }] = render([tex, false]);
    assert.doesNotMatch(html, /aria-hidden|<math/);
    assert.equal(html.replace(/<[^>]*>/g, ""), tex.trim());
  }
  for (const tex of ["xy", "-1", "\\pi", "x_1"]) {
    assert.match(render([tex, false])[0].html, /<math/);
  }
  assert.match(render(["x", true])[0].html, /<math/);
});

test("a displayed formula is displayed", () => {
  assert.match(render(["x", true])[0].html, /katex-display/);
});

test("no number is given to an equation: Sphinx gives it", () => {
  const [{ html }] = render(["\\begin{align} a &= b \\end{align}", true]);
  assert.doesNotMatch(html, /eqn-num|class="tag"/);
});

test("an error says what is wrong and where", () => {
  const [{ error, position }] = render(["a + \\nothing", false]);
  assert.match(error, /nothing/);
  assert.equal(position, 4);
});

test("an error in one formula does not stop the others", () => {
  const [first, second, third] = render(
    ["a", false], ["\\frac{", false], ["b", false]);
  assert.ok(first.html && second.error && third.html);
});

test("Chinese is fine in a text, and what only KaTeX forgives is not", () => {
  const [chinese, lenient] = render(["\\text{斜率}", false], ["x % a note", false]);
  assert.match(chinese.html, /斜率/);
  assert.ok(lenient.error);
});
