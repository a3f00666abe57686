"""An operator's page in a real browser."""

from tests.browser.watched import WatchedPage

PASSWORD = "for-this-test-alone"


class Desk(WatchedPage):
    """A page that is signed in."""

    also_own = ("data:", "blob:")
