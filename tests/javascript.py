"""Check the JavaScript of the book with ESLint, and run its own tests."""

import sys
from pathlib import Path

from booktools.render import node

ROOT = Path(__file__).parents[1]
LINT = node.NPM / "lint"
CHECKED = (
    *("booktools", "tests/javascript"),
    *("chapters/touch",) * (ROOT / "chapters" / "touch").is_dir(),
)

node.require_packages("katex")  # KaTeX, which the tests run
eslint = node.require_packages("lint") / "eslint" / "bin" / "eslint.js"
config = ("--config", LINT / "eslint.config.mjs")
commands = [
    [eslint, *config, "--max-warnings", "0", *CHECKED],
    ["--test", "--test-reporter=dot", *ROOT.glob("tests/javascript/*.mjs")],
]
failed = 0
for command in commands:
    done = node.run_program("node", *map(str, command), cwd=ROOT)
    failed += done.returncode != 0
sys.exit(bool(failed))
