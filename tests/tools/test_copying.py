"""What lands on the clipboard when a reader copies from a page."""

import pytest

SELECT = """([first, last]) => {
  const range = document.createRange();
  range.setStartBefore(document.querySelector(first));
  range.setEndAfter(document.querySelector(last));
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}"""


@pytest.fixture
def tab(browser, address):
    context = browser.new_context(
        locale="zh-CN", permissions=["clipboard-read", "clipboard-write"]
    )
    page = context.new_page()
    page.goto(address + "chapters/calculus.html")
    yield page
    context.close()


def clipboard(tab, kind="text/plain"):
    return tab.evaluate(
        """async (kind) => {
          const [item] = await navigator.clipboard.read();
          return (await item.getType(kind)).text();
        }""",
        kind,
    )


def test_selected_formulas_become_tex(tab):
    tab.evaluate(
        SELECT,
        ["#sec-derivative", "#equation-eq-derivative"],
    )
    tab.keyboard.press("Control+c")
    text = clipboard(tab)
    assert "$$f'(x) = \\lim_{h \\to 0}" in text.replace("\n", "")
    assert "$h$" in text
    assert "导数" in text
    # Neither what screen readers hear nor what the eye sees of a formula.
    assert "​" not in text
    assert "\\lim" in clipboard(tab, "text/html")
    assert "katex" not in clipboard(tab, "text/html")


def test_a_selection_within_a_formula_takes_all_of_it(tab):
    tab.evaluate(
        """() => {
          const formula = document.querySelector(
            '.katex:has(annotation) .katex-html .mord');
          getSelection().selectAllChildren(formula);
        }"""
    )
    whole = tab.locator("annotation").first.text_content()
    tab.keyboard.press("Control+c")
    assert clipboard(tab).split() == f"${whole.strip()}$".split()


def test_other_selections_are_left_to_the_browser(tab):
    tab.evaluate(
        "getSelection().selectAllChildren(document.querySelector('h1'))"
    )
    tab.keyboard.press("Control+c")
    assert clipboard(tab).startswith("微积分")


def pointed_at(tab, section):
    """Scroll to a heading and point at it; nothing moves it any more."""
    heading = tab.locator(f"#{section} > h2")
    heading.scroll_into_view_if_needed()
    # Sections above it take their heights only once a page is scrolled.
    later = "article > section > section:not([style*=visible])"
    tab.locator(later).first.wait_for(state="detached")
    heading.hover()
    return heading


def test_a_section_is_copied_as_markdown(tab):
    heading = pointed_at(tab, "sec-gradient")
    heading.locator(".headerlink").click()
    tab.get_by_role("button", name="复制为 Markdown").click()
    tab.get_by_text("已复制").wait_for()
    text = clipboard(tab)
    assert text.startswith("## 梯度\n\n")
    assert text.endswith(
        "<https://a.github.io/b/chapters/calculus.html#sec-gradient>"
    )
    assert "```python" in text or "$" in text
    for leftover in ("{ref}", "{term}", "{eq}", "{check}", ":::", "<a id"):
        assert leftover not in text
    next_section = tab.locator("#sec-gradient + section > h2").text_content()
    assert next_section.strip("#") not in text.splitlines()


def test_a_section_has_a_link_to_cite(tab):
    heading = pointed_at(tab, "sec-gradient")
    heading.locator(".headerlink").focus()
    tab.keyboard.press("Enter")
    tab.keyboard.press("Enter")
    tab.get_by_text("已复制").wait_for()
    link = "https://a.github.io/b/chapters/calculus.html#sec-gradient"
    assert clipboard(tab) == link
    tab.keyboard.press("Escape")
    assert tab.get_by_role("button", name="复制链接").is_hidden()
    assert tab.url.endswith("#sec-gradient")


def test_code_is_copied_as_it_is(tab):
    cell = tab.locator(".cell_input").first
    cell.hover()
    cell.locator("button.copybtn").click()
    code = cell.locator("pre").inner_text()
    assert clipboard(tab).strip() == code.strip()
    assert not any(line.startswith(">>>") for line in code.splitlines())
