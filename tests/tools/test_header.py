"""The header: its tips and menus come once a reader does something."""

import pytest

PAGE = "chapters/calculus.html"


@pytest.fixture
def page(browser, address):
    context = browser.new_context(locale="zh-CN", has_touch=True)
    page = context.new_page()
    page.goto(address + PAGE, wait_until="networkidle")
    yield page
    context.close()


def is_loaded(page):
    return page.evaluate("'bootstrap' in window")


@pytest.mark.parametrize(
    "act",
    [
        lambda page: page.mouse.move(300, 300),
        lambda page: page.keyboard.press("Tab"),
        lambda page: page.mouse.wheel(0, 300),
        lambda page: page.touchscreen.tap(300, 300),
    ],
    ids=["mouse", "key", "wheel", "touch"],
)
def test_a_reader_does_something(page, act):
    assert not is_loaded(page)
    with page.expect_response("**/bootstrap.js*"):
        act(page)


def test_it_is_asked_for_again_where_it_could_not_come(page):
    page.route("**/bootstrap.js*", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.mouse.move(300, 300)
    page.unroute("**/bootstrap.js*")
    with page.expect_response("**/bootstrap.js*"):
        page.mouse.move(310, 310)


def menu(page):
    return page.get_by_role("button", name="下载")


def entry(page):
    return page.locator(".dropdown-menu.show a").first


def test_a_menu_opens_at_the_first_touch(page):
    assert not is_loaded(page)
    menu(page).tap()
    entry(page).wait_for()
    menu(page).tap()
    entry(page).wait_for(state="hidden")


def test_a_menu_opens_by_a_key(page):
    menu(page).focus()
    page.keyboard.press("Enter")
    entry(page).wait_for()


def test_a_tip_is_shown(page):
    page.mouse.move(300, 300)
    button = page.get_by_role("button", name="颜色模式")
    button.hover()
    page.locator(".tooltip", has_text="颜色模式").wait_for()


def test_a_tip_that_is_asked_for_before_it_can_come(page):
    waiting = []
    page.route("**/bootstrap.js*", lambda route: waiting.append(route))
    with page.expect_request("**/bootstrap.js*"):
        page.get_by_role("button", name="颜色模式").hover()
    waiting[0].continue_()
    tip = page.locator(".tooltip", has_text="颜色模式")
    tip.wait_for()
    page.mouse.move(300, 300)
    tip.wait_for(state="hidden")


def test_the_button_for_light_and_dark_says_which_it_is(page):
    button = page.locator(".theme-switch-button")
    button.hover()
    seen = []
    for _ in range(3):
        seen.append(button.get_attribute("aria-label").partition("：")[2])
        button.click()
    assert seen[0] == "随系统"
    assert set(seen) == {"随系统", "浅色", "深色"}
