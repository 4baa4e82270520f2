"""What functions of texts return is worked out once, not in each build."""

from booktools.editions.remember import Remembered, call

CALLS = []


def double(text: str) -> str:
    CALLS.append(text)
    return 2 * text


def test_what_is_known_is_not_worked_out_again(tmp_path):
    file = tmp_path / "made" / "texts.pickle"
    CALLS.clear()
    first = Remembered(file, "1")
    assert [first.call(double, t) for t in ("a", "a", "b")] == [
        *("aa", "aa", "bb")
    ]
    first.save()
    second = Remembered(file, "1")
    assert second.call(double, "a") == "aa"
    assert CALLS == ["a", "b"]
    second.save()
    # What nobody has asked for in the last build is forgotten.
    assert Remembered(file, "1").call(double, "b") == "bb"
    assert CALLS == ["a", "b", "b"]


def test_other_tools_and_a_damaged_file_know_nothing(tmp_path):
    file = tmp_path / "texts.pickle"
    CALLS.clear()
    Remembered(file, "1").call(double, "a")
    known = Remembered(file, "1")
    known.call(double, "a")
    known.save()
    Remembered(file, "2").call(double, "a")
    file.write_bytes(file.read_bytes()[:20])
    Remembered(file, "1").call(double, "a")
    assert CALLS == ["a"] * 4


def test_without_memory_a_function_is_called(tmp_path):
    assert call(double, "a") == "aa"
