// What ESLint looks for in the JavaScript of the book: tests/javascript.py.
import js from "@eslint/js";
import globals from "globals";

// `_` is no function: what it has is translated while the file is copied.
const page = { ...globals.browser, _: "readonly" };

const rules = {
  ...js.configs.recommended.rules,
  "no-empty": ["error", { allowEmptyCatch: true }],
  "no-implicit-globals": "error",
  "no-var": "error",
  "prefer-const": "error",
  eqeqeq: "error",
};

export default [
  {
    files: ["booktools/sphinxext/assets/*.js", "booktools/render/assets/pdf.js"],
    languageOptions: { sourceType: "script", globals: page },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules,
  },
  {
    files: ["booktools/render/assets/figure.js", "chapters/touch/**/*.js"],
    languageOptions: { globals: page },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules,
  },
  {
    files: ["booktools/render/assets/{bundle,katex}.js"],
    languageOptions: { sourceType: "commonjs", globals: globals.node },
    rules,
  },
  {
    files: ["**/*.mjs"],
    languageOptions: { globals: globals.node },
    rules,
  },
];
