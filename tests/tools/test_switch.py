"""Readers go from language to language, and stay where they are."""

import re

import pytest
from playwright.sync_api import expect

from booktools.check.browser import VIEWS, serve

FIRST = "chapters/first.html"
NOTICE = "This book is shown in the language of your browser."
# Programs that steer a browser are not sent elsewhere; these are readers.
READER = "Object.defineProperty(navigator, 'webdriver', {get: () => false})"


@pytest.fixture(scope="module")
def home(bilingual):
    with serve(bilingual.html) as address:
        yield address


@pytest.fixture
def reader(browser):
    """Open a window of someone who has never been here."""
    contexts = []

    def reader(locale, view="light", **options):
        context = browser.new_context(locale=locale, **VIEWS[view] | options)
        context.add_init_script(READER)
        contexts.append(context)
        return context.new_page()

    yield reader
    for context in contexts:
        context.close()


def link(page):
    return page.locator("a.edition-link:visible")


@pytest.mark.parametrize("view", ["light", "phone"])
def test_the_same_section_in_the_other_language(home, reader, view):
    page = reader("zh-CN", view)
    page.goto(f"{home}{FIRST}#sec-square")
    expect(link(page)).to_have_text("English")
    (link(page).tap if view == "phone" else link(page).click)()
    expect(page).to_have_url(f"{home}en/{FIRST}#sec-square")
    expect(page.locator("h1")).to_contain_text("The first chapter")
    page.wait_for_load_state()  # or no script knows the section yet
    page.locator("#sec-exercises").scroll_into_view_if_needed()
    link(page).press("Enter")
    page.wait_for_url(f"{home}{FIRST}#sec-*")
    expect(page.locator("h1")).to_contain_text("第一章")


def test_where_reading_is_counts_not_only_the_address(home, reader):
    page = reader("zh-CN", viewport={"width": 900, "height": 500})
    page.goto(f"{home}{FIRST}")
    page.evaluate(
        "document.getElementById('sec-square')"
        ".scrollIntoView({behavior: 'instant'})"
    )
    page.wait_for_timeout(400)  # a reader looks at what is there
    link(page).focus()
    address = link(page).evaluate("link => link.href")
    assert address == f"{home}en/{FIRST}#sec-square"
    link(page).press("Enter")
    page.wait_for_url(f"{home}en/{FIRST}#sec-square")


def test_the_first_visit_follows_the_browser_once_and_says_so(home, reader):
    page = reader("en-GB")
    page.goto(f"{home}{FIRST}#sec-square")
    page.wait_for_url(f"{home}en/{FIRST}#sec-square")
    notice = page.locator(".edition-notice")
    expect(notice).to_contain_text(NOTICE)
    # Back, and there is no way around it: this stays.
    notice.get_by_role("link", name="中文").click()
    page.wait_for_url(f"{home}{FIRST}*")
    page.goto(f"{home}{FIRST}")
    page.wait_for_timeout(300)
    assert page.url == f"{home}{FIRST}"
    expect(page.locator(".edition-notice")).to_have_count(0)


def test_what_was_chosen_is_remembered(home, reader):
    page = reader("zh-CN")
    page.goto(home)
    link(page).click()
    page.wait_for_url(f"{home}en/index.html")
    other = page.context.new_page()
    other.goto(f"{home}{FIRST}")
    other.wait_for_url(f"{home}en/{FIRST}")
    # Nothing is said: the reader has chosen it.
    expect(other.locator(".edition-notice")).to_have_count(0)


def test_the_notice_goes_by_a_button(home, reader):
    page = reader("en", "phone")
    page.goto(home)
    page.wait_for_url(f"{home}en/index.html")
    page.get_by_role("button", name="OK").tap()
    expect(page.locator(".edition-notice")).to_have_count(0)
    page.reload()
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".edition-notice")).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "options"),
    [
        ("fr-FR", {}),  # the book is not in this language
        ("zh-TW", {}),  # nearer than English
        ("en", {"java_script_enabled": False}),
        ("en", {"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}),
    ],
)
def test_who_is_not_sent_elsewhere(home, reader, locale, options):
    page = reader(locale, **options)
    page.goto(f"{home}{FIRST}")
    page.wait_for_timeout(300)
    assert page.url == f"{home}{FIRST}"
    expect(link(page)).to_have_attribute("href", f"../en/{FIRST}")
    expect(page.locator(".edition-notice")).to_have_count(0)


def test_who_comes_from_a_page_of_the_book_stays(home, reader):
    page = reader("en")
    page.goto(f"{home}en/{FIRST}")
    page.evaluate("address => location.assign(address)", f"{home}{FIRST}")
    page.wait_for_url(f"{home}{FIRST}")
    page.wait_for_timeout(300)
    assert page.url == f"{home}{FIRST}"
    page.reload()
    page.wait_for_timeout(300)
    assert page.url == f"{home}{FIRST}"


def test_progress_is_that_of_the_book_in_all_languages(home, reader):
    page = reader("zh-CN")
    page.goto(f"{home}{FIRST}")
    page.get_by_role("button", name="标记为已读").click()
    link(page).click()
    expect(page.get_by_role("button", name="✓ Read")).to_be_visible()


def test_each_language_has_a_search_of_its_own(home, reader):
    for locale, prefix, words, found, other in (
        ("zh-CN", "", "抛物", "第一章", "The first chapter"),
        ("en", "en/", "square", "Squares", "平方"),  # by its stem
    ):
        page = reader(locale)
        page.goto(f"{home}{prefix}search.html?q={words}")
        hits = page.locator("article a")
        expect(hits.filter(has_text=found).first).to_be_visible()
        assert other not in page.locator("article").inner_text()
        # The same words in the other language, whatever is found there.
        link(page).click()
        expect(page).to_have_url(re.compile(r"search\.html\?q="))


def test_an_address_that_does_not_exist_is_answered_in_its_language(
    home, reader
):
    page = reader("zh-CN")
    for prefix, title, home_page in (
        ("", "没有这一页", "index.html"),
        ("en/", "There is no such page", "en/index.html"),
        ("en/chapters/", "There is no such page", "en/index.html"),
    ):
        page.goto(f"{home}{prefix}nowhere.html")
        assert page.locator("h1:visible").all_text_contents() == [title]
        assert page.title().startswith(title)
        tag = "en" if prefix else "zh-CN"
        assert page.locator("html").get_attribute("lang") == tag
        addresses = page.locator("a:visible").evaluate_all(
            "links => links.map(link => link.pathname)"
        )
        assert all(f"/{home_page.rpartition('/')[0]}" in a for a in addresses)
