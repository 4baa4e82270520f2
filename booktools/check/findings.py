"""What checks report: problems of pages, at the lines of their sources."""

from booktools.check.built import BuiltSite
from booktools.problem import Problem


class Findings:
    """The problems that one check has found.

    Parameters
    ----------
    site : BuiltSite
        The site that is checked.
    """

    def __init__(self, site: BuiltSite):
        self.problems: list[Problem] = []
        self._site = site

    def add(
        self, page: str, rule: str, what: str, hint: str, *near: str
    ) -> None:
        """Report what is wrong with a page.

        Parameters
        ----------
        page : str
            The page, relative to the site, with forward slashes.
        rule : str
            Short name of the rule.
        what : str
            What is wrong.
        hint : str
            What to do about it.
        *near : str
            Texts that stand in the line of the source, the surest first.
        """
        path, line = self._site.source(page), self._site.line(page, *near)
        what = " ".join(what.split())
        self.problems.append(Problem(path, line, rule, what, hint))
