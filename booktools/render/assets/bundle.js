// Modules, with all that they import -> one script, by esbuild.
//
// node bundle.js FOLDER, where npm has put its packages.  stdin is JSON: {root,
// folder, entry}, a script that lies in a folder of the book.  stdout is
// {text, files} or {errors}, each error with {file, line, text}.
const { readFileSync } = require("node:fs");
const path = require("node:path");

const packages = path.resolve(process.argv[2]);
const { build } = require(path.join(packages, "esbuild"));

const { root, folder, entry } = JSON.parse(readFileSync(0, "utf8"));

const describe = ({ text, location }) => ({
  text, file: location?.file ?? "", line: location?.line ?? 1,
});

async function bundle() {
  const { errors = [], warnings = [], outputFiles, metafile } = await build({
    absWorkingDir: root,
    stdin: { contents: entry, resolveDir: folder },
    nodePaths: [packages],
    bundle: true,
    minify: true,
    metafile: true,
    write: false,
    logLevel: "silent",
    format: "iife",
    target: "es2022",
    charset: "utf8",
    // Not the settings of whoever builds.
    tsconfigRaw: "{}",
  }).catch((failure) => {
    if (!failure.errors?.length) throw failure;
    return failure;
  });
  const found = [...errors, ...warnings];
  if (found.length) return { errors: found.map(describe) };
  return { text: outputFiles[0].text, files: Object.keys(metafile.inputs) };
}

bundle().then((answer) => process.stdout.write(JSON.stringify(answer)));
