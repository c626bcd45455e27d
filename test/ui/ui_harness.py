"""A headless Chromium in front of a server of the test's own: from ui_harness import *

The browser is driven through chromedriver (python3-selenium). Nothing sleeps: every wait is for something that the page
shows, and has a deadline. Screenshots go to $KVS_UI_SHOTS, if that names a directory.
"""
import atexit
import functools
import os
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from kvs_harness import Server, main as run_tests, unittest  # noqa: E402

SKIPPED = 77  # ctest's SKIP_RETURN_CODE
PATIENCE = 60  # seconds

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait
    from selenium.common.exceptions import StaleElementReferenceException
except ImportError:
    webdriver = None
    ActionChains = By = Keys = None

__all__ = ["ActionChains", "By", "Keys", "PageTest", "Server", "main", "unittest"]

DEBIAN_PYTHON = "/usr/bin/python3"  # the one that has python3-selenium
CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
DOWNLOADS = tempfile.mkdtemp(prefix="kvs-ui-")
atexit.register(shutil.rmtree, DOWNLOADS, ignore_errors=True)


@functools.cache
def browser():
    """The one of this program."""
    options = Options()
    options.binary_location = CHROMIUM
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                 "--disable-background-networking", "--disable-extensions", "--disable-component-update",
                 "--no-first-run", "--force-color-profile=srgb", "--lang=en"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # Its stdout and stderr are no pipe of ours: a browser that outlives a killed test must not hold the terminal.
    one = webdriver.Chrome(service=Service(DRIVER, log_path=os.devnull), options=options)
    atexit.register(one.quit)
    one.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": DOWNLOADS})
    return one


class PageTest(unittest.TestCase):
    """A server of its own for each test, and the page opened on it. Complaints in the browser's console
    (a breach of the content policy, an error in a script) fail the test, but for `expected_complaints`."""

    flags = ()
    login = {}  # what requests from beside the page bring to be let in
    size = (1366, 860)
    dark = False

    @classmethod
    def setUpClass(cls):
        cls.browser = browser()
        cls.downloads = DOWNLOADS

    def setUp(self):
        self.expected_complaints = []
        self.server = Server(*self.flags)
        self.addCleanup(self.server.remove)
        self.seed()
        width, height = self.size
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.command("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if self.dark else "light"}])
        self.browser.get_log("browser")
        self.open()

    def tearDown(self):
        complaints = [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]
        self.browser.get("about:blank")
        left = [text for text in complaints if not any(known in text for known in self.expected_complaints)]
        self.assertEqual(left, [])

    def seed(self):
        """What is in the store when the page is opened."""

    def restart(self):
        """Starts the server again where it was."""
        self.server.listen = "127.0.0.1:%d" % self.server.port
        self.server.start()

    # The server, from beside the page.

    def put(self, key, value, query="", headers=None):
        answer = self.server.request("PUT", "/v1/kv/" + key + query, {**self.login, **(headers or {})}, value)
        self.assertIn(answer.status, (200, 201), repr(answer))
        return answer.json()["revision"]

    def remove(self, key):
        return self.server.request("DELETE", "/v1/kv/" + key, self.login).json()["revision"]

    def value(self, key):
        answer = self.server.request("GET", "/v1/kv/" + key, self.login)
        return answer.body if answer.status == 200 else None

    # The browser.

    def command(self, name, **parameters):
        return self.browser.execute_cdp_cmd(name, parameters)

    def address(self, fragment=""):
        return "http://127.0.0.1:%d/ui/%s" % (self.server.port, fragment)

    def open(self, fragment=""):
        """The page, as soon as it hears of changes."""
        self.browser.get("about:blank")
        self.browser.get(self.address(fragment))
        self.wait_for(lambda: self.find("body").get_attribute("data-stream") == "live", "the stream to be live")
        self.wait_for(lambda: self.find("#tree").get_attribute("aria-busy") == "false", "the keys to be there")

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def click(self, selector):
        self.find(selector).click()

    def type(self, selector, text):
        field = self.find(selector)
        field.clear()
        field.send_keys(text)

    def text(self, selector):
        """What is there, also where it must be scrolled to."""
        return self.script("return document.querySelector(arguments[0]).textContent", selector)

    def texts(self, selector):
        return self.script("return Array.from(document.querySelectorAll(arguments[0]), (one) => one.textContent)", selector)

    def script(self, text, *arguments):
        return self.browser.execute_script(text, *arguments)

    def press(self, *keys):
        ActionChains(self.browser).send_keys(*keys).perform()

    @property
    def focused(self):
        return self.browser.switch_to.active_element

    def wait_for(self, condition, what="what was waited for"):
        """The condition's value as soon as it is true. What the page replaces meanwhile is looked for again."""
        def look(_):
            try:
                return condition()
            except StaleElementReferenceException:
                return False
        return WebDriverWait(self.browser, PATIENCE, poll_frequency=0.05).until(look, "no sign of " + what)

    def wait_text(self, selector, wanted):
        """Until the element says it, or something with it if `wanted` ends with …"""
        def says():
            there = self.texts(selector)
            if wanted.endswith("…"):
                return any(wanted[:-1] in text for text in there)
            return wanted in there
        self.wait_for(says, f"{wanted!r} in {selector}")

    def wait_shown(self, selector):
        return self.wait_for(lambda: next((one for one in self.all(selector) if one.is_displayed()), None), selector)

    def wait_gone(self, selector):
        self.wait_for(lambda: not any(one.is_displayed() for one in self.all(selector)), "no " + selector)

    def try_now(self):
        """Presses that button, if the page has not come back by itself in this very moment."""
        self.script("const button = document.getElementById('retry'); if (!button.hidden) button.click()")

    def names(self):
        """The labels of the tree, top to bottom."""
        return self.texts("#tree .name")

    def row(self, name):
        """The tree's row of that label."""
        return self.script("""
          const names = Array.from(document.querySelectorAll("#tree .name"));
          return names.find((one) => one.textContent === arguments[0])?.closest("[role=treeitem]");""", name)

    def wait_row(self, name):
        return self.wait_for(lambda: self.row(name), f"the row {name!r}")

    def choose(self, name):
        self.wait_row(name).find_element(By.CSS_SELECTOR, ".line").click()

    def shot(self, name):
        """Keeps a picture of the page, for people to look at."""
        folder = os.environ.get("KVS_UI_SHOTS")
        if not folder:
            return
        self.script("return Promise.all(document.getAnimations().map((one) => one.finished))")
        self.browser.save_screenshot(os.path.join(folder, name + ".png"))


def main():
    if webdriver is None and sys.executable != DEBIAN_PYTHON and os.access(DEBIAN_PYTHON, os.X_OK):
        os.execv(DEBIAN_PYTHON, [DEBIAN_PYTHON, *sys.argv])  # another one stands before it in the path
    missing = [what for what, there in (("chromium", CHROMIUM), ("chromium-driver", DRIVER),
                                        ("python3-selenium", webdriver)) if not there]
    if missing:
        print(f"\n  *** SKIPPED: the page is NOT tested without {', '.join(missing)} (apt-get install) ***\n",
              file=sys.stderr)
        sys.exit(SKIPPED)
    run_tests()
